"""What an objection has brought about: which uses stopped, and which go on, on recorded grounds."""

from collections.abc import Collection, Mapping
from datetime import datetime

from consent.determinations import DeterminationKind
from consent.determined import as_of, circumstances_of, determination_of
from consent.model import Purpose
from profile_api.access.gate import Reading
from profile_api.access.stored import StoredProfile


def outweighed(
    reading: Reading, profile: StoredProfile, objected: Collection[Purpose], at: datetime
) -> Mapping[str, str]:
    """The purposes that went on at `at` although the person objected, each with the grounds that they are told."""
    rows = reading.run(as_of, profile.document.get("records") or [], at)
    circumstances = circumstances_of(profile.document, map(determination_of, rows))
    parts = list(reading.parts(profile).values())
    consents = reading.consents({one for part in parts for one in part})
    events = [one for one in consents if (one.received_at or one.decided_at) <= at]
    grounds = {
        row["purpose"]: row["reason"] for row in rows if row["kind"] == DeterminationKind.COMPELLING_GROUNDS.value
    }
    return {
        one.id: grounds[one.id]
        for one in objected
        if one.id in grounds and circumstances.goes_on(one, events, parts, at)
    }
