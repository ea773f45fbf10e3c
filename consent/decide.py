"""The one decision about reading personal data: pure, per data category, by Cedar policies under their schema."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from cedarpy import AuthzResult, is_authorized_batch
from cedarpy import Decision as Cedar

from consent.current import effective_consent, reachable, undoubted
from consent.determinations import NOTHING_MORE, Age, Circumstances
from consent.durations import in_words
from consent.model import (
    Actor,
    CategoryDecision,
    ConsentEvent,
    ConsentState,
    Decision,
    LegalBasis,
    Purpose,
    RecordIdentifiers,
)
from consent.policies import FAILED, Policies, reason_of
from contracts.categories import Category

OUTSIDE = "category-outside-purpose"


class _Facts(NamedTuple):
    """The context of the policies, by the names of the schema: facts about the person and the request."""

    consent: str
    restricted: bool
    reachable: bool
    repair: bool
    unauthorised_child: bool
    compelling_grounds: bool


def decide(
    policies: Policies,
    consents: Iterable[ConsentEvent],
    actor: Actor,
    purpose: Purpose,
    categories: Iterable[Category],
    now: datetime,
    restricted: bool = False,
    parts: Collection[RecordIdentifiers] | None = None,
    ended: Collection[Category] = (),
    addressed: Collection[RecordIdentifiers] | None = None,
    repair: bool = False,
    circumstances: Circumstances = NOTHING_MORE,
) -> Decision:
    """What `actor` may read for `purpose` at `now`; whatever cannot be evaluated is denied.

    `consents` are the events of all identifiers of the person, in any order, `parts` the identifiers of each of their
    records, `addressed` those of the records with a postal address. Data of a `restricted` person is kept, and used
    only for what the law requires. `ended` are the categories whose retention for this purpose has ended
    (consent.retention). `repair` is a steward who undoes a wrong join: neither a no nor a restriction prevents that.
    `circumstances` are the person's age, and what the privacy officer determined.
    """
    events = undoubted(consents)
    stands = effective_consent(events, purpose, now, parts)
    event, state = stands.event, stands.state
    # Without `parts` it is not known who carries what.
    there = parts is None or reachable(purpose, stands, addressed)
    barred, goes_on = circumstances.barred_as_child(purpose, now), circumstances.goes_on(purpose, events, parts, now)
    facts = _Facts(state.value, restricted, there, repair, barred, goes_on)
    wanted = sorted(set(categories), key=list(Category).index)
    answers = _evaluate(policies, actor, purpose, wanted, facts, frozenset(ended))
    decided = tuple(
        _category_decision(category, result, purpose, actor, state)
        for category, result in zip(wanted, answers, strict=True)
    )
    rests_on_event = purpose.legal_basis in (LegalBasis.CONSENT, LegalBasis.LEGITIMATE_INTEREST) and event is not None
    return Decision(
        purpose=purpose.id,
        policy=_leading_policy(decided),
        categories=decided,
        consent_state=state,
        consent_event=event.consent_id if event and rests_on_event else None,
        notice_version=event.notice_version if event and rests_on_event else purpose.notice_version,
        effective=stands,
        contact=purpose.contact,
        age_unknown=purpose.legal_basis is LegalBasis.CONSENT and circumstances.age(now) is Age.UNKNOWN,
    )


def _evaluate(
    policies: Policies,
    actor: Actor,
    purpose: Purpose,
    categories: list[Category],
    facts: _Facts,
    ended: frozenset[Category],
) -> Sequence[AuthzResult | None]:
    of = (purpose.id, purpose.legal_basis, purpose.refused, purpose.roles, purpose.categories)
    sells = purpose.is_direct_marketing
    request = (is_authorized_batch, actor.subject, actor.role, *of, sells, tuple(categories), facts, ended)
    if (known := policies.answer_to(request)) is not None:
        return known
    requests: list[dict[str, Any]] = [
        {
            "principal": {"type": "Actor", "id": actor.subject},
            "action": {"type": "Action", "id": "read"},
            "resource": {"type": "DataCategory", "id": category.value},
            "context": {"purpose": _uid("Purpose", purpose.id), **facts._asdict(), "ended": category in ended},
        }
        for category in categories
    ]
    try:
        answers = tuple(is_authorized_batch(requests, policies.rules, _entities(actor, purpose), policies.schema))
    except Exception:  # an engine that cannot answer, for whatever reason, permits nothing
        return [None] * len(categories)
    if not any(answer.diagnostics.errors for answer in answers):
        policies.remember(request, answers)
    return answers


def _entities(actor: Actor, purpose: Purpose) -> list[dict[str, Any]]:
    return [
        {"uid": {"type": "Actor", "id": actor.subject}, "attrs": {"role": actor.role.value}, "parents": []},
        {
            "uid": {"type": "Purpose", "id": purpose.id},
            "attrs": {
                "legal_basis": purpose.legal_basis.value,
                "refused": purpose.refused,
                "direct_marketing": purpose.is_direct_marketing,
                "roles": sorted(purpose.roles),
                "categories": [_uid("DataCategory", category) for category in sorted(purpose.categories)],
            },
            "parents": [],
        },
    ]


def _uid(kind: str, name: str) -> dict[str, Any]:
    return {"__entity": {"type": kind, "id": name}}


def _category_decision(
    category: Category, result: AuthzResult | None, purpose: Purpose, actor: Actor, state: ConsentState
) -> CategoryDecision:
    allowed = result is not None and result.decision is Cedar.Allow and not result.diagnostics.errors
    named = result.diagnostics.id_annotations_by_reason.values() if result and not result.diagnostics.errors else ()
    policy = min(named, key=_rank, default=FAILED)
    facts = {"category": category.value, "purpose": purpose.id, "role": actor.role.value, "state": state.value}
    reason = reason_of(policy, **facts, kept=in_words(purpose.kept_for(category)))
    return CategoryDecision(category, allowed, policy, reason)


def _leading_policy(decided: tuple[CategoryDecision, ...]) -> str:
    permits = [one.policy for one in decided if one.allowed]
    telling = [one.policy for one in decided if one.policy != OUTSIDE]
    return min(permits or telling or [one.policy for one in decided], key=_rank, default=FAILED)


def _rank(policy: str) -> tuple[int, str]:
    # The order of reasons: forbidden purposes, then the actor, then the category, then the person's own choice.
    order = ["purpose-refused", "role-not-permitted", OUTSIDE, "restricted", "retention-ended"]
    return (order.index(policy) if policy in order else len(order), policy)
