"""What of a person decisions are kept under: the identifiers of each of their records, and the record itself.

A record is one of its own identifiers. So a decision can bind a person of whom everything else is shared with others.
Whoever decides about people takes their parts from here, or a decision that one place sees is missed by another.
"""

from collections.abc import Collection, Mapping

from consent.model import Part
from contracts.identifiers import Identifier


def record_itself(record_id: str) -> Identifier:
    """The identifier that stands for a record."""
    return Identifier("record", record_id)


def parts_of(
    profile_id: str, record_ids: Collection[str], whole: Collection[Identifier], carried: Mapping[str, Part]
) -> dict[str, Part]:
    """The parts of a person, by record; `whole` are the profile's identifiers, `carried` those of each record.

    Records that are not held singly are taken as one. A person without records is one part, under the profile's id.
    """
    if not any(one in carried for one in record_ids):
        joined = frozenset({*whole, *map(record_itself, record_ids)})
        return dict.fromkeys(record_ids or [profile_id], joined)
    return {one: carried.get(one, frozenset()) | {record_itself(one)} for one in record_ids}
