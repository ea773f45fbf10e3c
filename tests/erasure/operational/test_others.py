"""What counts as another's or the system's own: a sender's word makes nobody's address another's."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, insert

from erasure.operational.others import said_by_others
from erasure.people.search import TextSearch
from erasure.people.subject import Subject
from stores.schema import inbox_quarantine, intakes, models

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EMAIL = "evelynka@inbox.example"


def common(engine: Engine, values: set[str], words: set[str]) -> set[str]:
    with engine.connect() as connection:
        return said_by_others(connection, Subject(), TextSearch(values, words))


def test_a_refused_message_makes_no_value_anothers_whatever_its_envelope_says(engine: Engine) -> None:
    row: dict[str, Any] = {"source": "web_app", "received_at": NOW, "call": EMAIL, "sent_at": EMAIL, "reason": EMAIL}
    with engine.begin() as connection:
        connection.execute(insert(inbox_quarantine).values(row | {"raw": EMAIL.encode()}))
    assert common(engine, {EMAIL}, {"evelynka"}) == set()


def test_an_intake_makes_no_value_anothers_whatever_it_says(engine: Engine) -> None:
    row = {"intake_id": "i_1", "kind": "erasure", "channel": "letter", "language": "fr", "state": "open"}
    row |= {"received_at": NOW, "due_on": NOW.date(), "recorded_by": "officer"}
    said = {"name": "Evelynka Zarwell", "contact_kind": "postal", "contact": "3 rue Haute, Lyon", "said": EMAIL}
    with engine.begin() as connection:
        connection.execute(insert(intakes).values(row | said))
    assert common(engine, {EMAIL, "3 rue Haute"}, {"evelynka", "evelynka zarwell"}) == set()


def test_the_models_words_are_the_systems_own_and_its_names_are_peoples(engine: Engine) -> None:
    levels = {"given": [{"label": "different", "m": 0.1}]}
    with engine.begin() as connection:
        row = {"version": "m", "trained_at": NOW, "parameters": levels, "names": {"given": {"evelynka": 0.1}}}
        connection.execute(insert(models).values(row))
    assert common(engine, set(), {"different", "evelynka"}) == {"different"}
