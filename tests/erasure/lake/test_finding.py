"""What of the people to erase is theirs alone, where others say the same."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pyspark.sql import SparkSession

from contracts.channel import Channel
from contracts.identifiers import Identifier
from contracts.loading import load_channels
from erasure.lake.finding import complete, settle
from erasure.people.personal_values import PersonalValues
from erasure.people.subject import Subject
from spark_jobs.ingest import ingest
from spark_jobs.standardise import standardise

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def nobody_else(named: set[Identifier]) -> set[Identifier]:
    """Outside the lake nobody has any of these."""
    return set()


def test_what_others_held_once_and_names_in_what_stays_are_not_theirs_alone(
    spark: SparkSession, lake: str, sources: Path, channels: dict[str, Channel], write_crm: Callable[..., None]
) -> None:
    write_crm(
        "E-7000001,Evelynka,Zarwell,05/03/1981,eve@inbox.example,0170009999,2024-01-02T00:00:00Z",
        "F-7000002,Fredrik,Ostrander,07/08/1979,fred@inbox.example,+33 1 70 00 99 99,2024-01-02T00:00:00Z",
        "F-7000002,Fredrik,Ostrander,07/08/1979,fred@inbox.example,0170008888,2025-01-02T00:00:00Z",
    )
    nobody = "evelynka.zarwell@elsewhere.example"  # perhaps hers: nothing says so
    said = f"kind,who,what,said,at\nemail,{nobody},personalisation,granted,2024-02-01T00:00:00Z\n"
    (sources / "consents.csv").write_text(said, encoding="utf-8")
    ingest(spark, lake, str(sources), channels, NOW)
    standardise(spark, lake, channels)

    hers = Subject(people=1, records={"crm:E-7000001"})
    settle(spark, lake, hers, complete(spark, lake, hers, PersonalValues(), channels, nobody_else, NOW), set())
    phones = {one.value for one in hers.identifiers if one.kind == "phone"}
    assert Identifier("email", "eve@inbox.example") in hers.identifiers and phones == set()
    assert "eve@inbox.example" in hers.values and "+33170009999" not in hers.values
    assert hers.words.isdisjoint({"evelynka", "zarwell"})

    his = Subject(people=1, records={"crm:F-7000002"})
    settle(spark, lake, his, complete(spark, lake, his, PersonalValues(), channels, nobody_else, NOW), set())
    assert {one.value for one in his.identifiers if one.kind == "phone"} == {"+33170008888"}
    assert his.words >= {"fredrik", "ostrander"}


def test_what_her_source_has_deleted_is_hers_and_holds_nothing_back(
    spark: SparkSession,
    lake: str,
    sources: Path,
    contracts_folder: Path,
    write_crm: Callable[..., None],
) -> None:
    crm = contracts_folder / "crm.yml"
    crm.write_text(crm.read_text().replace("format: csv", "format: csv\ndelivery: full\nmay_go: 0.9", 1))
    (contracts_folder / "cards.yml").write_text(
        "channel: cards\nfiles: cards.csv\nformat: csv\nholds: [person]\nregion: FR\ncolumns:\n"
        "  card: {is: key, kind: loyalty_card}\n  mail: {is: email}\n"
    )
    channels = load_channels(contracts_folder)
    (sources / "cards.csv").write_text("card,mail\n9001,eve@inbox.example\n")
    eve = "E-7000001,Evelynka,Zarwell,05/03/1981,eve@inbox.example,0170009999,2024-01-02T00:00:00Z"
    fred = "F-7000002,Fredrik,Ostrander,07/08/1979,fred@inbox.example,0170008888,2024-01-02T00:00:00Z"
    for day, lines in enumerate(([eve, fred], [fred])):
        write_crm(*lines)
        ingest(spark, lake, str(sources), channels, NOW + timedelta(days=day))
        standardise(spark, lake, channels)

    hers = Subject(people=1, records={"cards:9001"})
    settle(spark, lake, hers, complete(spark, lake, hers, PersonalValues(), channels, nobody_else, NOW), set())
    assert Identifier("email", "eve@inbox.example") in hers.identifiers
    assert hers.records == {"cards:9001", "crm:E-7000001"}
