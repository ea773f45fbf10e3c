"""Who was there first stays: another login that the evidence would let into a profile moves no record out of it.

Evidence about two records depends on who else shares what they have in common. Without this, a second login with the
same e-mail, or with more of what a person is known by, would take the place of the first.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from identity.clustering.cluster import Pair

Verified = Mapping[str, Mapping[str, str]]
"""record -> kind -> value."""


def incumbents(agreeing: Iterable[Pair], verified: Verified, stood: Mapping[str, str]) -> list[Pair]:
    """Pairs that hold together the profiles, as they `stood`, with which a verified value of somebody else agrees.

    `agreeing` are pairs that evidence speaks for. The newcomer is kept out by the contradiction and waits for a review.
    """
    known: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for record, said in verified.items():
        if record in stood:
            for kind, value in said.items():
                known[stood[record]][kind].add(value)
    contested = set()
    for left, right in agreeing:
        for one, other in ((left, right), (right, left)):
            profile = stood.get(one)
            if profile in known and stood.get(other) != profile and _another(verified.get(other, {}), known[profile]):
                contested.add(profile)
    members: dict[str, list[str]] = defaultdict(list)
    if contested:
        for record, profile in stood.items():
            if profile in contested:
                members[profile].append(record)
    return [(first, other) for first, *others in map(sorted, members.values()) for other in others]


def _another(said: Mapping[str, str], known: Mapping[str, set[str]]) -> bool:
    return any(kind in known and value not in known[kind] for kind, value in said.items())
