"""How often one may try to find out who is calling: per call, and wrongly per actor and hour.

Counted in PostgreSQL, so that every worker counts the same and a restart forgets nothing.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from consent.model import Actor, Role
from contracts.keyed import keyed
from profile_api.responses.errors import Problem
from stores.schema import call_tries

TRIES_OF_A_CALL = 30
WRONG_OF_A_CALL = 6
WRONG_OF_AN_HOUR = {Role.ADVISOR: 60, Role.BOT: 600}
KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Call:
    """A call as it is counted; `salt` is its own secret, `wrong_left` how many wrong tries it still has."""

    actor: Actor
    window: str
    salt: str
    wrong_left: int


def one_more_try(connection: Connection, actor: Actor, call: str, now: datetime) -> Call:
    """Counts a try of this call; raises a 429 where it, or this actor's hour, has none left."""
    hour = select(call_tries.c.wrong).where(call_tries.c.actor == actor.subject, call_tries.c.window == _hour(now))
    if (connection.scalar(hour) or 0) >= WRONG_OF_AN_HOUR[actor.role]:
        raise _too_many("wrong tries in this hour", 3600 - now.minute * 60 - now.second)
    window = f"call {keyed('call', call)}"
    begun = insert(call_tries).values(
        actor=actor.subject, window=window, tries=1, wrong=0, salt=secrets.token_hex(16), at=now
    )
    counted = begun.on_conflict_do_update(
        index_elements=["actor", "window"], set_={"tries": call_tries.c.tries + 1, "at": now}
    ).returning(call_tries.c.tries, call_tries.c.wrong, call_tries.c.salt)
    row = connection.execute(counted).one()
    if row.tries > TRIES_OF_A_CALL or row.wrong >= WRONG_OF_A_CALL:
        raise _too_many("tries of one call", int(KEPT.total_seconds()))
    return Call(actor, window, row.salt, WRONG_OF_A_CALL - row.wrong)


def one_wrong(connection: Connection, call: Call, now: datetime) -> None:
    """Counts the try as wrong: a value that only the person should know did not match."""
    of = (call_tries.c.actor == call.actor.subject) & (call_tries.c.window == call.window)
    connection.execute(call_tries.update().where(of).values(wrong=call_tries.c.wrong + 1))
    first = insert(call_tries).values(actor=call.actor.subject, window=_hour(now), tries=1, wrong=1, salt="", at=now)
    again = first.on_conflict_do_update(
        index_elements=["actor", "window"],
        set_={"tries": call_tries.c.tries + 1, "wrong": call_tries.c.wrong + 1, "at": now},
    ).returning(call_tries.c.wrong)
    if connection.execute(again).scalar_one() == 1:
        connection.execute(delete(call_tries).where(call_tries.c.at < now - KEPT))


def _hour(now: datetime) -> str:
    return f"hour {now:%Y-%m-%dT%H}"


def _too_many(what: str, seconds: int) -> Problem:
    detail = f"Expected fewer {what}, found too many; hand the caller over to somebody who can check otherwise."
    return Problem(429, "too-many-tries", detail, headers={"Retry-After": str(max(1, seconds))})
