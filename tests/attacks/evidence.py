"""Whom the batch's own evidence joins: its statements and its model, over records in memory."""

from collections.abc import Collection, Mapping
from typing import Any

from identity.clustering.cluster import Pair
from read_model.rebuild import record_of
from tests.spark_jobs.resolve.lake_in_memory import LakeInMemory


def joined(
    records: Mapping[str, Mapping[str, Any]],
    stood: Mapping[str, str],
    cannot_link: Collection[Pair] = (),
    must_link: Collection[Pair] = (),
) -> set[frozenset[str]]:
    """The clusters of these records, by id; `stood` are the profiles before."""
    lake = LakeInMemory()
    lake.profile_of = {record: profile for record, profile in stood.items() if record in records}
    lake.run([record_of(document) for document in records.values()], (), cannot_link, must_link)
    return lake.clusters
