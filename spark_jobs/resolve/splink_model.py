"""The person model as Splink settings: its charts, and its predictions on any of Splink's backends."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.comparison_level_library import CustomLevel
from splink.comparison_library import CustomComparison

from identity.matching.comparisons import COMPARISONS
from identity.matching.model import PersonModel
from identity.matching.vectors import COMPARED, in_dialect

# Splink adjusts one column's exact level; products (a mailbox that spells a whole name) are model.py's alone.
_FREQUENCIES = {"given_name": "given", "family_name": "family"}


def splink_settings(model: PersonModel, dialect: str) -> dict[str, Any]:
    """Splink's settings with the model's m and u per level and its prior, for `duckdb` or `spark`.

    Records need the comparison columns, `tf_given`, `tf_family` and `blocking_keys`; the household explanations come
    on top of Splink's comparison vectors (`weights_sql`).
    """
    comparisons: list[Any] = []
    for comparison in COMPARISONS:
        levels: list[Any] = [
            CustomLevel(in_dialect(comparison.null, dialect), "nothing to tell").configure(is_null_level=True)
        ]
        for i, (label, condition) in enumerate(comparison.levels):
            known = model.comparisons[comparison.name][i]
            condition = "ELSE" if condition == "true" else in_dialect(condition, dialect)
            level = CustomLevel(condition, label).configure(m_probability=known.m, u_probability=known.u)
            if i == 0 and comparison.name in _FREQUENCIES:
                level.configure(
                    tf_adjustment_column=_FREQUENCIES[comparison.name], disable_tf_exact_match_detection=True
                )
            levels.append(level)
        comparisons.append(CustomComparison(levels, comparison.name))
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        probability_two_random_records_match=model.matches,
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on("blocking_keys", arrays_to_explode=["blocking_keys"])],
        retain_intermediate_calculation_columns=True,
    ).create_settings_dict(dialect)


def save_charts(model: PersonModel, folder: Path) -> list[Path]:
    """Splink's charts of the match weights and of m and u, as HTML pages that need no network."""
    with duckdb.connect() as db:
        api = DuckDBAPI(connection=db)
        columns = {
            **dict.fromkeys(["record_id", *COMPARED], pd.Series(dtype="object")),
            "blocking_keys": pd.Series(dtype="object"),
        }
        linker = Linker(api.register(pd.DataFrame(columns)), splink_settings(model, "duckdb"), log_level=None)
        charts: dict[str, Any] = {
            "match_weights.html": linker.visualisations.match_weights_chart(),
            "m_u_parameters.html": linker.visualisations.m_u_parameters_chart(),
        }
        folder.mkdir(parents=True, exist_ok=True)
        for name, chart in charts.items():
            chart.save_offline_chart(str(folder / name), overwrite=True, print_msg=False)
    return [folder / name for name in charts]
