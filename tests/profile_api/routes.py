"""Every route of the service, what kind of route it is, and how to call it: one line each.

`test_matrix.py` walks them all, so a route that is not declared here fails the suite. The kinds:

- `personal`: answers with data about a person. It is asked by every role, for every purpose, in every consent state;
  `shows` names the data categories that it can show at all.
- `acting`: changes something, or answers about many people's cases; it needs a token, a purpose and an audit row.
  `only` names the purposes that it serves, `roles` the roles that may.
- `collects`: takes data in with a source's write key, and answers with none about anybody.
- `open_`: needs no token and tells nothing about people.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from consent.model import Role
from contracts.categories import Category
from tests.profile_api.canaries import Person

ALL = frozenset(Category)
Filled = Callable[[Person], dict[str, Any]]


class Kind(StrEnum):
    PERSONAL = "personal"
    ACTING = "acting"
    COLLECTS = "collects"
    OPEN = "open"


def _nothing(person: Person) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Route:
    """How to call a route about a person: `json`, `form` and `query` are made for that person."""

    kind: Kind
    json: Filled | None = None
    form: Filled | None = None
    query: Filled = _nothing
    shows: frozenset[Category] = ALL
    page: bool = False
    """A page: signed in by cookie, advisors alone, the purpose in its form."""

    rests_on: frozenset[str] = field(default_factory=frozenset)
    """What else must work: `features` for the online store."""

    by: str | None = None
    """The category of the identifier that finds the person; a purpose that does not cover it finds nobody."""

    repairs: bool = False
    """Stewards need it to take back what was wrongly joined: an objection does not keep it from them."""

    only: frozenset[str] = field(default_factory=frozenset)
    roles: frozenset[str] = frozenset(role.value for role in Role)

    def permits(self, role: str, purpose: str) -> bool:
        """Whether the route itself has nothing against this role and purpose."""
        return role in self.roles and (not self.only or purpose in self.only)


def personal(shows: Iterable[Category] = ALL, rests_on: Iterable[str] = (), **call: Any) -> Route:
    return Route(Kind.PERSONAL, shows=frozenset(shows), rests_on=frozenset(rests_on), **call)


def acting(only: Iterable[str] = (), roles: Iterable[str] = tuple(Role), **call: Any) -> Route:
    return Route(Kind.ACTING, only=frozenset(only), roles=frozenset(roles), **call)


def collects(**call: Any) -> Route:
    return Route(Kind.COLLECTS, **call)


def open_(**call: Any) -> Route:
    return Route(Kind.OPEN, **call)


def by_email(person: Person) -> dict[str, Any]:
    return {"kind": "email", "value": person.email}


def by_id(person: Person) -> dict[str, Any]:
    return {"profile_id": person.profile_id}


CALLS = ("identify", "track", "page", "screen", "alias", "group")
RIGHTS = ("privacy_rights",)
HOLDING = ("legal_obligation",)
OFFICERS = ("privacy_officer",)


SERVING = ("service",)
ADVISORS = ("advisor",)
DECIDING = ("service", "privacy_rights")
CHOOSERS = ("advisor", "customer", "privacy_officer")


def request_of(person: Person) -> dict[str, Any]:
    return {"kind": "access", "profile_id": person.profile_id}


def handoff_of(person: Person) -> dict[str, Any]:
    return {"request_key": "k", "conversation_id": f"c-{person.profile_id}", "channel": "chat", "why": "asked"}


def webhook_of(person: Person) -> dict[str, Any]:
    return {"url": "https://8.8.8.8/hook", "kinds": ["profile.updated"], "purpose": "service"}


def message_of(person: Person) -> dict[str, Any]:
    traits = {"email": person.email, "firstName": "canaryidentity"}
    ids = {"userId": f"canaryidentity-{person.profile_id}", "previousId": "canaryidentity", "groupId": "g-1"}
    return ids | {"type": "track", "event": "Seen", "name": "Home", "properties": {"a": "b"}, "traits": traits}


def batch_of(person: Person) -> dict[str, Any]:
    return {"batch": [message_of(person)]}


IDENTITY = ("identity_resolution",)
STEWARDS = ("steward",)
WHO_DECIDES_WHO_IS_WHO = {"only": IDENTITY, "roles": STEWARDS}


def pair_of(**more: str) -> Filled:
    return lambda person: {"left": f"crm:{person.profile_id}", "right": "crm:unknown", **more}


def because(person: Person) -> dict[str, Any]:
    return {"reason": "they called"}


def reviewed(person: Person) -> dict[str, Any]:
    return {"rule": "many", "actor": "claire", "day": "2024-05-01", "outcome": "justified"}


def unmerge_of(person: Person) -> dict[str, Any]:
    return {"profile_id": person.profile_id, "records": [f"crm:{person.profile_id}"], **because(person)}


ROUTES: dict[str, Route] = {
    "GET /v1/health": open_(),
    "GET /v1/ready": open_(),
    "GET /v1/openapi.json": open_(),
    "POST /v1/profiles/lookup": personal(json=by_email, by="contact"),
    "GET /v1/profiles/{profile_id}": personal(),
    "GET /v1/profiles/{profile_id}/timeline": personal(query=lambda person: {"limit": 2}),
    "GET /v1/profiles/{profile_id}/features": personal(rests_on={"features"}),
    "GET /advisor": open_(),
    "POST /advisor/session": open_(form=lambda _: {"token": "none"}),
    "POST /advisor/session/end": open_(),
    "POST /advisor": personal(page=True, form=by_email, by="contact"),
    "POST /advisor/profile": personal(page=True, form=by_id),
    "POST /advisor/timeline": personal(page=True, form=lambda person: by_id(person) | {"cursor": person.cursor}),
    "POST /v1/intakes": acting(
        only=RIGHTS, roles=OFFICERS, json=lambda _: {"kind": "access", "channel": "letter", "name": "Somebody"}
    ),
    "GET /v1/intakes": acting(only=RIGHTS, roles=OFFICERS),
    "POST /v1/intakes/{intake_id}/match": acting(only=RIGHTS, roles=OFFICERS, json=by_id),
    "POST /v1/intakes/{intake_id}/close": acting(only=RIGHTS, roles=OFFICERS),
    "GET /v1/intakes/{intake_id}/letter": acting(only=RIGHTS, roles=OFFICERS),
    "POST /v1/requests": acting(only=RIGHTS, json=request_of),
    "GET /v1/requests": acting(only=RIGHTS),
    "GET /v1/requests/due": acting(only=RIGHTS, roles=OFFICERS),
    "GET /v1/requests/{request_id}/letter": acting(only=RIGHTS),
    "GET /v1/requests/{request_id}": acting(only=RIGHTS),
    "POST /v1/requests/{request_id}/steps": acting(only=RIGHTS, roles=OFFICERS, json=lambda _: {"step": "start"}),
    "GET /v1/requests/{request_id}/bundle": acting(only=RIGHTS),
    "POST /v1/requests/{request_id}/erasure": acting(only=RIGHTS, roles=OFFICERS),
    "GET /v1/requests/{request_id}/erasure": acting(only=RIGHTS, roles=OFFICERS),
    "GET /v1/requests/{request_id}/certificate": acting(only=RIGHTS, roles=OFFICERS),
    "POST /v1/requests/{request_id}/lift": acting(only=RIGHTS, roles=OFFICERS, json=lambda _: {"note": "told"}),
    "POST /v1/profiles/{profile_id}/determinations": acting(
        only=RIGHTS,
        roles=OFFICERS,
        json=lambda _: {"kind": "compelling_grounds", "purpose": "fraud_prevention", "reason": "an inquiry"},
    ),
    "GET /v1/profiles/{profile_id}/determinations": acting(only=RIGHTS),
    "POST /v1/determinations/{determination_id}/revoke": acting(only=RIGHTS, roles=OFFICERS),
    "GET /v1/purposes": open_(),
    "GET /v1/notices/{version}": open_(),
    "GET /v1/profiles/{profile_id}/audit": acting(only=RIGHTS),
    "GET /v1/profiles/{profile_id}/retention": acting(only=RIGHTS),
    "POST /v1/holds": acting(only=HOLDING, roles=OFFICERS, json=lambda person: by_id(person) | because(person)),
    "GET /v1/holds": acting(only=HOLDING, roles=OFFICERS),
    "POST /v1/holds/{hold_id}/lift": acting(only=HOLDING, roles=OFFICERS, json=because),
    "GET /v1/audit/alerts": acting(only=RIGHTS, roles=OFFICERS),
    "POST /v1/audit/alerts/review": acting(only=RIGHTS, roles=OFFICERS, json=reviewed),
    "GET /v1/audit/left-out": acting(only=RIGHTS, roles=OFFICERS, query=lambda _: {"since": "2024-05-01"}),
    "GET /v1/audit/readers/{actor}": acting(only=RIGHTS, roles=OFFICERS),
    "GET /v1/profiles/{profile_id}/consents": acting(only=DECIDING),
    **{
        f"POST /v1/profiles/{{profile_id}}/consents/{choice}": acting(
            only=DECIDING, roles=CHOOSERS, json=lambda _: {"purpose": "analytics"}
        )
        for choice in ("give", "renew", "refuse", "withdraw")
    },
    "GET /v1/consents/{consent_id}/receipt": acting(only=DECIDING),
    "GET /v1/profiles/{profile_id}/dial": personal(shows=(), only=frozenset(SERVING)),
    "GET /v1/profiles/{profile_id}/milestones": personal(shows=(), only=frozenset(SERVING)),
    "POST /v1/profiles/{profile_id}/milestones/seen": acting(
        only=SERVING, roles=("advisor",), json=lambda _: {"milestone": "anniversary", "years": 5}
    ),
    "POST /v1/profiles/{profile_id}/dial": acting(only=SERVING, json=lambda _: {"position": 20, "channel": "chat"}),
    "POST /v1/profiles/{profile_id}/feedback": acting(
        only=SERVING,
        roles=("advisor", "bot"),
        json=lambda _: {
            "suggestion": "5a4cd1a4-5d8e-5c55-8a4b-3b8c5ad1c6c9",
            "rule": "complaint_first",
            "outcome": "accepted",
        },
    ),
    "POST /v1/engagement/next-step": personal(
        shows=(),
        only=frozenset(SERVING),
        json=lambda person: {"who": by_id(person), "channel": "chat", "intents": ["order_status"]},
    ),
    "POST /v1/profiles/{profile_id}/handoffs": acting(only=SERVING, json=handoff_of),
    "GET /v1/profiles/{profile_id}/handoffs": personal(shows=(), only=frozenset(SERVING)),
    "GET /v1/handoffs": acting(only=SERVING, roles=ADVISORS),
    "GET /v1/handoffs/{handoff_id}": acting(only=("service", "advice"), roles=ADVISORS),
    "POST /v1/handoffs/{handoff_id}/steps": acting(only=SERVING, json=lambda _: {"step": "accept"}),
    "POST /v1/handoffs/{handoff_id}/heartbeat": acting(only=SERVING),
    "POST /v1/handoffs/{handoff_id}/messages": acting(
        only=SERVING, json=lambda _: {"said_by": "customer", "text": "hello"}
    ),
    "POST /v1/presence": acting(only=SERVING, roles=ADVISORS, json=lambda _: {"minutes": 5}),
    "POST /v1/webhooks": acting(roles=OFFICERS, json=webhook_of),
    "GET /v1/webhooks": acting(roles=OFFICERS),
    "DELETE /v1/webhooks/{subscription_id}": acting(roles=OFFICERS),
    "POST /v1/webhooks/{subscription_id}/replay": acting(
        roles=OFFICERS, json=lambda _: {"since": "2024-05-01T00:00:00Z"}
    ),
    "POST /v1/webhooks/{subscription_id}/rotate": acting(roles=OFFICERS, json=lambda _: {"hours": 1}),
    "GET /v1/extracts": acting(roles=OFFICERS),
    "POST /v1/events": collects(json=message_of),
    "POST /v1/events/batch": collects(json=batch_of),
    "POST /v1/batch": collects(json=batch_of),
    "POST /v1/import": collects(json=batch_of),
    "POST /v1/b": collects(json=batch_of),
    **{f"POST /v1/{path}": collects(json=message_of) for call in CALLS for path in (call, call[0])},
    "POST /v1/m": open_(json=lambda _: {"series": []}),
    "POST /v1/bot/context": personal(json=lambda person: {"identifier": by_email(person)}, by="contact"),
    "POST /v1/identity/identify": acting(
        only=("service",),
        roles=("advisor", "bot"),
        json=lambda person: {"call": "call-of-nobody", "heard": {"family_name": ["Nobody"]}},
    ),
    "GET /v1/profiles/{profile_id}/identity": personal(shows=(), only=frozenset(IDENTITY), repairs=True),
    "POST /v1/identity/compare": acting(only=IDENTITY, json=pair_of()),
    "GET /v1/identity/reviews": acting(only=IDENTITY),
    "POST /v1/identity/reviews/decide": acting(
        **WHO_DECIDES_WHO_IS_WHO, json=pair_of(decision="same", reason="they called")
    ),
    "GET /v1/identity/overrides": acting(only=IDENTITY),
    "POST /v1/identity/overrides": acting(**WHO_DECIDES_WHO_IS_WHO, json=pair_of(kind="same", reason="they called")),
    "POST /v1/identity/overrides/{override_id}/revoke": acting(**WHO_DECIDES_WHO_IS_WHO, json=because),
    "POST /v1/identity/unmerge": acting(**WHO_DECIDES_WHO_IS_WHO, json=unmerge_of),
    "POST /v1/identity/decisions/{decision_id}/undo": acting(**WHO_DECIDES_WHO_IS_WHO, json=because),
    "MOUNT /static": open_(),
    "MOUNT /mcp": open_(),  # driven by its own client in bots/test_mcp.py
}
