"""Shared identifiers join one person's records, never a family's, and the model has a say."""

from identity.matching.comparables import comparables
from identity.matching.name_parts import NameFrequencies
from spark_jobs.resolve.deterministic import edges_sql, numbers_sql
from spark_jobs.resolve.driver_engine import DriverEngine
from spark_jobs.resolve.evidence import weigh_pairs
from tests.spark_jobs.resolve.lake_in_memory import as_table
from tests.spark_jobs.silver import person_channel, record


def edges(*rows: dict[str, str]) -> set[tuple[str, str]]:
    engine = DriverEngine()
    engine.give("now", as_table(comparables(record(row, person_channel()), NameFrequencies()) for row in rows))
    engine.let("numbers", numbers_sql("now"))
    return {(left, right) for left, right, *_ in engine.rows(edges_sql("numbers"))}


def test_a_shared_strong_identifier_joins_holders_of_one_name_and_not_a_family() -> None:
    mail = {"mail": "famille@mail.example"}
    assert edges({"id": "1", "given": "Anna", **mail}, {"id": "2", "given": "ANNA", **mail}) == {("crm:1", "crm:2")}
    assert edges({"id": "1", "given": "Anna", **mail}, {"id": "2", "given": "Luc", **mail}) == set()
    nameless = {"id": "3", **mail}
    assert edges({"id": "1", "given": "Anna", **mail}, nameless) == {("crm:1", "crm:3")}
    assert edges({"id": "1", "given": "Anna", **mail}, {"id": "2", "given": "Luc", **mail}, nameless) == set()


def test_two_birth_dates_blocklisted_mailboxes_and_devices_join_nobody() -> None:
    anna = {"given": "Anna", "mail": "anna@mail.example"}
    assert edges({"id": "1", "born": "1980-03-02", **anna}, {"id": "2", "born": "2001-01-01", **anna}) == set()
    office = {"given": "Anna", "mail": "info@mail.example"}
    assert edges({"id": "1", **office}, {"id": "2", **office}) == set()
    kiosk = {"device": "kiosk-1"}
    assert edges({"id": "1", **kiosk}, {"id": "2", **kiosk}) == set()


def test_a_value_of_many_addresses_without_a_name_is_nobodys_whether_listed_or_not() -> None:
    def held(many: int, value: str = "a7-7", **more: str) -> list[dict[str, str]]:
        return [
            {"id": str(n), "tax": value, "phone": "0199000123", "mail": f"p{n}@mail.example", **more}
            for n in range(many)
        ]

    assert edges(*held(6)) == set()
    assert len(edges(*held(3))) == 2, "one person may have three addresses"
    anna = [{"id": f"a{n}", "given": "Anna", "phone": "0199000123"} for n in range(2)]
    assert edges(*held(6), *anna) == {("crm:a0", "crm:a1")}, "those of one name are one, the nameless are nobody's"
    assert len(edges(*held(6, mail="p@mail.example"))) == 5, "one address is one person"


def test_a_value_that_thousands_share_joins_nobody_and_costs_no_more_than_its_holders() -> None:
    switchboard = [{"id": str(n), "given": f"Name{chr(97 + n % 26)}{n}", "phone": "0199000999"} for n in range(1000)]
    assert edges(*switchboard) == set()
    one_person = [{"id": f"{n:04}", "given": "Anna", "phone": "0199000999"} for n in range(1000)]
    assert len(edges(*one_person)) == 999


def test_the_model_outvotes_a_shared_contact_point_but_not_a_number_of_ones_own() -> None:
    engine = DriverEngine()
    engine.let(
        "scored",
        "select * from (values ('a', 'b', -6.0), ('a', 'c', -6.0), ('a', 'd', 3.0)) s(left_id, right_id, weight)",
    )
    engine.let(
        "deterministic_edges",
        "select * from (values ('a', 'b', 'same_email', 12.0), ('a', 'c', 'same_customer_number', 12.0),"
        " ('e', 'f', 'same_phone', 10.0)) r(left_id, right_id, rule, weight)",
    )
    weigh_pairs(engine, "")
    weights = {(left, right): float(weight) for left, right, weight in engine.rows("from pair_weights")}
    assert weights == {("a", "b"): -6.0, ("a", "c"): 12.0, ("a", "d"): 3.0, ("e", "f"): 10.0}
