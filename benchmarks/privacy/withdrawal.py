"""How soon a withdrawal is enforced: withdrawn through the API, watched on other connections by another process."""

import json
import subprocess
import sys
from collections import deque
from typing import Any

import httpx
import numpy as np

from benchmarks.privacy.sample import Sample, called
from benchmarks.privacy.watcher import now
from consent.model import Role

PURPOSE = "personalisation"


def withdrawals(sample: Sample, client: httpx.Client, count: int) -> dict[str, Any]:
    """Milliseconds from sending the withdrawal until both the profile and the features are refused.

    `answered` is the withdrawal itself. `shown_after_answer` counts reads that began after it had been answered and
    still showed something: there must be none.
    """
    officer = sample.headers(Role.PRIVACY_OFFICER, "privacy_rights")
    reader = sample.headers(Role.BOT, PURPOSE)
    enforced, answered, late = list[float](), list[float](), 0
    command = [sys.executable, "-m", "benchmarks.privacy.watcher"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdin and watcher.stdout
        pool = deque(sample.profiles())
        while len(enforced) < count and pool:
            profile_id = pool.popleft()
            path = f"/v1/profiles/{profile_id}/consents"
            called(client.post(f"{path}/give", json={"purpose": PURPOSE}, headers=officer))
            if not _shown(client, profile_id, reader):  # a no under an identifier that others share still stands
                continue
            told = {"base": str(client.base_url), "profile_id": profile_id, "headers": reader}
            print(json.dumps(told), file=watcher.stdin, flush=True)
            if watcher.stdout.readline().strip() != "shown":
                raise SystemExit(f"expected {PURPOSE} to be shown after consent was given, found that it is not")
            sent = now()
            called(client.post(f"{path}/withdraw", json={"purpose": PURPOSE}, headers=officer))
            done = now()
            seen = json.loads(watcher.stdout.readline())
            enforced.append((max(seen["refused"].values()) - sent) * 1000)
            answered.append((done - sent) * 1000)
            late += sum(began > done for began in seen["shown"].values())
            pool.append(profile_id)  # again, where there are fewer people than withdrawals
        watcher.stdin.close()
    if len(enforced) < count:
        raise SystemExit(f"expected people who could consent to {PURPOSE}, found {len(enforced)}; give more --people")
    return {
        "withdrawals": len(enforced),
        "answered": _percentiles(answered),
        "enforced": _percentiles(enforced),
        "shown_after_answer": late,
    }


def _shown(client: httpx.Client, profile_id: str, reader: dict[str, str]) -> bool:
    paths = {part: f"/v1/profiles/{profile_id}{suffix}" for part, suffix in (("fields", ""), ("features", "/features"))}
    return all(called(client.get(path, headers=reader))["data"][part] for part, path in paths.items())


def _percentiles(times: list[float]) -> dict[str, float]:
    cut = {f"p{q}_ms": round(float(np.percentile(times, q)), 1) for q in (50, 99)}
    return cut | {"max_ms": round(max(times), 1)}
