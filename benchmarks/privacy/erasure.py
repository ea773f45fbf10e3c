"""Erases people of the sample with the real command, and looks for them afterwards in a second, independent way."""

import json
import random
from typing import Any

import httpx

from benchmarks.privacy.bystanders import Everything
from benchmarks.privacy.sample import CONTRACTS, Sample, called
from benchmarks.privacy.second_search import needles_of, search
from consent.model import Role
from stores.embedded import open_stores

ENDS = (0, 1)
"""Without hits, and with some: they are a finding of the benchmark, which says where they stand."""

STEPS = ({"step": "check_identity", "note": "passport, seen"}, {"step": "start"})


def choose(sample: Sample, count: int) -> dict[str, list[str]]:
    """Profiles drawn at random, with their source records."""
    there = sample.profiles()
    if len(there) < count:
        raise SystemExit(f"expected at least {count} profiles, found {len(there)}; give a larger --people")
    return dict(random.Random(1).sample(list(there.items()), count))


def request_erasure(sample: Sample, client: httpx.Client, people: dict[str, list[str]]) -> list[str]:
    """Files and starts a request for each person, as an officer does; returns their ids."""
    officer = sample.headers(Role.PRIVACY_OFFICER, "privacy_rights")
    filed = []
    for profile_id in people:
        form = {"kind": "erasure", "profile_id": profile_id}
        request_id = called(client.post("/v1/requests", json=form, headers=officer))["request_id"]
        for step in STEPS:
            called(client.post(f"/v1/requests/{request_id}/steps", json=step, headers=officer))
        filed.append(request_id)
    return filed


def erase(
    sample: Sample, people: dict[str, list[str]], request_ids: list[str], more: frozenset[str] | set[str] = frozenset()
) -> dict[str, Any]:
    """One batched run of the command: seconds, and what its scanner and the second search found.

    `more` are values of theirs that no file holds. The pipeline runs once more before the search after.
    """
    records = {record for records in people.values() for record in records}
    needles = needles_of(sample.sources, records) | more
    with open_stores(sample.settings) as stores:
        before, everything = search(sample, stores, needles), Everything.of(sample)
        asked = [word for request_id in request_ids for word in ("--request", request_id)]
        seconds, said = sample.command("erasure.run", *asked, "--contracts", str(CONTRACTS), ends=ENDS)
        others = everything.changed(Everything.of(sample), records, people)
        profiles = sample.profiles()
        sample.pipeline()
        moved = {one for one, held in profiles.items() if sample.profiles().get(one) != held}
        after = search(sample, stores, needles)
    told = json.loads(said.splitlines()[-1])
    with open(told["certificate"], encoding="utf-8") as file:
        certificate = json.load(file)["certificate"]
    return {
        "people": len(people),
        "source_records": certificate["source_records"],
        "seconds": seconds,
        "residual_hits": told["hits"],
        "hits_in": {name: one["hits"] for one in certificate["scanned"] if one["hits"] for name in one["where"]},
        "others_changed": others,
        "others_moved_by_the_next_run": len(moved),
        "kept": certificate["kept"],
        "without_answer": certificate["without_answer"],
        "scanner": {
            "values": certificate["looked_for"]["values"],
            "names": certificate["looked_for"]["names"],
            "bytes": sum(one["bytes"] for one in certificate["scanned"]),
            "complete": certificate["complete"],
        },
        "second_search": {
            "values": len(needles),
            "found_before": len(set[str]().union(*before.values())),
            "found_after": len(set[str]().union(*after.values())),
            "before": {place: len(found) for place, found in before.items()},
            "after": {place: len(found) for place, found in after.items()},
            "after_in": sorted(
                {_within(sample, file) for found in after.values() for file in set[str]().union(*found.values())}
            ),
        },
        "steps": certificate["steps"],
    }


def _within(sample: Sample, file: str) -> str:
    return file.removeprefix(f"{sample.home}/")
