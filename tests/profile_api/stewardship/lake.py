"""A few source records in the operational store as a batch leaves them: scored, clustered, published."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import Engine, insert, select

from contracts.channel import Channel
from contracts.standard import person_record
from identity.clustering.stable_ids import new_id
from identity.matching.model import load
from identity.stewarding.reassignment import ClusterContext, clusters
from identity.stewarding.scoring import weights
from profile_api.stewardship.queries.scored import scored
from read_model.attribution import attribute
from read_model.rebuild import rebuild
from stores import schema
from tests.profile_api.people import NOW

CHANNEL = {
    "channel": "crm",
    "files": "x",
    "format": "csv",
    "holds": ["person"],
    "region": "FR",
    "columns": {
        "id": {"is": "key", "kind": "customer_number"},
        "given": {"is": "given_name"},
        "family": {"is": "family_name"},
        "born": {"is": "birth_date", "format": "iso"},
        "mail": {"is": "email"},
        "phone": {"is": "phone"},
        "street": {"is": "street"},
        "tax": {"is": "external_id", "kind": "national_id"},
        "changed": {"is": "version", "format": "iso"},
    },
}
HOME = {"street": "12 rue des Lilas", "phone": "0199000123"}
ANNA = {"id": "1", "given": "Anna", "family": "Roux", "born": "1980-03-02", "mail": "anna.roux@mail.example", **HOME}
ANNA_TOO = {**ANNA, "id": "2", "phone": "0199000777", "changed": "2024-02-01T00:00:00Z"}
ANNE = {"id": "3", "given": "Anne", "family": "Roux", "born": "1981-03-02", "mail": "anne@mail.example", **HOME}
LUC = {"id": "4", "given": "Luc", "family": "Roux", "born": "1978-05-06", "mail": "luc@mail.example", **HOME}
LUC_TOO = {**LUC, "id": "5", "tax": "184127645108946"}
ZOE = {"id": "6", "given": "Zoé", "family": "Martin", "born": "1981-03-20", "mail": "zoe@post.example"}
CAME = [("crm:1", "+33199000123"), ("crm:3", "+33199000123"), (None, "+33199000777"), (None, "+33199000123")]
PEOPLE = [ANNA, ANNA_TOO, ANNE, LUC, LUC_TOO, ZOE]


def write_lake(engine: Engine, people: list[dict[str, str]] = PEOPLE) -> dict[str, str]:
    """Writes the records and what a batch finds of them; returns record -> profile."""
    contract = Channel.model_validate(CHANNEL)
    rows = [person_record(contract, one, NOW).as_row() | {"content_hash": "x"} for one in people]
    with engine.begin() as connection:
        model = {"version": "v1", "trained_at": NOW, "parameters": asdict(load()), "names": {"given": {}, "family": {}}}
        connection.execute(insert(schema.models).values(model))
        connection.execute(insert(schema.channel_trust).values(channel="crm", trust={"": 50}))
        for row in rows:
            document = json.loads(json.dumps(row, default=str))
            document["observed_at"] = row["observed_at"].isoformat() if row["observed_at"] else None
            one = {"record_id": row["record_id"], "profile_id": "waiting", "document": document}
            connection.execute(insert(schema.records).values(one))
        rebuild(connection, {"waiting"}, NOW)  # its keys, by which pairs are found
        ids = [row["record_id"] for row in rows]
        vectors = scored(connection, ids).vectors
        found = weights(load(), vectors)
        for (left, right), bits in found.items():
            edge = {"left_id": left, "right_id": right, "weight": bits, "evidence": vectors[left, right]}
            if bits >= -3:
                named = {"rule": "person_model", "tier": "probabilistic"}
                connection.execute(insert(schema.edges).values(edge | named))
            if -3 <= bits < 0.5:
                connection.execute(insert(schema.reviews).values(edge | {"reason": "near the threshold"}))
        owners = {}
        for part in clusters(ClusterContext(dict.fromkeys(ids, "waiting"), found), about=ids):
            owners |= dict.fromkeys(part, new_id(min(part), ()))
        for record, profile in owners.items():
            of = schema.records.c.record_id == record
            connection.execute(schema.records.update().where(of).values(profile_id=profile))
        rebuild(connection, {*owners.values(), "waiting"}, NOW)
        for number, (record, phone) in enumerate(CAME):
            event = {
                "event_id": f"web:{number}",
                "profile_id": owners.get(record or ""),
                "occurred_at": NOW - timedelta(days=number),
                "document": {
                    "channel": "web",
                    "type": "order",
                    "intent": None,
                    "amount": 10.0,
                    "properties": {},
                    "categories": {"type": "transaction", "amount": "transaction"},
                },
                "record_id": record,
                "identifiers": [{"kind": "phone", "value": phone}],
            }
            connection.execute(insert(schema.timeline).values(event))
            attribute(connection, [event["event_id"]])
        return owners


class KeptFeatures:
    """An online store in memory, as `feature_repo.served` keeps one; it does not answer while it is `down`."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, tuple[Any, datetime]]] = {}
        self.down = False

    def read(self, profile_id: str, purpose: str) -> dict[str, dict[str, Any]]:
        return {}

    def write(self, profile_id: str, rows: Any, event_timestamp: datetime) -> None:
        self.rows.setdefault(profile_id, {}).update({view: (row, event_timestamp) for view, row in rows.items()})

    def stands_at(self, profile_id: str, view: str) -> datetime | None:
        if self.down:
            raise RedisError("gone")
        return self.rows.get(profile_id, {}).get(view, (None, None))[1]

    def forget(self, profile_id: str) -> bool:
        return self.rows.pop(profile_id, None) is not None


def seen(engine: Engine) -> dict[str, Any]:
    """What anybody can read of profiles, but for the versions."""
    with engine.connect() as connection:
        return {
            "people": dict(connection.execute(select(schema.profiles.c.profile_id, schema.profiles.c.document)).all()),
            "timeline": dict(
                connection.execute(select(schema.timeline.c.event_id, schema.timeline.c.profile_id)).all()
            ),
            "held": sorted(connection.execute(select(schema.identifiers)).all()),
            "redirects": dict(connection.execute(select(schema.redirects)).all()),
            "owners": dict(connection.execute(select(schema.records.c.record_id, schema.records.c.profile_id)).all()),
        }
