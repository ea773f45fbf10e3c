import pandas as pd

from benchmarks.peer import plain_splink


def test_plain_splink_takes_a_set_that_has_only_names_and_birth_dates() -> None:
    given = "Ada Bruno Clara Denis Elsa Franck Gisele Hugo Irene Jules".split()
    family = "Moreau Petit Roux Faure Garnier Lambert Morel Noel Olivier Perrin".split()
    people = [(given[n % 10], family[n // 10 % 10], f"19{40 + n % 47}-0{1 + n % 9}-{10 + n % 18}") for n in range(400)]
    rows = [(f"crm:{n}:{copy}", *person) for n, person in enumerate(people) for copy in "ab"]
    records = pd.DataFrame(rows, columns=["record_id", "given_name", "family_name", "birth_date"])
    records = records.assign(street=None, city=None, postcode=None, identifiers=[[] for _ in rows])
    found = plain_splink(records, {record: record.rpartition(":")[0] for record in records["record_id"]})
    assert found["f1"] > 0.9
