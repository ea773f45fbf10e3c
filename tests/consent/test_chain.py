"""A broken chain is found, and its place named."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from consent.chain import START, Link, check, digest, netstring


def chain(count: int) -> list[Link]:
    links, before = [], START
    for number in range(1, count + 1):
        hash_ = digest(before, str(number))
        links.append(Link(number, f"e{number}", before, hash_, hash_))
        before = hash_
    return links


def found(links: list[Link]) -> list[tuple[str, int]]:
    return [(one.kind, one.sequence) for one in check(links).findings]


def test_a_whole_chain_has_a_head_and_no_findings() -> None:
    links = chain(5)
    checked = check(links)
    assert (checked.whole, checked.count, checked.head) == (True, 5, links[-1].hash)
    assert (check([]).whole, check([]).count, check([]).head) == (True, 0, START)


@given(st.integers(1, 9), st.integers(0, 8))
def test_an_edited_row_is_found_where_it_is(count: int, which: int) -> None:
    links, place = chain(count), which % count
    links[place] = replace(links[place], expected_hash=digest("another content"))
    assert found(links) == [("edited", place + 1)]


@given(st.integers(2, 9), st.integers(0, 7))
def test_a_removed_row_is_found_at_its_gap_also_when_the_rest_was_renumbered(count: int, which: int) -> None:
    links, place = chain(count), which % (count - 1)
    rest = links[:place] + links[place + 1 :]
    assert found(rest) == [("removed", place + 2)]
    assert found([replace(link, sequence=number) for number, link in enumerate(rest, 1)]) == [("removed", place + 1)]


@given(st.integers(2, 9), st.integers(0, 8), st.integers(0, 8))
def test_rows_in_another_order_are_found(count: int, one: int, other: int) -> None:
    one, other = sorted((one % count, other % count))
    links = chain(count)
    links[one], links[other] = links[other], links[one]
    renumbered = [replace(link, sequence=number) for number, link in enumerate(links, 1)]
    places = found(renumbered)
    assert bool(places) == (one != other)
    assert {kind for kind, _ in places} <= {"reordered"}
    assert one == other or {one + 1, other + 1} <= {place for _, place in places}


def test_no_two_lists_of_texts_look_alike() -> None:
    assert [netstring(None), netstring(""), netstring("é")] == ["-", "0:,", "2:é,"]
    assert digest("a", "b") != digest("ab", "") != digest("a", None)
