from hypothesis import given
from hypothesis import strategies as st

from contracts.content import content_hash, hash_of, payload_text

payloads = st.dictionaries(st.text(max_size=4), st.none() | st.text(max_size=4) | st.lists(st.text(max_size=2)))


@given(payloads, st.randoms())
def test_the_same_content_is_the_same_row_whichever_way_it_came(payload, random):
    said = list(payload.items())
    random.shuffle(said)
    assert content_hash(dict(said)) == content_hash(payload) == hash_of(payload_text(payload).encode())


@given(payloads, payloads)
def test_other_content_is_another_row(one, other):
    assert (content_hash(one) == content_hash(other)) == (one == other)
