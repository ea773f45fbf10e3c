"""What a run has to tell about its input: values that too many share, and components that are too large."""

from typing import Any

from identity.matching.model import PersonModel
from identity.matching.rules import Rules
from lake.sql_engine import Engine
from spark_jobs.resolve.candidates import active_sql


def notes(engine: Engine, rules: Rules, model: PersonModel) -> dict[str, Any]:
    """For the report, without any value: `shared_by_too_many` by kind, `held_for_review`, too large components, and
    `model`, where it could not be learned."""
    sizes = f"select count(*) from component_of group by component having count(*) > {rules.largest_cluster}"
    large = sorted((size for (size,) in engine.rows(sizes)), reverse=True)
    shared = engine.rows(
        "select kind, count(*) as number, max(holders) as most from (select kind, key, count(*) as holders"
        f" from numbers group by kind, key having count(*) > 1 and not {active_sql('count(*)', 'true', rules)}) n"
        " group by kind order by kind"
    )
    found: dict[str, Any] = {}
    if shared:
        found["shared_by_too_many"] = {kind: {"values": n, "most_records": most} for kind, n, most in shared}
    if large:
        found["held_for_review"] = {"components": len(large), "records": sum(large), "largest": large[0]}
    if not model.learned:
        found["model"] = (
            "expected duplicates to learn from, found too few; one person's pairs are taken to be like those of the"
            " shipped model. Train again once sources overlap"
        )
    return found
