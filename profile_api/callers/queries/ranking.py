"""Who a caller may be, by what they told: the candidates on file, ranked by the model in force."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from identity.callers.hypotheses import CallerHypotheses, Hypothesis, hear
from identity.callers.score import Ranking
from profile_api.callers.queries.candidates import find_candidates
from profile_api.callers.views import HeardFields, IdentifyRequest
from profile_api.errors import unavailable
from read_model.model_in_force import model_in_force

ENOUGH_ROWS = 1_000


def rank_callers(connection: Connection, request: IdentifyRequest, this_year: int) -> tuple[CallerHypotheses, Ranking]:
    """The hypotheses and the ranked candidates; the caller of this decides what may be shown."""
    model = model_in_force(connection)
    hypotheses = hear(_hypotheses(request.heard), model.names, this_year, request.region)
    profiles = _profiles(connection)
    candidates = find_candidates(connection, hypotheses.keys, model.names, profiles)
    try:
        return hypotheses, model.scorer.rank(hypotheses, candidates, profiles)
    except ValueError as error:
        raise unavailable("the identity model") from error


def _hypotheses(fields: HeardFields) -> Mapping[str, Sequence[Hypothesis]]:
    return {
        name: [
            Hypothesis(one) if isinstance(one, str) else Hypothesis(one.text, one.confidence, one.kind) for one in given
        ]
        for name in fields.model_fields_set
        if (given := getattr(fields, name))
    }


def _profiles(connection: Connection) -> int:
    """How many people are on file: PostgreSQL's running count, which costs nothing, else a real one."""
    counted = text("SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = 'profiles'")
    rows = connection.scalar(counted) or 0
    return int(rows if rows >= ENOUGH_ROWS else connection.scalar(text("SELECT count(*) FROM profiles")) or 1)
