"""The keys of a person's decisions: the identifiers of each of their records, and the record itself.

A record is one of its own identifiers, so a decision can bind a person whose other identifiers are all shared.
Everything that decides about people takes their parts from here, so that no place misses a decision that another
sees.
"""

from collections.abc import Collection, Mapping

from consent.model import RecordIdentifiers
from contracts.identifiers import Identifier


def record_itself(record_id: str) -> Identifier:
    """The identifier that stands for a record."""
    return Identifier("record", record_id)


def parts_of(
    profile_id: str,
    record_ids: Collection[str],
    whole: Collection[Identifier],
    carried: Mapping[str, RecordIdentifiers],
) -> dict[str, RecordIdentifiers]:
    """The parts of a person, by record; `whole` are the profile's identifiers, `carried` those of each record.

    If `carried` has none of the records, each of them gets all identifiers. A person without records is one part,
    under the profile's id.
    """
    if not any(one in carried for one in record_ids):
        joined = frozenset({*whole, *map(record_itself, record_ids)})
        return dict.fromkeys(record_ids or [profile_id], joined)
    return {one: carried.get(one, frozenset()) | {record_itself(one)} for one in record_ids}
