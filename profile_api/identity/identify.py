"""Who is calling? Candidates by probability, what to ask next, and the profile's id once the caller is verified."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from consent.model import Actor, Role
from profile_api.errors import Problem, unavailable
from profile_api.gate import Ask, Gate
from profile_api.identity.heard import Heard, Hypothesis, hear
from profile_api.identity.identify_candidates import find_candidates
from profile_api.identity.identify_question import first_field, next_field
from profile_api.identity.identify_score import Ranking, Scored
from profile_api.identity.identify_tries import Call, one_more_try, one_wrong
from profile_api.identity.identify_views import CandidateView, HeardFields, IdentifyAnswer, IdentifyRequest
from profile_api.identity.model_in_force import model_in_force

SERVICE = frozenset({"service"})
ROLES = frozenset({Role.ADVISOR, Role.BOT})

VERIFIED_FROM = 0.99
FEWEST_AGREEING = 3
"""Independent groups of fields that must agree, of name, birth date, address, e-mail, phone and number."""

PRIVATE = frozenset({"birth_date", "number"})
"""What is in no directory: one of them must be told exactly."""

SHOWN_BELOW = 0.5
"""Candidates are shown while `none of them` is less likely than this, and at least two groups were told."""

FEWEST_TOLD = 2
MOST_SHOWN = 5
LEAST_SHOWN = 0.01
LACKING = ("birth_date", "postcode", "phone", "email", "number", "street")
ENOUGH_ROWS = 1_000


def identify(gate: Gate, actor: Actor, purpose: str | None, request: IdentifyRequest) -> IdentifyAnswer:
    """Ranks the candidates for what this call has told; counts and records the try."""
    with gate.acting(Ask(actor, purpose, "identify", SERVICE)) as reading:
        if actor.role not in ROLES:
            raise Problem(403, "role-not-permitted", "Expected an advisor or a bot, found another role.")
        connection, now = reading.connection, gate.clock()
        call = one_more_try(connection, actor, request.call, now)
        heard, ranking = rank_callers(connection, request, now.year)
        verified = is_verified(ranking)
        wrong = not verified and is_wrong(heard, ranking)
        if wrong:
            one_wrong(connection, call, now)
        reading.outcome = "identified" if verified else "wrong-try" if wrong else "not-identified"
        reading.about = ranking.scored[0].candidate.profile_id if verified else None
        return _answer(request, heard, ranking, call, verified, call.wrong_left - wrong)


def rank_callers(connection: Connection, request: IdentifyRequest, this_year: int) -> tuple[Heard, Ranking]:
    """What was heard, and who it may be: for whoever decides what of it may be told."""
    model = model_in_force(connection)
    heard = hear(_hypotheses(request.heard), model.names, this_year, request.region)
    profiles = _profiles(connection)
    candidates = find_candidates(connection, heard.keys, model.names, profiles)
    try:
        return heard, model.scorer.rank(heard, candidates, profiles)
    except ValueError as error:
        raise unavailable("the identity model") from error


def is_verified(ranking: Ranking) -> bool:
    """Whether the caller is the first candidate, beyond doubt and by more than what anybody could look up."""
    first = ranking.scored[0] if ranking.scored else None
    return (
        first is not None
        and first.probability >= VERIFIED_FROM
        and len(first.agreeing) >= FEWEST_AGREEING
        and bool(first.exact & first.agreeing & PRIVATE)
    )


def is_wrong(heard: Heard, ranking: Ranking) -> bool:
    """Whether something private was told that is not the likeliest candidate's: a mistake, or a guess.

    While so little was told that no answer shows anybody, a guess finds out nothing.
    """
    if len(heard.groups) < FEWEST_TOLD:
        return False
    told = {name for name in PRIVATE if name in heard.groups and (name != "birth_date" or heard.whole_birth)}
    first = ranking.scored[0] if ranking.scored and ranking.none < SHOWN_BELOW else None
    return bool(told) and (first is None or not told <= first.exact)


def _answer(
    request: IdentifyRequest, heard: Heard, ranking: Ranking, call: Call, verified: bool, wrong_left: int
) -> IdentifyAnswer:
    fields = set(heard.fields) | ({"given_name", "family_name"} if "full_name" in heard.fields else set())
    if not heard.whole_birth:
        fields -= {"birth_date"}
    fields |= set(request.cannot_tell)
    shown = [one for one in ranking.scored[:MOST_SHOWN] if one.probability >= LEAST_SHOWN]
    if verified:
        shown = shown[:1]
    elif ranking.none >= SHOWN_BELOW or len(heard.groups) < FEWEST_TOLD:
        shown = []
    return IdentifyAnswer(
        verified=verified,
        profile_id=ranking.scored[0].candidate.profile_id if verified else None,
        candidates=[CandidateView(handle=_handle(call, one), probability=round(one.probability, 4)) for one in shown],
        none_of_them=round(ranking.none, 4) if shown else None,
        ask=None if verified else next_field(ranking, fields, LACKING) if shown else first_field(fields),
        unread=list(heard.unread),
        wrong_tries_left=wrong_left,
    )


def _handle(call: Call, one: Scored) -> str:
    """The same candidate's name in every answer of a call; in another call, or to another actor, another one."""
    said = hmac.new(call.salt.encode(), one.candidate.profile_id.encode(), hashlib.sha256)
    return f"c_{said.hexdigest()[:16]}"


def _hypotheses(heard: HeardFields) -> Mapping[str, Sequence[Hypothesis]]:
    return {
        name: [
            Hypothesis(one) if isinstance(one, str) else Hypothesis(one.text, one.confidence, one.kind) for one in given
        ]
        for name in heard.model_fields_set
        if (given := getattr(heard, name))
    }


def _profiles(connection: Connection) -> int:
    """How many people are on file: PostgreSQL's running count, which costs nothing, else a real one."""
    counted = text("SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = 'profiles'")
    rows = connection.scalar(counted) or 0
    return int(rows if rows >= ENOUGH_ROWS else connection.scalar(text("SELECT count(*) FROM profiles")) or 1)
