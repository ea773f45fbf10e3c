from math import log2
from pathlib import Path

import pytest
from splink import DuckDBAPI, Linker

from benchmarks.labelled import names_of
from identity.matching.comparison_columns import comparison_columns
from identity.matching.comparisons import COMPARISONS
from identity.matching.model import load, weights_sql
from spark_jobs.resolve.splink_model import save_charts, splink_settings
from tests.spark_jobs.resolve.lake_in_memory import LakeInMemory
from tests.spark_jobs.resolve.people import person


def test_splink_gives_the_same_vectors_and_weights_against_strangers():
    records = [
        person(f"r{i}", given_name=given, family_name="Morel", birth_typed=birth, phone=["+33140000001"])
        for i, (given, birth) in enumerate([("Jean", "1950-01-02"), ("Jeanne", "1950-01-03"), ("Lucas", "1980-07-09")])
    ]
    names = names_of(records)
    lake = LakeInMemory()
    lake.run(records, names=names)
    ours = lake.engine.arrow(weights_sql(load(), "select * from vectors")).to_pandas()
    ours = ours.sort_values(["left_id", "right_id"])
    keyed = lake.engine.arrow("select * from columns order by record_id").to_pandas()
    keyed["blocking_keys"] = [comparison_columns(record, names)["blocking_keys"] for record in records]
    linker = Linker(DuckDBAPI().register(keyed), splink_settings(load(), "duckdb"), log_level=None)
    theirs = linker.inference.predict().as_pandas_dataframe().sort_values(["record_id_l", "record_id_r"])
    assert len(ours) == len(theirs) == 3
    for comparison in COMPARISONS:
        assert list(ours[f"gamma_{comparison.name}"]) == list(theirs[f"gamma_{comparison.name}"])
    prior = log2(load().matches / (1 - load().matches))
    assert list(ours["against_strangers"] + prior) == pytest.approx(list(theirs["match_weight"]))


def test_the_model_card_has_splinks_charts(tmp_path: Path):
    assert all("vega" in page.read_text() for page in save_charts(load(), tmp_path))
