"""Erases people from the online store: deletes a profile's key; a profile that continues is computed without them."""

from redis import Redis
from sqlalchemy import Engine, select

from erasure.operational.compaction import forget_online
from erasure.people.subject import Subject
from feature_repo.computed import computed
from feature_repo.online import open_features
from feature_repo.wire import online_key
from stores.embedded import Stores
from stores.schema import profiles, timeline


def forget_or_compute(engine: Engine, stores: Stores, client: Redis, subject: Subject) -> int:
    """How many profiles lost their features."""
    forgotten = forget_online(client, [online_key(profile_id) for profile_id in sorted(subject.profiles)])
    if not subject.rebuilt:
        return forgotten
    features = open_features(stores)
    with engine.connect() as connection:
        for profile_id in sorted(subject.rebuilt):
            document = connection.scalar(select(profiles.c.document).where(profiles.c.profile_id == profile_id))
            moment = features.stands_at(profile_id)
            if document is None or moment is None:
                continue
            columns = timeline.c.event_id, timeline.c.occurred_at, timeline.c.document
            rows = connection.execute(select(*columns).where(timeline.c.profile_id == profile_id))
            events = [{"event_id": row.event_id, "occurred_at": row.occurred_at, **row.document} for row in rows]
            features.write(profile_id, computed(document, events, moment), moment)
    return forgotten
