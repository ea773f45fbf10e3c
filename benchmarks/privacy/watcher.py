"""Reads one person's profile and features without pause until both are refused: `python -m benchmarks.privacy.watcher`.

A line of JSON for each person comes in. "shown" goes out once both have shown something, then when each was refused,
and when the last read began that was not. Times are of the machine's one monotonic clock, which all processes share.
"""

import json
import sys
import threading
import time
from typing import Any

import httpx

PATIENCE = 20.0
PARTS = {"profile": "fields", "features": "features"}


def now() -> float:
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def watch(told: dict[str, Any]) -> None:
    """Both reads at once, each on a connection of its own."""
    seen: dict[str, dict[str, float]] = {"shown": {}, "refused": {}}
    both = threading.Barrier(len(PARTS) + 1)
    threads = [threading.Thread(target=_read, args=(told, part, seen, both)) for part in PARTS]
    for thread in threads:
        thread.start()
    both.wait(PATIENCE)
    print("shown", flush=True)
    for thread in threads:
        thread.join()
    print(json.dumps(seen), flush=True)


def _read(told: dict[str, Any], part: str, seen: dict[str, dict[str, float]], both: threading.Barrier) -> None:
    path = f"/v1/profiles/{told['profile_id']}" + ("/features" if part == "features" else "")
    give_up, waited = now() + PATIENCE, False
    with httpx.Client(base_url=told["base"], headers=told["headers"], timeout=PATIENCE) as client:
        while now() < give_up:
            began = now()
            answer = client.get(path).raise_for_status().json()
            if answer["data"][PARTS[part]]:
                seen["shown"][part] = began
                if not waited:
                    both.wait(PATIENCE)
                    waited = True
            elif waited:
                seen["refused"][part] = now()
                return
    both.abort()
    raise SystemExit(f"expected {part} to be shown and then refused within {PATIENCE:.0f} s, found otherwise")


def main() -> None:
    for line in sys.stdin:
        watch(json.loads(line))


if __name__ == "__main__":
    main()
