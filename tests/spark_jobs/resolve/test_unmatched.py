"""Nothing new is sought for whoever objected to matching or is restricted; what was found before stands still."""

from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.resolve.unmatched import OBJECTED, RESTRICTED
from tests.spark_jobs.resolve.lake_in_memory import MODEL, LakeInMemory
from tests.spark_jobs.resolve.test_partition import IDS, RULES, Batch, batches, gone, rows

ANNA = {"given": "Anna", "family": "Roux", "born": "1980-03-02", "street": "12 rue des Lilas"}
MAIL = {"mail": "anna.roux@mail.example"}
reasons = st.dictionaries(st.sampled_from([f"crm:{one}" for one in IDS]), st.sampled_from([OBJECTED, RESTRICTED]))


def lake_of(*people: dict[str, str]) -> LakeInMemory:
    lake = LakeInMemory(rules=RULES)
    lake.run(rows({str(number): person for number, person in enumerate(people, 1)}))
    return lake


def test_whoever_objected_is_not_joined_by_the_model_any_more_and_is_once_they_say_yes() -> None:
    lake = lake_of(ANNA)
    lake.run(unmatched={"crm:1": OBJECTED})
    lake.run(rows({"2": ANNA}))
    assert len(lake.clusters) == 2 and not lake.edges
    lake.run(unmatched={})
    assert lake.clusters == {frozenset({"crm:1", "crm:2"})}


def test_what_had_been_joined_stays_joined_with_the_evidence_of_then_whatever_its_records_say_now() -> None:
    for reason in (OBJECTED, RESTRICTED):
        lake = lake_of(ANNA, ANNA, {**ANNA, **MAIL}, {"given": "Anna", "family": "Roux", **MAIL})
        joined, before = lake.clusters, dict(lake.edges)
        assert joined == {frozenset({"crm:1", "crm:2", "crm:3", "crm:4"})}
        lake.run(unmatched={"crm:2": reason, "crm:3": reason})
        kept = {of: weight for of, weight in before.items() if weight >= RULES.review_from}
        assert (lake.clusters, {of: lake.edges[of] for of in kept}) == (joined, kept)
        lake.run(rows({"2": {**ANNA, "street": "3 quai Nord"}}))
        assert lake.clusters == joined


def test_whom_the_model_held_apart_in_spite_of_a_shared_mailbox_stays_apart() -> None:
    mailbox = {"mail": "famille@mail.example"}
    for reason in (OBJECTED, RESTRICTED):
        lake = lake_of({"given": "Anna", **mailbox}, {"given": "", **mailbox})
        apart = lake.clusters
        assert len(apart) == 2
        lake.run(unmatched={"crm:1": reason})
        assert lake.clusters == apart
        lake.run(rows({"3": {"given": "Anna", **mailbox}}))
        assert not any({"crm:1", "crm:2"} <= part for part in lake.clusters)


def test_an_identifier_joins_whoever_objected_and_nobody_who_is_restricted() -> None:
    for reason, must_link in ((OBJECTED, True), (RESTRICTED, False)):
        lake = lake_of({"given": "Anna", **MAIL})
        lake.run(unmatched={"crm:1": reason})
        lake.run(rows({"2": {"given": "Anna", **MAIL}}))
        assert (len(lake.clusters) == 1) is must_link
        assert not any(of[2] == MODEL for of in lake.edges)


@given(batches, reasons, st.integers(0, 3))
@settings(max_examples=12, deadline=None)
def test_nothing_new_is_told_of_unmatched_records_in_any_order_and_all_is_as_in_a_rebuild_afterwards(
    came: list[Batch], unmatched: dict[str, str], since: int
) -> None:
    lake, final = LakeInMemory(rules=RULES), Batch()
    for number, batch in enumerate(came):
        before, stood = dict(lake.edges), lake.clusters
        held = unmatched if number >= since else {}
        lake.run(rows(batch), gone(batch), unmatched=held)
        final |= batch
        new = {of for of in lake.edges.keys() - before.keys() if held.keys() & set(of[:2])}
        assert not any(of[2] == MODEL or RESTRICTED in (held.get(of[0]), held.get(of[1])) for of in new)
        for part in stood:
            if all(held.get(one) == RESTRICTED for one in part):
                now = [other for other in lake.clusters if other & part]
                assert frozenset().union(*now) <= part, "nobody joins them"
                assert len(now) == 1 or gone(batch), "nobody leaves them"
    lake.run(unmatched={})
    rebuilt = LakeInMemory(rules=RULES)
    rebuilt.run(rows(final))
    assert (lake.clusters, lake.edges) == (rebuilt.clusters, rebuilt.edges)
