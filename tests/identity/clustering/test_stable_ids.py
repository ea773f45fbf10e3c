"""Profile ids survive whatever happens to the clusters, and retired ones lead to a living profile."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from identity.clustering.stable_ids import StableIds, assign, follow, founders, new_id

START = datetime(2020, 1, 1, tzinfo=UTC)
RECORDS = [f"crm:{number}" for number in range(12)]

Clusters = list[list[str]]


@st.composite
def partitions(draw: st.DrawFn) -> Clusters:
    """Some of the records in some clusters."""
    labels = draw(st.lists(st.none() | st.integers(0, 5), min_size=len(RECORDS), max_size=len(RECORDS)))
    found: dict[int, list[str]] = {}
    for record, label in zip(RECORDS, labels, strict=True):
        if label is not None:
            found.setdefault(label, []).append(record)
    return list(found.values())


def since_of(assignments: Mapping[str, str]) -> dict[str, datetime]:
    return {profile: START + timedelta(days=day) for day, profile in enumerate(sorted(set(assignments.values())))}


def first_run(clusters: Clusters) -> StableIds:
    return assign(clusters, {}, {})


def next_run(clusters: Clusters, before: StableIds) -> StableIds:
    return assign(clusters, before.assignments, since_of(before.assignments), before.redirects)


def members(assignments: Mapping[str, str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for record, profile in assignments.items():
        found.setdefault(profile, set()).add(record)
    return found


two_runs = st.tuples(partitions(), partitions())


@given(two_runs)
def test_every_cluster_has_one_id_and_no_id_is_given_to_two(runs: tuple[Clusters, Clusters]) -> None:
    after = next_run(runs[1], first_run(runs[0]))
    assert sorted(map(sorted, runs[1])) == sorted(map(sorted, members(after.assignments).values()))


@given(two_runs)
def test_an_identical_run_changes_nothing(runs: tuple[Clusters, Clusters]) -> None:
    before = next_run(runs[1], first_run(runs[0]))
    again = next_run(runs[1], before)
    assert again.assignments == before.assignments
    assert again.redirects == {}
    assert again.changes == []


@given(two_runs, st.randoms())
def test_the_order_of_clusters_and_records_does_not_matter(runs: tuple[Clusters, Clusters], chance: Any) -> None:
    before = first_run(runs[0])
    shuffled = [list(cluster) for cluster in runs[1]]
    chance.shuffle(shuffled)
    for cluster in shuffled:
        chance.shuffle(cluster)
    one, other = next_run(runs[1], before), next_run(shuffled, before)
    assert (one.assignments, one.redirects, one.changes) == (other.assignments, other.redirects, other.changes)


@given(two_runs)
def test_records_that_stayed_together_keep_their_id(runs: tuple[Clusters, Clusters]) -> None:
    before = first_run(runs[0])
    after = next_run(runs[1], before)
    old = members(before.assignments)
    for cluster in runs[1]:
        came_from = {before.assignments[record] for record in cluster if record in before.assignments}
        if len(came_from) == 1 and old[profile := came_from.pop()] <= set(cluster):
            assert after.assignments[cluster[0]] == profile


@given(two_runs)
def test_the_largest_part_of_a_split_profile_keeps_its_id(runs: tuple[Clusters, Clusters]) -> None:
    before = first_run(runs[0])
    after = next_run(runs[1], before)
    for profile in members(before.assignments):
        parts = [cluster for cluster in runs[1] if any(before.assignments.get(one) == profile for one in cluster)]
        pure = all(before.assignments.get(one, profile) == profile for cluster in parts for one in cluster)
        sizes = sorted((sum(one in before.assignments for one in cluster) for cluster in parts), reverse=True)
        if pure and sizes and sizes[1:2] != sizes[:1]:
            largest = max(parts, key=lambda cluster: sum(one in before.assignments for one in cluster))
            assert after.assignments[largest[0]] == profile


@given(two_runs)
def test_the_id_of_the_largest_part_of_a_merger_survives(runs: tuple[Clusters, Clusters]) -> None:
    before = first_run(runs[0])
    merged = [[record for cluster in runs[0] for record in cluster]] if runs[0] else []
    after = next_run(merged, before)
    if merged:
        sizes = Counter(before.assignments.values())
        survivor = after.assignments[merged[0][0]]
        assert sizes[survivor] == max(sizes.values())
        oldest = min(profile for profile, size in sizes.items() if size == sizes[survivor])
        assert survivor == oldest
        assert set(after.redirects) == set(sizes) - {survivor}


@given(two_runs)
def test_every_retired_id_with_a_living_record_redirects_to_a_living_profile(runs: tuple[Clusters, Clusters]) -> None:
    before = first_run(runs[0])
    after = next_run(runs[1], before)
    living = set(after.assignments.values())
    had_to_go = {before.assignments[one] for one in after.assignments if one in before.assignments} - living
    assert set(after.redirects) == had_to_go
    assert set(after.redirects.values()) <= living


@given(st.lists(partitions(), min_size=2, max_size=5))
def test_retired_ids_never_come_back_and_lead_to_the_living_over_many_runs(runs: list[Clusters]) -> None:
    everything = [[*(record for cluster in run for record in cluster)] for run in runs]
    runs = [run + [[one] for one in RECORDS if one not in seen] for run, seen in zip(runs, everything, strict=True)]
    before, redirects = StableIds(), {}
    for run in runs:
        after = assign(run, before.assignments, since_of(before.assignments), redirects)
        assert not set(after.assignments.values()) & set(redirects)
        redirects = follow({**redirects, **after.redirects})
        assert set(redirects.values()) <= set(after.assignments.values())
        before = after


@given(two_runs)
def test_whoever_gets_a_new_id_could_be_told_before(runs: tuple[Clusters, Clusters]) -> None:
    before = first_run(runs[0])
    after = next_run(runs[1], before)
    of_old = set(before.assignments.values())
    told = founders(runs[1], before.assignments)
    assert all(after.assignments[min(one)] in of_old for one in runs[1] if min(one) not in told)
    assert set(told) <= set(map(min, runs[1]))


@given(two_runs)
def test_history_accounts_for_every_record_that_changed_its_profile(runs: tuple[Clusters, Clusters]) -> None:
    before = first_run(runs[0])
    after = next_run(runs[1], before)
    told = {record for change in after.changes for record in change.records if change.kind != "created"}
    moved = {one for one, profile in after.assignments.items() if before.assignments.get(one, profile) != profile}
    assert told == moved


def test_history_names_what_happened() -> None:
    before = first_run([["a", "b", "c"], ["d"]])
    abc, d = before.assignments["a"], before.assignments["d"]
    assert {(change.kind, change.profile_id) for change in before.changes} == {("created", abc), ("created", d)}
    merged = next_run([["a", "b", "c", "d"]], before)
    assert [(one.kind, one.profile_id, one.other_id, one.records) for one in merged.changes] == [
        ("merged", abc, d, ("d",))
    ]
    split = next_run([["a", "b"], ["c"], ["d"]], before)
    own = split.assignments["c"]
    assert [(one.kind, one.profile_id, one.other_id, one.records) for one in split.changes] == [
        ("split", own, abc, ("c",))
    ]
    moved = next_run([["a", "b"], ["c", "d"]], before)
    assert [(one.kind, one.profile_id, one.other_id) for one in moved.changes] == [("moved", d, abc)]


def test_of_equal_parts_the_oldest_id_survives() -> None:
    previous = {"a": "p_young", "b": "p_old"}
    since = {"p_young": START + timedelta(days=1), "p_old": START}
    outcome = assign([["a", "b"]], previous, since)
    assert set(outcome.assignments.values()) == {"p_old"}
    assert outcome.redirects == {"p_young": "p_old"}


@given(st.sampled_from(RECORDS), st.integers(0, 3))
def test_a_new_id_is_never_one_in_use_and_always_the_same(record: str, collisions: int) -> None:
    used: set[str] = set()
    for _ in range(collisions):
        used.add(new_id(record, used))
    assert new_id(record, used) not in used
    assert new_id(record, used) == new_id(record, set(used))
    assert record not in new_id(record, used)


def test_redirects_reach_their_end_in_one_step_and_a_circle_ends() -> None:
    assert follow({"a": "b", "b": "c", "x": "c"}) == {"a": "c", "b": "c", "x": "c"}
    assert set(follow({"a": "b", "b": "a"})) == {"a", "b"}
