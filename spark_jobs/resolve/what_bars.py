"""By what a lake lets two people be told apart: by dates, unless its own are mistyped too often for that."""

import duckdb

from identity.matching.apart import FAR_BIRTHS, TWO_BIRTHS
from identity.matching.model import PersonModel, weights_sql

FAR_MORE = 50
"""Times: of so many pairs of one name in one home with two dates, one at most is two people's."""
PRIOR_PAIRS = 30.0
"""Of one date each, which the lake's own have to outweigh: a father and a son alone tell nothing of mistyped dates."""
_WIDEST_FIRST = {"dates": TWO_BIRTHS, "generations": FAR_BIRTHS}


def what_bars(db: duckdb.DuckDBPyConnection, model: PersonModel) -> str:
    """The widest of the conditions `APART` under which the dates of one person differ at most so many times as often as
    two people of one name share a home, among the lake's own matches: `vectors` are of its `records`."""
    sides = ", ".join(
        f"{side}.{column} as {column}_{side}" for column in ("whole_birth", "whole_year") for side in "lr"
    )
    differ = ", ".join(
        f"sum(chance * cast({kind} as int)) / ({PRIOR_PAIRS} + sum(chance))" for kind in _WIDEST_FIRST.values()
    )
    shares = db.execute(
        f"select {differ} from (select 1 / (1 + pow(2, -w.weight)) as chance, {sides}"
        f" from ({weights_sql(model, 'select * from vectors')}) w"
        " join records l on l.record_id = w.left_id join records r on r.record_id = w.right_id"
        " where l.whole_birth is not null and r.whole_birth is not null)"
    ).fetchall()[0]
    bearable = FAR_MORE * model.namesakes / model.matches
    fit = (bars for bars, share in zip(_WIDEST_FIRST, shares, strict=True) if (share or 0.0) <= bearable)
    return next(fit, "words")
