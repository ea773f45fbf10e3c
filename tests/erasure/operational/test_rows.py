"""What is only theirs is told from what somebody else has as well, whatever that is called."""

from datetime import UTC, datetime

from sqlalchemy import Engine, insert, select

from consent.tombstones.digests import Tombstones
from consent.tombstones.naming import named_in
from contracts.identifiers import Identifier
from erasure.operational.others import said_by_others
from erasure.operational.rows import complete, erase
from erasure.people.search import TextSearch
from erasure.people.subject import Subject
from stores.schema import (
    conversation_entries,
    conversations,
    dial_statements,
    erasures,
    handoff_events,
    identifiers,
    milestones_seen,
    suggestion_feedback,
)
from tests.conversations import handed_over

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
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


def test_a_position_on_the_dial_and_feedback_go_with_the_records_that_are_theirs(engine: Engine) -> None:
    subject = Subject(records={"crm:eve-1"})
    said = {"position": 10, "stated_at": NOW, "received_at": NOW, "channel": "chat"}
    said |= {"stated_through": "bot", "recorded_by": "bot-1"}
    became = {"suggestion": "5a4c", "rule": "offer_a_person", "outcome": "accepted", "given_on": NOW.date()}
    both = ("crm:eve-1", "crm:ben-1")
    with engine.begin() as connection:
        connection.execute(insert(dial_statements), [said | {"record_id": one} for one in both])
        connection.execute(insert(suggestion_feedback), [became | {"record_id": one} for one in both])
        connection.execute(insert(erasures).values(erasure_id="e_1", started_at=NOW, requests=[]))
        assert said_by_others(connection, subject, TextSearch({"crm:eve-1", "crm:ben-1"}, set())) == {"crm:ben-1"}
        without = (lambda *_: False), {}, (lambda text, words: text), (lambda *_: None)
        assert erase(connection, subject, *without, NOW, "e_1") == {"dial_statements": 1, "suggestion_feedback": 1}
        for of in (dial_statements.c, suggestion_feedback.c):
            assert connection.scalars(select(of.record_id)).all() == ["crm:ben-1"]


def test_a_milestone_that_was_seen_goes_with_the_records_and_events_that_are_theirs(engine: Engine) -> None:
    subject = Subject(records={"crm:eve-1"}, events={"orders:1"})
    seen = {"milestone": "anniversary", "years": 5, "day": NOW.date(), "seen_at": NOW, "seen_by": "advisor-1"}
    under = [("crm:eve-1", None), (None, "orders:1"), ("crm:ben-1", None), (None, "orders:2")]
    with engine.begin() as connection:
        rows = [{**seen, "record_id": record_id, "event_id": event_id} for record_id, event_id in under]
        connection.execute(insert(milestones_seen), rows)
        connection.execute(insert(erasures).values(erasure_id="e_1", started_at=NOW, requests=[]))
        assert said_by_others(connection, subject, TextSearch({"orders:2", "crm:eve-1"}, set())) == {"orders:2"}
        without = (lambda *_: False), {}, (lambda text, words: text), (lambda *_: None)
        assert erase(connection, subject, *without, NOW, "e_1") == {"milestones_seen": 2}
        of = milestones_seen.c
        left = {tuple(row) for row in connection.execute(select(of.record_id, of.event_id))}
    assert left == {("crm:ben-1", None), (None, "orders:2")}


def test_a_conversation_goes_with_its_record_and_their_name_goes_from_what_others_said(engine: Engine) -> None:
    subject = Subject(records={"crm:eve-1"}, values={"evelynka@inbox.example"}, words={"evelynka"})
    with engine.begin() as connection:
        handed_over(connection, "crm:eve-1", "hers", NOW, said="Evelynka: write to evelynka@inbox.example")
        handed_over(connection, "crm:ben-1", "his", NOW, said="my neighbour Evelynka took it")
        connection.execute(insert(erasures).values(erasure_id="e_1", started_at=NOW, requests=[]))
        search = TextSearch(subject.values, subject.words)
        assert said_by_others(connection, subject, search) == set(), "neither hers nor free text makes a word another's"
        without = (lambda *_: False), {}, (lambda text, words: text), (lambda *_: None)
        found = erase(connection, subject, *without, NOW, "e_1")
        assert found == {"conversations": 1, "written_by_staff": 1}
        assert connection.scalars(select(conversations.c.conversation_id)).all() == ["his"]
        assert connection.scalars(select(handoff_events.c.handoff_id)).all() == ["of-his"]
        said = connection.scalars(select(conversation_entries.c.text).order_by(conversation_entries.c.entry_id)).all()
    assert said == ["my neighbour [erased] took it", "ends in 42", None, "a new card", "a lost card"]
