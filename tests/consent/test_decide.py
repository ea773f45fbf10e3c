"""The decision as a table: role, purpose, category and consent state in, allow or deny out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from cedarpy import PolicySet

from consent.decide import decide
from consent.loading import published_policies
from consent.model import Actor, ConsentEvent, ConsentState, Decision, LegalBasis, Role
from consent.policies import FAILED, REASONS, Policies
from consent.purposes import published_purposes
from contracts.categories import Category
from contracts.identifiers import Identifier

NOW = datetime(2024, 5, 1, tzinfo=UTC)
ADVISOR = Actor("claire", Role.ADVISOR)
EMAIL = Identifier("email", "ana@inbox.example")


def _event(state: ConsentState, purpose: str = "personalisation", identifier: Identifier = EMAIL) -> ConsentEvent:
    return ConsentEvent(f"{identifier.value}-{state}", identifier, purpose, state, NOW - timedelta(days=1), "2020-1")


def _decide(
    purpose: str, *events: ConsentEvent, actor: Actor = ADVISOR, policies: Policies | None = None, now: datetime = NOW
) -> Decision:
    return decide(policies or published_policies(), events, actor, published_purposes()[purpose], Category, now)


@pytest.mark.parametrize("role", list(Role))
def test_every_cell_of_role_purpose_category_and_state_is_as_the_purpose_says(role: Role) -> None:
    for purpose, state in product(published_purposes().values(), ConsentState):
        decision = _decide(purpose.id, _event(state, purpose.id), actor=Actor("somebody", role))
        objected = state in (ConsentState.REFUSED, ConsentState.WITHDRAWN, ConsentState.REVOKED)
        may = {
            LegalBasis.CONSENT: state in (ConsentState.GIVEN, ConsentState.RENEWED),
            LegalBasis.LEGITIMATE_INTEREST: not objected,
            LegalBasis.CONTRACT: True,
            LegalBasis.LEGAL_OBLIGATION: True,
            LegalBasis.NONE: False,
        }[purpose.legal_basis]
        assert decision.allowed == (purpose.categories if may and role in purpose.roles else frozenset()), purpose.id
        assert {one.category for one in decision.categories} == set(Category)


@pytest.mark.parametrize("purpose", ["resale", "political_targeting"])
@pytest.mark.parametrize("role", list(Role))
def test_refused_purposes_are_refused_to_everyone_whatever_was_consented(purpose: str, role: Role) -> None:
    decision = _decide(purpose, _event(ConsentState.GIVEN, purpose), actor=Actor("somebody", role))
    assert (decision.allowed, decision.policy) == (frozenset(), "purpose-refused")


def test_unknown_consent_denies_where_the_purpose_rests_on_consent() -> None:
    decision = _decide("personalisation")
    assert (decision.allowed, decision.policy) == (frozenset(), "consent-missing")
    assert (decision.consent_event, decision.consent_state) == (None, ConsentState.UNKNOWN)


def test_a_decision_names_the_event_and_the_notice_that_it_rests_on() -> None:
    given = _event(ConsentState.GIVEN)
    decision = _decide("personalisation", given)
    assert (decision.policy, decision.consent_event, decision.notice_version) == (
        "consent-given",
        given.consent_id,
        "2020-1",
    )
    assert "consented to personalisation" in decision.categories[0].reason


def test_a_contract_rests_on_its_own_notice_and_on_no_consent() -> None:
    decision = _decide("service", _event(ConsentState.WITHDRAWN, "service"))
    assert (decision.policy, decision.consent_event, decision.notice_version) == ("contract", None, "2024-1")
    assert [one.category for one in decision.withheld] == [Category.SENSITIVE]


def test_an_objection_stops_what_rests_on_a_legitimate_interest() -> None:
    assert _decide("advice").allowed
    assert _decide("advice", _event(ConsentState.REFUSED, "advice")).policy == "person-objected"


def test_restricted_data_is_used_for_what_the_law_requires_alone() -> None:
    for purpose in published_purposes().values():
        for role in Role:
            event = _event(ConsentState.GIVEN, purpose.id)
            actor = Actor("somebody", role)
            free = decide(published_policies(), [event], actor, purpose, Category, NOW)
            restricted = decide(published_policies(), [event], actor, purpose, Category, NOW, restricted=True)
            if purpose.legal_basis is LegalBasis.LEGAL_OBLIGATION:
                assert restricted == free
            else:
                assert restricted.allowed == frozenset()
                assert restricted.policy == ("restricted" if free.allowed else free.policy)


def test_a_decision_of_the_future_does_not_count_yet() -> None:
    given = _event(ConsentState.GIVEN)
    assert not _decide("personalisation", given, now=given.decided_at - timedelta(seconds=1)).allowed
    assert _decide("personalisation", given, now=given.decided_at).allowed


def test_an_engine_without_a_decision_denies() -> None:
    sound = published_policies()
    silent = replace(sound, rules=PolicySet.from_str('permit (principal, action == Action::"other", resource);'))
    failing = replace(sound, rules=PolicySet.from_str("permit (principal, action, resource) when { context.absent };"))
    broken = replace(sound, rules=None)  # type: ignore[arg-type]  # what is no policy set at all
    for policies in (silent, failing, broken):
        decision = _decide("service", policies=policies)
        assert (decision.allowed, decision.policy) == (frozenset(), FAILED)


def test_a_forbid_that_fails_does_not_leave_a_permit_standing() -> None:
    rules = "permit (principal, action, resource); forbid (principal, action, resource) when { context.absent };"
    assert not _decide("service", policies=replace(published_policies(), rules=PolicySet.from_str(rules))).allowed


def test_every_policy_has_its_words() -> None:
    ids = {policy.annotations["id"] for policy in published_policies().rules.to_pst().static_policies.values()}
    assert ids | {FAILED} == set(REASONS)
