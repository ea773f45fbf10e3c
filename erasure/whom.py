"""Whose data an erasure request is about: a person, some of their records, or the remaining rows of one without a
profile."""

from pyspark.sql import SparkSession
from sqlalchemy import Connection

from consent.requests import PrivacyRequest
from erasure.journal import Asked, NotErasable
from erasure.lake import finding
from erasure.operational import owners
from erasure.people.subject import Subject
from read_model.redirects import current_id


def add_whom(
    connection: Connection, spark: SparkSession, lake: str, subject: Subject, request: PrivacyRequest, asked: Asked
) -> None:
    """Adds all records of a person, or the chosen ones, or those that no profile has."""
    chosen = set(asked.records)
    if request.of_no_profile:
        _check_unheld(connection, spark, lake, request, chosen)
        subject.records |= chosen
        return
    profile_id = current_id(connection, request.profile_id)
    held = owners.records_of(connection, [profile_id])
    of_lake = finding.records_of(spark, lake, [profile_id])
    held |= of_lake - owners.of_others(connection, of_lake, [profile_id])
    if not held | chosen:
        raise NotErasable(
            f"request {request.request_id}: expected a person with records, found none; they may be erased already."
            " What sources have deleted is erased by its key, from an intake: docs/privacy-rights.md"
        )
    part = bool(chosen) and not held <= chosen
    subject.records |= chosen if part else held
    if part:
        subject.rebuilt |= {profile_id, *owners.owners_of(connection, chosen)}
    else:
        subject.profiles |= {profile_id, request.profile_id}


def check_found(subject: Subject) -> None:
    """Raises NotErasable if a request names identifiers without any data."""
    if not (subject.records or subject.events or subject.consents):
        raise NotErasable(
            "expected something under the identifiers that the request names, found nothing that is theirs alone;"
            " refuse it with a word to the person"
        )


def _check_unheld(
    connection: Connection, spark: SparkSession, lake: str, request: PrivacyRequest, chosen: set[str]
) -> None:
    if owners.owners_of(connection, chosen):
        raise NotErasable(
            f"request {request.request_id}: expected keys that no profile holds, found that one does by now; refuse it,"
            " and file it anew for that profile"
        )
    if missing := len(chosen - finding.raw_records(spark, lake, chosen)):
        raise NotErasable(
            f"request {request.request_id}: expected rows under each key that it names, found none under {missing} of"
            f" {len(chosen)}; refuse it with a word to the person, or file it anew with the right keys"
        )
