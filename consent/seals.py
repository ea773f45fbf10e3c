"""Seals the audit: committed rows enter a hash chain in batches, so that a read waits for no chain.

A seal holds the hash of each of its rows, the hash of the seal before, and a MAC that only the service can make. What
can happen to a row before it is sealed is decision 0011.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from threading import Event
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Select, Text, cast, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from consent import cuts
from consent.beside import beside
from consent.chain import Chain, Finding, Link, check, digest, instant_text
from contracts.keyring import all_of
from contracts.settings import MissingSecret
from stores.schema import audit, audit_seals

LOCK = 0x5EA1  # one sealer at a time, across all services
LARGEST = 5_000
EVERY = 0.5
"""Seconds between two searches for rows to seal."""
LATE = 20
"""Every so many searches also look for late rows, below sealed ones, by reading all rows of the last minute."""
SETTLED = timedelta(seconds=60)
"""The longest time from a row's number to its commit within which the service still seals it."""

log = structlog.get_logger()

_CONTENT = select(
    *[column for column in audit.c if column.name != "decision"], cast(audit.c.decision, Text).label("decision")
)


def row_hash(row: Mapping[str, Any]) -> str:
    """The hash of an audit row in a seal; it covers every column."""
    content = [str(row["audit_id"]), instant_text(row["at"]), row["actor"], row["role"], row["purpose"], row["action"]]
    return digest(*content, row["profile_id"], row["decision"], row["outcome"])


def seal(connection: Connection, key: bytes, now: datetime, late: bool = True) -> int:
    """Seals committed, unsealed rows; returns how many.

    The transaction is the caller's. Without `late`, only rows above all sealed ones.
    """
    if not connection.scalar(select(func.pg_try_advisory_xact_lock(LOCK))):
        return 0
    cut = cuts.newest(connection)
    last = connection.execute(select(audit_seals).order_by(audit_seals.c.sequence.desc()).limit(1)).first() or cut
    newer = _CONTENT.where(audit.c.audit_id > last.last_id).order_by(audit.c.audit_id)
    rows = connection.execute((_unsealed(now, cut.last_id) if late else newer).limit(LARGEST)).mappings().all()
    if not rows:
        return 0
    ids, hashes = [row["audit_id"] for row in rows], [row_hash(dict(row)) for row in rows]
    values: dict[str, Any] = {
        "sequence": last.sequence + 1,
        "sealed_at": now,
        "audit_ids": ids,
        "hashes": hashes,
        "last_id": max(ids[-1], last.last_id),
        "previous_hash": last.hash,
    }
    values["hash"] = seal_hash(values)
    connection.execute(insert(audit_seals).values(**values, mac=_mac(key, values["hash"])))
    return len(rows)


def _unsealed(now: datetime, gone: int) -> Select[Any]:
    # Row numbers are assigned before commit: a row may appear below sealed ones, but not after `SETTLED`.
    seals = audit_seals.c
    old = select(seals.last_id).where(seals.sealed_at < now - SETTLED).order_by(seals.sequence.desc()).limit(1)
    recent = select(func.unnest(seals.audit_ids)).where(seals.sealed_at >= now - SETTLED)
    settled = func.coalesce(old.scalar_subquery(), gone)
    return _CONTENT.where(audit.c.audit_id > settled, audit.c.audit_id.not_in(recent)).order_by(audit.c.audit_id)


def seal_hash(row: Mapping[str, Any]) -> str:
    """The hash of a seal."""
    ids = ",".join(str(one) for one in row["audit_ids"])
    return digest(row["previous_hash"], instant_text(row["sealed_at"]), ids, ",".join(row["hashes"]))


def seal_link(row: Mapping[str, Any]) -> Link:
    """A seal as a row of the chain."""
    return Link(row["sequence"], f"seal {row['sequence']}", row["previous_hash"], row["hash"], seal_hash(row))


def _mac(key: bytes, hash_: str) -> str:
    return hmac.new(key, hash_.encode(), hashlib.sha256).hexdigest()


