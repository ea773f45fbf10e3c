"""Who may be in a table that is made for a purpose: at every instant that counts, by all that binds a person."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from consent import eligibility, ledger
from consent.eligibility import UNKNOWN, EligibilityQuestion, Person, older_events, people, refusals
from consent.ledger import Entry
from consent.loading import published_policies
from consent.model import Actor, ConsentEvent, ConsentState, Method, Role
from consent.parts import record_itself
from consent.purposes import published_purposes
from contracts.categories import Category
from contracts.identifiers import Identifier
from stores.schema import profiles, records, restrictions, timeline

TRAINING = published_purposes()["model_training"]
EVENT = datetime(2024, 3, 1, tzinfo=UTC)
AS_OF, NOW = EVENT + timedelta(days=10), EVENT + timedelta(days=20)
CATEGORIES = frozenset({Category.TRANSACTION, Category.BEHAVIOUR})
QUESTION = EligibilityQuestion(Actor("training", Role.STEWARD), TRAINING, CATEGORIES, (AS_OF, NOW))
ANA, WORK = Identifier("email", "ana@inbox.example"), Identifier("email", "ana@work.example")
YES = {ConsentState.GIVEN, ConsentState.RENEWED}

decisions = st.lists(
    st.tuples(st.integers(-5, 30), st.sampled_from(ConsentState)), max_size=5, unique_by=lambda x: x[0]
)


@examples(max_examples=200)
@given(decisions)
def test_a_row_is_kept_only_if_consent_stood_at_the_event_at_the_extraction_and_stands_now(
    said: list[tuple[int, ConsentState]],
) -> None:
    events = [
        ConsentEvent(f"c{day}", ANA, TRAINING.id, state, EVENT + timedelta(days=day), TRAINING.notice_version)
        for day, state in said
    ]
    why = eligibility._refusal(published_policies(), QUESTION, Person([frozenset({ANA})], events, False), EVENT)

    def stood(moment: datetime) -> bool:
        last = max((one for one in said if EVENT + timedelta(days=one[0]) <= moment), default=None)
        return last is not None and last[1] in YES

    assert (why is None) == all(stood(moment) for moment in (EVENT, AS_OF, NOW))


def write(engine: Engine, profile_id: str, **held: list[Identifier]) -> None:
    """A person of these records, each with its identifiers."""
    with engine.begin() as connection:
        theirs = {one for many in held.values() for one in many}
        said = [asdict(one) for one in sorted(theirs, key=str)]
        document = {"fields": [], "identifiers": said, "records": [f"web:{name}" for name in held]}
        row = {"profile_id": profile_id, "version": 1, "document": document, "updated_at": NOW}
        connection.execute(insert(profiles).values(row))
        for name, many in held.items():
            carried = {"identifiers": [asdict(one) for one in many]}
            record = {"record_id": f"web:{name}", "profile_id": profile_id, "document": carried}
            connection.execute(insert(records).values(record))


def decide(engine: Engine, who: Identifier, state: ConsentState, day: int = -1) -> None:
    at, notice = EVENT + timedelta(days=day), TRAINING.notice_version
    said = Entry(who, TRAINING.id, state, at, "web", "web", Method.FORM, "web", notice_version=notice)
    with engine.connect().execution_options(isolation_level="READ COMMITTED") as connection, connection.begin():
        ledger.append(connection, [said], NOW)


def refused(engine: Engine, *ids: str) -> list[str | None]:
    with engine.connect() as connection:
        found = refusals(connection, published_policies(), QUESTION, [(one, EVENT) for one in ids])
    return [found[one, EVENT] for one in ids]


def test_a_no_under_any_identifier_of_any_record_or_under_a_record_itself_binds_the_person(engine: Engine) -> None:
    write(engine, "p_yes", a=[ANA])
    write(engine, "p_work", b=[ANA], c=[ANA, WORK])
    write(engine, "p_record", d=[ANA])
    decide(engine, ANA, ConsentState.GIVEN)
    assert refused(engine, "p_yes", "p_work", "p_record") == [None, None, None]
    decide(engine, WORK, ConsentState.REFUSED)
    decide(engine, record_itself("web:d"), ConsentState.REFUSED)
    yes, *noes = refused(engine, "p_yes", "p_work", "p_record")
    assert yes is None and all(noes)


def test_nobody_unknown_or_restricted_is_in_it(engine: Engine) -> None:
    write(engine, "p_kept", a=[ANA], b=[ANA])
    decide(engine, ANA, ConsentState.GIVEN)
    assert refused(engine, "p_kept", "p_gone") == [None, UNKNOWN]
    with engine.begin() as connection:
        connection.execute(insert(restrictions).values(record_id="web:b", request_id="r_1", since=EVENT))
    assert None not in refused(engine, "p_kept")


def test_people_are_looked_up_in_batches_and_each_is_answered(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eligibility, "BATCH", 2)
    for number in range(5):
        write(engine, f"p_{number}", **{f"r{number}": [Identifier("email", f"p{number}@inbox.example")]})
    decide(engine, Identifier("email", "p3@inbox.example"), ConsentState.GIVEN)
    answers = refused(engine, *(f"p_{number}" for number in range(5)))
    assert [one is None for one in answers] == [False, False, False, True, False]


def test_a_letter_that_we_sent_is_no_contact_and_what_is_old_is_told_by_category(engine: Engine) -> None:
    write(engine, "p_ana", a=[ANA])
    happened = {400: ("order", "transaction"), 30: ("call", "behaviour"), 2: ("email_sent", "behaviour")}
    with engine.begin() as connection:
        for days, (kind, category) in happened.items():
            row = {"event_id": f"web:{days}", "profile_id": "p_ana", "occurred_at": NOW - timedelta(days=days)}
            said = {"document": {"type": kind, "categories": {"type": category}}, "identifiers": []}
            connection.execute(insert(timeline).values(row | said))
    year = NOW - timedelta(days=365)
    with engine.connect() as connection:
        assert people(connection, ["p_ana"], NOW)["p_ana"].newest_event == NOW - timedelta(days=30)
        oldest = {Category.TRANSACTION: year, Category.BEHAVIOUR: year}
        assert older_events(connection, ["p_ana", "p_ben"], oldest) == {"p_ana": frozenset({"transaction"})}
        assert older_events(connection, ["p_ana"], {}) == {}
