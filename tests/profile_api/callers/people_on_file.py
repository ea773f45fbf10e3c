"""People on file for the tests of callers: records, their keys and their profiles, as publishing writes them."""

from typing import Any

from sqlalchemy import Engine, delete, insert

from read_model.record_keys import write_keys
from stores.schema import profiles, records
from tests.profile_api.people import NOW
from tests.spark_jobs.resolve.people import person

HOME = {"street": "12 rue des Lilas", "postcode": "75011", "city": "Paris"}
MOREL = {"family_name": "Morel", "phone": ["+33140000001"], **HOME}
PEOPLE: dict[str, list[dict[str, Any]]] = {
    "p-jean": [
        {"given_name": "Jean", "birth_typed": "1951-03-14", **MOREL},
        {"given_name": "Jean", "family_name": "Morel", "loyalty_card": ["l-204816"]},
    ],
    "p-marie": [{"given_name": "Marie", "birth_typed": "1953-07-02", **MOREL}],
    "p-son": [{"given_name": "Jean", "birth_typed": "1984-11-27", **MOREL}],
    "p-lea": [
        {
            "given_name": "Lea",
            "family_name": "Diallo",
            "birth_typed": "1980-01-02",
            "email": ["lea.diallo@inbox.example"],
            "street": "3 quai Sud",
            "postcode": "69001",
            "city": "Lyon",
        }
    ],
}


def put_on_file(engine: Engine, people: dict[str, list[dict[str, Any]]] = PEOPLE) -> None:
    with engine.begin() as connection:
        for profile_id, said in people.items():
            named = {"records": [f"crm:{profile_id}-{number}" for number in range(len(said))]}
            row = {"profile_id": profile_id, "version": 1, "document": named, "updated_at": NOW}
            connection.execute(insert(profiles).values(row))
            for number, one in enumerate(said):
                document = person(f"crm:{profile_id}-{number}", **one)
                row = {"record_id": document["record_id"], "profile_id": profile_id, "document": document}
                connection.execute(insert(records).values(row))
        write_keys(connection, people)


def take_off_file(engine: Engine, profile_id: str) -> None:
    with engine.begin() as connection:
        connection.execute(delete(records).where(records.c.profile_id == profile_id))
