"""What is only theirs is told from what somebody else has as well, whatever that is called."""

from sqlalchemy import Engine, insert

from consent.tombstones.digests import Tombstones
from consent.tombstones.naming import named_in
from contracts.identifiers import Identifier
from erasure.operational.rows import complete
from erasure.people.subject import Subject
from stores.schema import identifiers

CARD, NUMBER, OWN = "9250103464465", "0639985114", "C-79595990"


def test_an_id_that_is_spelt_like_somebody_elses_card_or_number_buries_nothing_of_theirs(engine: Engine) -> None:
    innocent = [("loyalty_card", CARD), ("phone", "+33639985114"), ("email", "philippe@boite.example")]
    said = {
        Identifier("customer_number", CARD),
        Identifier("account_number", NUMBER),
        Identifier("customer_number", OWN),
    }
    subject = Subject(profiles={"p_eve"})
    with engine.begin() as connection:
        rows = [{"profile_id": "p_philippe", "kind": kind, "value": value} for kind, value in innocent]
        rows += [{"profile_id": "p_eve", "kind": one.kind, "value": one.value} for one in said]
        connection.execute(insert(identifiers), rows)
        assert complete(connection, subject, said) == set()
    assert subject.common_tokens == {CARD, NUMBER}
    buried = Tombstones(b"key", frozenset(subject.tombstones(b"key")))
    for his in ({"loyalty_card": CARD}, {"note": CARD}, {"phone": NUMBER}, {"note": "06 39 98 51 14"}):
        assert not buried.cover(named_in(his, "FR")), his
    for own in ({"customer_number": CARD}, {"account_number": NUMBER}, {"note": f"hers: {OWN}"}):
        assert buried.cover(named_in(own, "FR")), own
