from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from identity.clustering.cluster import cluster
from identity.matching.rules import SHIPPED
from spark_jobs.resolve.clusters import clusters
from spark_jobs.resolve.graph import graph

IDS = [f"r{i:02d}" for i in range(9)]
PAIRS = list(combinations(IDS, 2))
WEIGHTED = st.dictionaries(st.sampled_from(PAIRS), st.integers(-25, 25).map(float), max_size=len(PAIRS))


def homes(clusters: list[list[str]]) -> dict[str, int]:
    return {record: i for i, part in enumerate(clusters) for record in part}


@given(WEIGHTED, st.randoms())
@settings(max_examples=200, deadline=None)
def test_clusters_are_a_function_of_the_pairs_whatever_their_order_and_direction(weights, random):
    pairs = [(a, b, weight) for (a, b), weight in weights.items()]
    shuffled = [(b, a, weight) if random.random() < 0.5 else (a, b, weight) for a, b, weight in pairs]
    random.shuffle(shuffled)
    records = IDS.copy()
    random.shuffle(records)
    assert cluster(records, shuffled) == cluster(IDS, pairs)


@given(WEIGHTED)
@settings(max_examples=200, deadline=None)
def test_every_record_is_in_exactly_one_cluster(weights):
    clusters = cluster(IDS, [(a, b, weight) for (a, b), weight in weights.items()])
    assert sorted(record for part in clusters for record in part) == IDS


@given(
    st.one_of(WEIGHTED, st.dictionaries(st.sampled_from(PAIRS), st.integers(-2, 25).map(float), min_size=20)),
    st.sets(st.sampled_from(PAIRS), max_size=3),
    st.sets(st.sampled_from(PAIRS), max_size=3),
    st.dictionaries(st.sampled_from(IDS), st.sampled_from("xy").map(lambda value: {"national_id": value}), max_size=3),
    st.dictionaries(st.sampled_from(IDS), st.sampled_from(["1958-04-12", "1986-09-30", "1986-09-31"]), max_size=4),
    st.sampled_from(["dates", "generations", "none"]),
    st.integers(2, 9),
)
@settings(max_examples=400, deadline=None)
def test_a_whole_run_in_arrays_makes_the_clusters_that_a_few_records_make(
    weights, cannot_link, must_link, verified, dates, bars, largest
):
    pairs = [(a, b, weight) for (a, b), weight in weights.items()]
    rules = SHIPPED.model_copy(update={"largest_cluster": largest})
    traits = {record: {"whole_birth": date, "whole_year": int(date[:4])} for record, date in dates.items()}
    said = (verified, rules, traits, bars)
    assert clusters(graph(IDS, pairs, must_link), cannot_link, *said) == cluster(
        IDS, pairs, cannot_link, must_link, *said
    )


@given(WEIGHTED, st.sets(st.sampled_from(PAIRS), max_size=6), st.sets(st.sampled_from(PAIRS), max_size=6))
@settings(max_examples=200, deadline=None)
def test_what_must_stay_apart_never_shares_a_cluster(weights, cannot_link, must_link):
    clusters = homes(cluster(IDS, [(a, b, weight) for (a, b), weight in weights.items()], cannot_link, must_link))
    assert all(clusters[a] != clusters[b] for a, b in cannot_link)


@given(WEIGHTED, st.sets(st.sampled_from(PAIRS), max_size=6))
@settings(max_examples=100, deadline=None)
def test_what_must_be_together_shares_a_cluster_where_nothing_bars_it(weights, must_link):
    clusters = homes(cluster(IDS, [(a, b, weight) for (a, b), weight in weights.items()], (), must_link))
    assert all(clusters[a] == clusters[b] for a, b in must_link)


@given(WEIGHTED, WEIGHTED)
@settings(max_examples=100, deadline=None)
def test_components_that_no_pair_connects_do_not_touch_each_other(left, right):
    other = {record: record.replace("r", "s") for record in IDS}
    one = [(a, b, weight) for (a, b), weight in left.items()]
    two = [(other[a], other[b], weight) for (a, b), weight in right.items()]
    both = cluster([*IDS, *other.values()], [*one, *two])
    assert both == sorted(cluster(IDS, one) + cluster(other.values(), two))


@given(WEIGHTED, st.dictionaries(st.sampled_from(IDS), st.sampled_from("xyz")))
@settings(max_examples=100, deadline=None)
def test_two_verified_values_of_one_kind_never_share_a_cluster(weights, logins):
    verified = {record: {"user_id": login} for record, login in logins.items()}
    for part in cluster(IDS, [(a, b, weight) for (a, b), weight in weights.items()], verified=verified):
        assert len({logins[record] for record in part if record in logins}) <= 1


def test_a_shared_device_never_merges_two_confirmed_logins_but_a_steward_may():
    verified = {"a": {"user_id": "1"}, "b": {"user_id": "2"}}
    assert cluster("ab", [("a", "b", 20.0)], verified=verified) == [["a"], ["b"]]
    assert cluster("ab", [], must_link=[("a", "b")], verified=verified) == [["a", "b"]]


def test_a_chain_is_cut_at_its_weakest_evidence():
    assert cluster("abc", [("a", "b", 12.0), ("b", "c", 4.0), ("a", "c", -15.0)]) == [["a", "b"], ["c"]]


def test_a_sparse_record_joins_a_cluster_by_one_good_pair():
    pairs = [("a", "b", 20.0), ("a", "c", 20.0), ("b", "c", 20.0), ("a", "d", 15.0)]
    assert cluster("abcd", pairs) == [["a", "b", "c", "d"]]


def test_even_odds_do_not_merge():
    assert cluster("ab", [("a", "b", 0.0)]) == [["a"], ["b"]]


def test_no_cluster_outgrows_the_largest():
    four = SHIPPED.model_copy(update={"largest_cluster": 4})
    sizes = [len(part) for part in cluster(IDS, [(a, b, 20.0) for a, b in PAIRS], rules=four)]
    assert max(sizes) <= 4
    assert sum(sizes) == len(IDS)
