"""Where a person stands: laws that hold for every set of decisions, and what each of them means in words."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.current import effective_consent, ends_at, permits
from consent.model import ConsentEvent, ConsentState, EffectiveConsent, Purpose, RecordIdentifiers
from consent.purposes import published_purposes
from contracts.identifiers import Identifier

START = datetime(2024, 1, 1, tzinfo=UTC)
END = START + timedelta(days=9)
MAILS = [Identifier("email", f"{name}@inbox.example") for name in ("ana", "bea", "cleo", "dora")]
PHONES = [Identifier("phone", f"+3317000000{number}") for number in range(2)]
CARDS = [Identifier("loyalty_card", f"l-{number}") for number in range(2)]
IDENTIFIERS = [*MAILS, *PHONES, *CARDS]
ANA, BEA, PHONE, CARD = MAILS[0], MAILS[1], PHONES[0], CARDS[0]
PURPOSES = published_purposes()
EMAIL, PROFILING = PURPOSES["marketing_email"], PURPOSES["personalisation"]
LAWS = [EMAIL, PURPOSES["marketing_phone"], PURPOSES["marketing_post"], PROFILING, PURPOSES["advice"]]
LAWS = [*LAWS, replace(EMAIL, new_notice_voids=True), replace(PROFILING, new_notice_voids=True)]

Person = frozenset[RecordIdentifiers]
World = tuple[Purpose, Person, Person, list[ConsentEvent]]


def world(drawn: bytes) -> World:
    """Two people who may share identifiers, and what was decided under any: one drawing, read byte by byte."""
    bytes_ = iter(drawn)

    def pick(choices: Collection[object]) -> int:
        return next(bytes_) % len(choices)

    def part() -> RecordIdentifiers:
        chosen = next(bytes_)
        return frozenset(one for at, one in enumerate(IDENTIFIERS) if chosen >> at & 1) or frozenset({CARD})

    def event(number: int) -> ConsentEvent:
        identifier, state = IDENTIFIERS[pick(IDENTIFIERS)], list(ConsentState)[pick(ConsentState)]
        point = [None, None, identifier, *MAILS, *PHONES][pick(range(9))]
        day, more, received = pick(range(4)), next(bytes_), [None, *range(5)][pick(range(6))]
        state = [ConsentState.GIVEN, state][more & 1]
        expires = END - timedelta(days=1) if more & 6 == 6 else None
        notice = purpose.notice_version if more & 8 else "2020-1"
        at = START + timedelta(days=day)
        came = None if received is None else START + timedelta(days=received)
        return ConsentEvent(f"{number}", identifier, purpose.id, state, at, notice, point, expires, came)

    purpose = LAWS[pick(LAWS)]
    one, other = (frozenset(part() for _ in range(1 + pick(range(2)))) for _ in range(2))
    return purpose, one, other, [event(number) for number in range(pick(range(7)))]


worlds = st.binary(min_size=48, max_size=48).map(world)


def of(person: Person, events: Iterable[ConsentEvent]) -> list[ConsentEvent]:
    """The decisions that the ledger has about a person: those under their identifiers."""
    return [event for event in events if any(event.identifier in part for part in person)]


def stands(purpose: Purpose, person: Person, events: Iterable[ConsentEvent], now: datetime = END) -> EffectiveConsent:
    return effective_consent(of(person, events), purpose, now, person)


def objects(state: ConsentState) -> bool:
    return state in (ConsentState.REFUSED, ConsentState.WITHDRAWN, ConsentState.REVOKED)


@settings(max_examples=10_000, deadline=None, database=None)
@given(worlds)
def test_a_merge_never_adds_a_permission(drawn: World) -> None:
    purpose, one, other, events = drawn
    merged = stands(purpose, one | other, events)
    for side in (one, other):
        alone = stands(purpose, side, events)
        # For every record and every address of a side: what the merged person permits, the side alone permitted.
        assert merged.parts & side <= alone.parts
        assert merged.points & {one for part in side for one in part} <= alone.points
        if purpose.legal_basis == "legitimate_interest":
            assert objects(merged.state) >= objects(alone.state)
        elif purpose.contact is None and merged.state.permits:
            assert alone.state.permits, "what is computed from all records is permitted by each side"
    # Merging is a union of records: commutative, associative, idempotent; taking the union apart restores each side.
    assert stands(purpose, other | one, list(reversed(events)) + events) == merged


@given(worlds)
def test_neither_order_nor_repetition_nor_a_late_arrival_of_events_matters(drawn: World) -> None:
    purpose, one, _, events = drawn
    late_first = sorted(events, key=lambda event: event.decided_at, reverse=True)
    assert stands(purpose, one, events) == stands(purpose, one, late_first + events)


def said(
    identifier: Identifier,
    state: ConsentState,
    day: int = 0,
    point: Identifier | None = None,
    purpose: Purpose = EMAIL,
) -> ConsentEvent:
    at = START + timedelta(days=day)
    return ConsentEvent(f"{identifier.value}{state}{day}", identifier, purpose.id, state, at, "2020-1", point)


GIVEN, REFUSED, WITHDRAWN = ConsentState.GIVEN, ConsentState.REFUSED, ConsentState.WITHDRAWN
ONE_RECORD: Person = frozenset({frozenset({ANA, BEA, PHONE, CARD})})


def test_the_latest_decision_about_an_identifier_counts() -> None:
    def state(*events: ConsentEvent) -> ConsentState:
        return stands(PROFILING, ONE_RECORD, events).state

    given, withdrawn = said(ANA, GIVEN, 2, purpose=PROFILING), said(ANA, WITHDRAWN, 1, purpose=PROFILING)
    assert state(given, withdrawn) is GIVEN
    assert state(given, replace(withdrawn, decided_at=END)) is WITHDRAWN
    assert state(given, replace(withdrawn, decided_at=given.decided_at)) is WITHDRAWN, "the more restrictive of two"
    assert state(given, replace(withdrawn, decided_at=END + timedelta(days=1))) is GIVEN, "not yet"


def test_an_opt_out_for_one_address_spares_another_and_one_of_the_person_stops_both() -> None:
    yes = [said(ANA, GIVEN, point=ANA), said(BEA, GIVEN, point=BEA)]
    assert stands(EMAIL, ONE_RECORD, yes).points == {ANA, BEA}
    assert stands(EMAIL, ONE_RECORD, [*yes, said(ANA, WITHDRAWN, 1, point=ANA)]).points == {BEA}
    for whoever in (ANA, PHONE, CARD):
        assert stands(EMAIL, ONE_RECORD, [*yes, said(whoever, WITHDRAWN, 1)]).points == set()
    assert stands(EMAIL, ONE_RECORD, [*yes, said(CARD, REFUSED, 1, point=ANA)]).points == {BEA}


def test_a_yes_to_an_address_after_an_opt_out_of_the_person_under_it_reopens_that_address_alone() -> None:
    events = [said(ANA, WITHDRAWN), said(BEA, GIVEN, point=BEA), said(ANA, GIVEN, 1, point=ANA)]
    assert stands(EMAIL, ONE_RECORD, events).points == {ANA}


def test_a_yes_of_the_person_reaches_the_addresses_of_the_records_that_carry_it() -> None:
    yes = [said(CARD, GIVEN)]
    assert stands(EMAIL, ONE_RECORD, yes).points == {ANA, BEA}
    apart: Person = frozenset({frozenset({CARD, ANA}), frozenset({BEA})})
    found = stands(EMAIL, apart, yes)
    assert (found.points, found.undecided) == ({ANA}, {frozenset({BEA})})
    shared: Person = frozenset({frozenset({CARD, ANA}), frozenset({ANA, BEA})})
    assert stands(EMAIL, shared, yes).points == set(), "the other record was not asked about this address either"


def test_a_record_without_a_yes_of_its_own_keeps_what_is_computed_from_all_from_being_used() -> None:
    yes = [said(ANA, GIVEN, purpose=PROFILING)]
    asked, unasked = frozenset({ANA, CARD}), frozenset({PHONE})
    assert stands(PROFILING, frozenset({asked}), yes).state is GIVEN
    merged = stands(PROFILING, frozenset({asked, unasked}), yes)
    assert (merged.state, merged.event, merged.undecided) == (ConsentState.UNKNOWN, None, {unasked})
    assert stands(PROFILING, frozenset({asked, unasked}), [*yes, said(PHONE, GIVEN, purpose=PROFILING)]).state is GIVEN
    assert (
        stands(PROFILING, frozenset({asked, unasked}), [*yes, said(PHONE, REFUSED, purpose=PROFILING)]).state is REFUSED
    )


def test_a_yes_that_names_no_end_ends_with_the_purposes_validity_whoever_wrote_it() -> None:
    yes = replace(said(ANA, GIVEN, purpose=PROFILING), expires_at=None)
    for event in (yes, replace(yes, expires_at=START + timedelta(days=9_999))):
        assert stands(PROFILING, ONE_RECORD, [event], datetime(2026, 12, 31, tzinfo=UTC)).state is GIVEN
        assert stands(PROFILING, ONE_RECORD, [event], datetime(2027, 1, 1, tzinfo=UTC)).state is ConsentState.EXPIRED
    far = replace(yes, decided_at=datetime(9999, 12, 31, tzinfo=UTC))
    assert ends_at(far, PROFILING) == datetime.max.replace(tzinfo=UTC), "the calendar ends there"


def test_a_yes_to_a_notice_that_never_existed_is_none_and_lifts_nothing() -> None:
    never = replace(said(ANA, GIVEN, 2, purpose=PROFILING), notice_version="1999-9")
    assert stands(PROFILING, ONE_RECORD, [never]).state is ConsentState.INVALIDATED
    assert stands(PROFILING, ONE_RECORD, [never, said(ANA, GIVEN, 1, purpose=PROFILING)]).state is GIVEN
    no = said(ANA, REFUSED, 1, purpose=PURPOSES["advice"])
    assert stands(PURPOSES["advice"], ONE_RECORD, [replace(never, purpose="advice"), no]).state is REFUSED


def test_what_reaches_people_goes_on_only_where_there_is_an_address_for_it() -> None:
    post, letters = PURPOSES["marketing_post"], said(CARD, GIVEN, purpose=PURPOSES["marketing_post"])
    card_alone, with_mail = frozenset({CARD}), frozenset({CARD, ANA})
    assert not permits(EMAIL, stands(EMAIL, frozenset({card_alone}), [said(CARD, GIVEN)]))
    assert permits(EMAIL, stands(EMAIL, frozenset({with_mail}), [said(CARD, GIVEN)]))
    found = stands(post, frozenset({card_alone}), [letters])
    assert permits(post, found, [card_alone]) and not permits(post, found, [with_mail]) and not permits(post, found, [])


def test_a_consent_ends_by_time_alone() -> None:
    yes = replace(said(ANA, GIVEN, purpose=PROFILING), expires_at=END)
    assert stands(PROFILING, ONE_RECORD, [yes], END - timedelta(microseconds=1)).state is GIVEN
    assert stands(PROFILING, ONE_RECORD, [yes], END).state is ConsentState.EXPIRED
    no = replace(said(ANA, REFUSED, purpose=PROFILING), expires_at=END)
    assert stands(PROFILING, ONE_RECORD, [no], END).state is REFUSED, "a no does not end"


@pytest.mark.parametrize(
    ("voids", "notice", "now", "expected"),
    [
        (False, "2020-1", END, GIVEN),
        (True, "2020-1", END, ConsentState.INVALIDATED),
        (True, None, END, ConsentState.INVALIDATED),
        (True, "2024-2", END, GIVEN),
        (True, "2020-1", datetime(2024, 1, 4, tzinfo=UTC), GIVEN),
    ],
)
def test_a_new_notice_voids_older_consents_where_the_purpose_says_so(
    voids: bool, notice: str | None, now: datetime, expected: ConsentState
) -> None:
    purpose = replace(PROFILING, new_notice_voids=voids, notice_version="2024-2", notice_since=date(2024, 1, 5))
    yes = replace(said(ANA, GIVEN, purpose=PROFILING), notice_version=notice)
    assert stands(purpose, ONE_RECORD, [yes], now).state is expected


@pytest.mark.parametrize(
    "purpose", [one for one in PURPOSES.values() if one.legal_basis == "consent"], ids=lambda one: one.id
)
@pytest.mark.parametrize("state", list(ConsentState))
@pytest.mark.parametrize("point", [False, True])
def test_of_the_ten_states_two_permit_for_each_purpose(purpose: Purpose, state: ConsentState, point: bool) -> None:
    about = ANA if point and purpose.contact == "email" else None
    found = stands(purpose, ONE_RECORD, [said(ANA, state, point=about, purpose=purpose)])
    assert found.state is state
    assert bool(found.parts) == (state in (ConsentState.GIVEN, ConsentState.RENEWED))


def test_a_no_of_a_shared_number_counts_for_all_who_have_it_until_its_source_takes_it_back() -> None:
    advice, day = PURPOSES["advice"], timedelta(days=1)
    ana, bea = frozenset({frozenset({ANA, PHONE})}), frozenset({frozenset({BEA, PHONE})})
    told = ConsentEvent("1", PHONE, "advice", ConsentState.REFUSED, START, None)
    assert stands(advice, ana, [told]).state.refuses and stands(advice, bea, [told]).state.refuses
    hers = ConsentEvent("2", ANA, "advice", ConsentState.REFUSED, START + day, None)
    back = ConsentEvent("3", PHONE, "advice", ConsentState.GIVEN, START + 2 * day, advice.notice_version)
    assert stands(advice, ana, [told, hers, back]).state.refuses, "who objected has objected still"
    assert not stands(advice, bea, [told, hers, back]).state.refuses, "and nobody else has"
