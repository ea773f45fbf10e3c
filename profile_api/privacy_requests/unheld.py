"""What an erasure names where no profile is left: keys and identifiers that nobody's profile holds.

All sources of a person may have deleted them, while raw rows are still there. Whoever has a profile is erased by it, so
that nobody is by a number that somebody else gave.
"""

from collections.abc import Sequence
from typing import Any

from consent.requests import RequestKind
from profile_api.access.gate import Reading
from profile_api.http.lookups import Lookup, normalised
from profile_api.privacy_requests.queries.holders import holders_among
from profile_api.responses.errors import Problem


def of_no_profile(reading: Reading, kind: RequestKind, named: Sequence[str], given: Sequence[Lookup]) -> dict[str, Any]:
    """What a request keeps of it, in normal form; a Problem where it is no erasure, or a profile holds any of it."""
    if kind is not RequestKind.ERASURE or not (named or given):
        detail = "Expected a `profile_id`, or for an erasure `records` or `identifiers` of no profile; found none."
        raise Problem(422, "invalid-request", detail)
    if any(not all(one.partition(":")) for one in named):
        detail = "Expected each of `records` as its channel and its key in the source, `channel:key`; found another."
        raise Problem(422, "invalid-request", detail)
    read = [normalised(one) for one in given]
    if holders := reading.run(holders_among, named, read):
        detail = "Expected what no profile holds, found that one does; match that profile, see `profiles`."
        raise Problem(409, "held-by-profile", detail, profiles=sorted(holders))
    return {"records": sorted(set(named)), "identifiers": [vars(one) for one in sorted(set(read))]}
