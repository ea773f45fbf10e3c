"""The worked hand-off of docs/engagement.md goes as the page says."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from consent.model import Role
from profile_api.access.gate import Gate
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL

PAGE = Path(__file__).parents[3] / "docs" / "engagement.md"


def commands() -> list[tuple[str, str, Role, Any]]:
    """Method, path, role and body of each command of the section."""
    section = (
        PAGE.read_text(encoding="utf-8").partition("### A hand-off, step by step")[2].partition("### The packet")[0]
    )
    found = []
    for block in re.findall(r"```bash\n(.*?)```", section, re.DOTALL):
        words = shlex.split(block.replace("\\\n", " "))
        for at in [number for number, word in enumerate(words) if word == "curl"]:
            rest = words[at + 1 :]
            rest = rest[: rest.index("curl")] if "curl" in rest else rest
            url = next(word for word in rest if word.startswith("http://127.0.0.1:8000"))
            token = next(word for word in rest if word.startswith("Authorization: ")).rpartition(" ")[2]
            body = json.loads(rest[rest.index("-d") + 1]) if "-d" in rest else None
            method = "POST" if body is not None or "-X" in rest else "GET"
            found.append((method, url.removeprefix("http://127.0.0.1:8000"), Role(token.lower()), body))
    return found


def test_the_worked_hand_off_goes_as_the_docs_say(client: TestClient, headers: Headers, gate: Gate) -> None:
    handoff_id, states, tried = "", [], commands()
    assert len(tried) == 8
    for method, path, role, body in tried:
        if body and "contact_point" in body:
            body["contact_point"]["value"] = ANA_EMAIL
        route = path.replace("PROFILE_ID", ANA).replace("HANDOFF_ID", handoff_id)
        answer = client.request(method, route, json=body, headers=headers(role))
        assert answer.is_success, (route, answer.text)
        said = answer.json()
        handoff_id = said.get("handoff_id", handoff_id)
        states += [said["state"]] if "state" in said else []
    assert states == ["queued", "accepted", "accepted", "returned"]
