"""Who is calling? Candidates by probability, what to ask next, and the profile's id once the caller is verified."""

import hashlib
import hmac
from functools import partial

from consent.model import Actor, Role
from identity.callers.hypotheses import CallerHypotheses
from identity.callers.question import first_field, next_field
from identity.callers.score import Ranking, ScoredCandidate
from profile_api.access.gate import AccessRequest, Gate
from profile_api.callers.queries.ranking import rank_callers
from profile_api.callers.queries.tries import Call, one_more_try, one_wrong
from profile_api.callers.views import CandidateView, IdentifyAnswer, IdentifyRequest
from profile_api.responses.errors import Problem

SERVICE = frozenset({"service"})
ROLES = frozenset({Role.ADVISOR, Role.BOT})

VERIFIED_FROM = 0.99
FEWEST_AGREEING = 3
"""Independent groups of fields that must agree, of name, birth date, address, e-mail, phone and number."""

PRIVATE = frozenset({"birth_date", "number"})
"""Fields that are in no directory: one of them must be given exactly."""

SHOWN_BELOW = 0.5
"""Candidates are shown while `none of them` is less likely than this, and at least two groups were told."""

FEWEST_TOLD = 2
MOST_SHOWN = 5
LEAST_SHOWN = 0.01
LACKING = ("birth_date", "postcode", "phone", "email", "number", "street")


def identify(gate: Gate, actor: Actor, purpose: str | None, request: IdentifyRequest) -> IdentifyAnswer:
    """Ranks the candidates for what the caller said; counts and records the try.

    Whom the gate denies for the purpose is no candidate: restricted people, for one. They are answered as strangers.
    """
    ask = AccessRequest(actor, purpose, "identify", SERVICE)
    with gate.acting(ask) as reading:
        if actor.role not in ROLES:
            raise Problem(403, "role-not-permitted", "Expected an advisor or a bot, found another role.")
        now = gate.clock()
        call = reading.run(one_more_try, actor, request.call, now)
        may_be = partial(gate.permitted, reading, ask)
        heard = request.heard.hypotheses()
        hypotheses, ranking = reading.run(rank_callers, heard, request.region, now.year, may_be)
        verified = is_verified(ranking)
        wrong = not verified and is_wrong(hypotheses, ranking)
        if wrong:
            reading.run(one_wrong, call, now)
        reading.outcome = "identified" if verified else "wrong-try" if wrong else "not-identified"
        reading.about = ranking.scored[0].candidate.profile_id if verified else None
        return _answer(request, hypotheses, ranking, call, verified, call.wrong_left - wrong)


def is_verified(ranking: Ranking) -> bool:
    """Whether the caller is the first candidate with certainty, and by more than publicly known data."""
    first = ranking.scored[0] if ranking.scored else None
    return (
        first is not None
        and first.probability >= VERIFIED_FROM
        and len(first.agreeing) >= FEWEST_AGREEING
        and bool(first.exact & first.agreeing & PRIVATE)
    )


def is_wrong(hypotheses: CallerHypotheses, ranking: Ranking) -> bool:
    """Whether a private value was given that is not the likeliest candidate's: a mistake, or a guess.

    While too little was given for any answer to show candidates, a guess reveals nothing.
    """
    if len(hypotheses.groups) < FEWEST_TOLD:
        return False
    private = {
        name for name in PRIVATE if name in hypotheses.groups and (name != "birth_date" or hypotheses.whole_birth)
    }
    first = ranking.scored[0] if ranking.scored and ranking.none < SHOWN_BELOW else None
    return bool(private) and (first is None or not private <= first.exact)


def _answer(
    request: IdentifyRequest,
    hypotheses: CallerHypotheses,
    ranking: Ranking,
    call: Call,
    verified: bool,
    wrong_left: int,
) -> IdentifyAnswer:
    fields = set(hypotheses.fields) | ({"given_name", "family_name"} if "full_name" in hypotheses.fields else set())
    if not hypotheses.whole_birth:
        fields -= {"birth_date"}
    fields |= set(request.cannot_tell)
    shown = [one for one in ranking.scored[:MOST_SHOWN] if one.probability >= LEAST_SHOWN]
    if verified:
        shown = shown[:1]
    elif ranking.none >= SHOWN_BELOW or len(hypotheses.groups) < FEWEST_TOLD:
        shown = []
    return IdentifyAnswer(
        verified=verified,
        profile_id=ranking.scored[0].candidate.profile_id if verified else None,
        candidates=[CandidateView(handle=_handle(call, one), probability=round(one.probability, 4)) for one in shown],
        none_of_them=round(ranking.none, 4) if shown else None,
        ask=None if verified else next_field(ranking, fields, LACKING) if shown else first_field(fields),
        unread=list(hypotheses.unread),
        wrong_tries_left=wrong_left,
    )


def _handle(call: Call, one: ScoredCandidate) -> str:
    """A candidate's handle: the same in every answer of a call, different in another call or for another actor."""
    handle = hmac.new(call.salt.encode(), one.candidate.profile_id.encode(), hashlib.sha256)
    return f"c_{handle.hexdigest()[:16]}"
