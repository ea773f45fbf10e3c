"""Gathers everything that the stores hold of the people of an erasure, and settles which of it only they have."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from pyspark.sql import SparkSession
from sqlalchemy import Connection

from contracts.channel import Channel
from contracts.identifiers import Identifier
from erasure.lake import finding
from erasure.operational import live, owners
from erasure.operational import rows as operational
from erasure.operational.bystanders import Naming, add_bystanders
from erasure.operational.others import said_by_others
from erasure.people.personal_values import Candidates, PersonalValues
from erasure.people.search import TextSearch
from erasure.people.subject import Subject


def _nothing(_: set[Identifier]) -> set[Identifier]:
    return set()


def gather(
    connection: Connection,
    spark: SparkSession,
    lake: str,
    subject: Subject,
    personal: PersonalValues,
    channels: Mapping[str, Channel],
    now: datetime,
    shared: Callable[[set[Identifier]], set[Identifier]] = _nothing,
) -> Candidates:
    """Adds the data of a subject with known records and profiles; returns the candidates for the search.

    `personal` is what is known of them by other means; `shared` says which identifiers are known not to be theirs
    alone, whatever the stores hold.
    """
    subject.profiles |= owners.former_ids(connection, subject.profiles)
    subject.records |= live.visitors_of(connection, subject.records)
    live.complete(connection, subject, personal, channels, now)
    held = operational.complete(connection, subject, personal.identifiers)
    return finding.complete(spark, lake, subject, personal, channels, lambda named: held | shared(named), now)


def settle(
    connection: Connection,
    spark: SparkSession,
    lake: str,
    subject: Subject,
    found: Candidates,
    channels: Mapping[str, Channel],
) -> Subject:
    """The subject with its bystanders, and with the values that only these people have apart from the common ones."""
    subject.full_names -= live.borne(connection, subject, subject.full_names)
    add_bystanders(connection, subject, Naming(subject, channels))
    beside = replace(subject, records=subject.records | subject.bystanders)
    others = said_by_others(connection, beside, TextSearch(found.values, found.words))
    finding.settle(spark, lake, beside, found, others)
    return replace(beside, records=subject.records)
