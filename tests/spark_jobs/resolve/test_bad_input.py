"""What no source should deliver, and every source does: no crash, no giant profile, everybody is served, and a note."""

from typing import Any

from identity.matching.rules import SHIPPED
from spark_jobs.resolve.notes import notes
from tests.spark_jobs.resolve.lake_in_memory import LakeInMemory
from tests.spark_jobs.silver import person_channel, record

CRM = person_channel()


def resolved(*rows: dict[str, str]) -> tuple[LakeInMemory, dict[str, Any]]:
    lake = LakeInMemory()
    lake.run([record({"id": str(number), **row}, CRM) for number, row in enumerate(rows)])
    assert sum(map(len, lake.clusters)) == len(rows)
    return lake, notes(lake.engine, SHIPPED, lake.model)


def largest(lake: LakeInMemory) -> int:
    return max(map(len, lake.clusters))


def test_thousands_of_people_with_one_email_stay_apart_without_a_pair_and_the_report_says_so() -> None:
    people = [{"given": f"Nom{chr(97 + n % 26)}{n}", "mail": "tous@mail.example"} for n in range(3_000)]
    lake, told = resolved(*people)
    assert lake.engine.rows("select count(*) from proposed") == [(0,)]
    assert largest(lake) == 1
    assert told == {"shared_by_too_many": {"email": {"values": 1, "most_records": 3_000}}}


def test_a_record_equal_to_every_other_makes_no_giant_profile_and_is_held_for_review() -> None:
    same = {"given": "Anna", "family": "Roux", "born": "1980-03-02", "mail": "anna.roux@mail.example"}
    lake, told = resolved(*[same] * 450)
    assert largest(lake) <= SHIPPED.largest_cluster
    assert told["held_for_review"] == {"components": 1, "records": 450, "largest": 450}


def test_records_of_empty_strings_are_each_somebody() -> None:
    lake, told = resolved(*[dict.fromkeys(("given", "family", "born", "mail", "phone", "street"), "")] * 30)
    assert largest(lake) == 1
    assert told == {}


def test_emoji_right_to_left_names_and_dates_in_the_future_are_compared_like_any() -> None:
    leila = {"given": "ليلى", "family": "חיים", "mail": "leila@mail.example", "born": "2999-12-31"}
    smile = {"given": "😀", "family": "👩‍👩‍👧", "mail": "smile@mail.example", "phone": "+33"}
    lake, _ = resolved(leila, leila, smile, smile, {"given": "\u202eAnna", "born": "31/02/1980"})
    assert {frozenset(part) for part in lake.clusters} >= {frozenset({"crm:0", "crm:1"}), frozenset({"crm:4"})}
