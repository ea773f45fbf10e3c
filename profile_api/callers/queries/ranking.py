"""Who a caller may be, by what they told: the candidates on file, ranked by the model in force."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from identity.callers.hypotheses import CallerHypotheses, Hypothesis, hear
from identity.callers.score import Ranking
from profile_api.callers.queries.candidates import Permitted, find_candidates, people_on_file
from profile_api.responses.errors import unavailable
from read_model.model_in_force import model_in_force


def rank_callers(
    connection: Connection,
    heard: Mapping[str, Sequence[Hypothesis]],
    region: str | None,
    this_year: int,
    permitted: Permitted,
) -> tuple[CallerHypotheses, Ranking]:
    """The hypotheses and the candidates, ranked among those who are `permitted` for the purpose."""
    model = model_in_force(connection)
    hypotheses = hear(heard, model.names, this_year, region)
    profiles = people_on_file(connection)
    candidates = find_candidates(connection, hypotheses.keys, model.names, profiles, permitted)
    try:
        return hypotheses, model.scorer.rank(hypotheses, candidates, profiles)
    except ValueError as error:
        raise unavailable("the identity model") from error