def _made_with(key: bytes, row: Mapping[str, Any]) -> int | None:
    """The index of the key that made a seal, 0 being the current one; None for another key."""
    own = (hmac.compare_digest(row["mac"], _mac(one, row["hash"])) for one in all_of(key))
    return next((number for number, is_own in enumerate(own) if is_own), None)


def check_key(connection: Connection, key: bytes) -> None:
    """Raises MissingSecret if the latest seal was made with none of these keys."""
    of = audit_seals.c
    newest = select(of.hash, of.mac).order_by(of.sequence.desc()).limit(1)
    row = connection.execute(newest).mappings().first()
    if row is not None and _made_with(key, dict(row)) is None:
        raise MissingSecret(
            "expected the OCV_AUDIT_KEY that the audit was sealed with last, found another; if it was changed, name the"
            " one before in OCV_FORMER_AUDIT_KEYS: erased people are recognised by it. If it was not, somebody else has"
            " written the newest seal: `make verify-ledger` says what is wrong"
        )


def verify_audit(connection: Connection, key: bytes | None) -> Chain:
    """Checks the chain of seals, every row against its seal, unsealed rows, and MACs if there is a key."""
    cut = cuts.newest(connection)
    findings = cuts.findings(cut, key)
    sealed: dict[int, tuple[str, int]] = {}
    newest = len(all_of(key or b""))

    def _forged(row: Mapping[str, Any]) -> str | None:
        nonlocal newest
        made_with = _made_with(key or b"", row)
        if made_with is None:
            return "made neither with OCV_AUDIT_KEY nor with one of OCV_FORMER_AUDIT_KEYS"
        if made_with > newest:
            return "made with a former key after a newer one was in force"
        newest = made_with
        return None

    def links() -> Iterator[Link]:
        query = select(audit_seals).order_by(audit_seals.c.sequence)
        for found in connection.execute(query, execution_options={"yield_per": 500}).mappings():
            row = dict(found)
            if key is not None and (what := _forged(row)):
                findings.append(Finding("forged", row["sequence"], f"seal {row['sequence']}", what))
            sealed.update(
                (id_, (hash_, row["sequence"])) for id_, hash_ in zip(row["audit_ids"], row["hashes"], strict=False)
            )
            yield seal_link(row)

    chain = check(links(), cut.sequence, cut.hash)
    last, unsealed = max(sealed, default=cut.last_id), 0
    rows = connection.execute(_CONTENT.order_by(audit.c.audit_id), execution_options={"yield_per": 5_000})
    for found in rows.mappings():
        row = dict(found)
        hash_, number = sealed.pop(row["audit_id"], (None, 0))
        if hash_ is None and row["audit_id"] > last:
            unsealed += 1
        elif hash_ is None:
            what = "no seal holds it: put in later, or committed more than a minute after its number was given"
            findings.append(Finding("unsealed", row["audit_id"], f"audit row {row['audit_id']}", what))
        elif hash_ != row_hash(row):
            what = f"its content is not what seal {number} holds"
            findings.append(Finding("edited", row["audit_id"], f"audit row {row['audit_id']}", what))
    for id_, (_, number) in sealed.items():
        findings.append(Finding("removed", id_, f"audit row {id_}", f"seal {number} holds it"))
    chain.findings += findings
    chain.waiting = unsealed
    return chain


@contextmanager
def sealing(engine: Engine, key: bytes, clock: Callable[[], datetime]) -> Iterator[None]:
    """Seals in its own thread until the end, and once more then."""
    with beside("sealer", partial(_run, engine, key, clock)):
        yield


def _run(engine: Engine, key: bytes, clock: Callable[[], datetime], stop: Event) -> None:
    ended, looks = False, 0
    while not ended:
        ended = stop.wait(EVERY)
        late = ended or looks % LATE == 0
        looks += 1
        try:
            with engine.begin() as connection:
                while seal(connection, key, clock(), late) == LARGEST:
                    pass
        except SQLAlchemyError as error:
            log.error("audit not sealed", error=type(error).__name__)
