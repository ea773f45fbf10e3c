"""Seals the audit: committed rows enter a hash chain in batches, so that a read waits for no chain.

A seal holds the hash of each of its rows, the hash of the seal before, and a MAC that only the service can make. What
can happen to a row before it is sealed is decision 0011.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Select, Text, cast, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from consent.chain import START, Chain, Finding, Link, check, digest, instant_text
from stores.schema import audit, audit_seals

LOCK = 0x5EA1  # one sealer at a time, whatever the number of services
LARGEST = 5_000
EVERY = 0.5
"""Seconds between two looks for rows to seal."""
LATE = 20
"""One look in so many is for late rows too, below those that are sealed: it reads all rows of the last minute."""
SETTLED = timedelta(seconds=60)
"""How long a row may take from its number to its commit and still be sealed by the service."""

log = structlog.get_logger()

_CONTENT = select(
    *[column for column in audit.c if column.name != "decision"], cast(audit.c.decision, Text).label("decision")
)


def row_hash(row: Mapping[str, Any]) -> str:
    """What a seal holds of an audit row: it covers every column."""
    said = [str(row["audit_id"]), instant_text(row["at"]), row["actor"], row["role"], row["purpose"], row["action"]]
    return digest(*said, row["profile_id"], row["decision"], row["outcome"])


def seal(connection: Connection, key: bytes, now: datetime, late: bool = True) -> int:
    """Seals the rows that were committed and are not sealed yet; returns how many. The transaction is the caller's.

    Without `late`, only rows above all that are sealed.
    """
    if not connection.scalar(select(func.pg_try_advisory_xact_lock(LOCK))):
        return 0
    last = connection.execute(select(audit_seals).order_by(audit_seals.c.sequence.desc()).limit(1)).mappings().first()
    newer = _CONTENT.where(audit.c.audit_id > (last["last_id"] if last else 0)).order_by(audit.c.audit_id)
    rows = connection.execute((_unsealed(now) if late else newer).limit(LARGEST)).mappings().all()
    if not rows:
        return 0
    ids, hashes = [row["audit_id"] for row in rows], [row_hash(dict(row)) for row in rows]
    values: dict[str, Any] = {
        "sequence": last["sequence"] + 1 if last else 1,
        "sealed_at": now,
        "audit_ids": ids,
        "hashes": hashes,
        "last_id": max(ids[-1], last["last_id"] if last else 0),
        "previous_hash": last["hash"] if last else START,
    }
    values["hash"] = seal_hash(values)
    connection.execute(insert(audit_seals).values(**values, mac=_mac(key, values["hash"])))
    return len(rows)


def _unsealed(now: datetime) -> Select[Any]:
    # Numbers are given before commits: a row may appear below others that are sealed, but not after `SETTLED`.
    seals = audit_seals.c
    old = select(seals.last_id).where(seals.sealed_at < now - SETTLED).order_by(seals.sequence.desc()).limit(1)
    recent = select(func.unnest(seals.audit_ids)).where(seals.sealed_at >= now - SETTLED)
    settled = func.coalesce(old.scalar_subquery(), 0)
    return _CONTENT.where(audit.c.audit_id > settled, audit.c.audit_id.not_in(recent)).order_by(audit.c.audit_id)


def seal_hash(row: Mapping[str, Any]) -> str:
    """The hash of a seal."""
    ids = ",".join(str(one) for one in row["audit_ids"])
    return digest(row["previous_hash"], instant_text(row["sealed_at"]), ids, ",".join(row["hashes"]))


def seal_link(row: Mapping[str, Any]) -> Link:
    """A seal as the chain sees it."""
    return Link(row["sequence"], f"seal {row['sequence']}", row["previous_hash"], row["hash"], seal_hash(row))


def _mac(key: bytes, hash_: str) -> str:
    return hmac.new(key, hash_.encode(), hashlib.sha256).hexdigest()


def verify_audit(connection: Connection, key: bytes | None) -> Chain:
    """The chain of seals, every row against its seal, and the rows that no seal holds; MACs where there is a key."""
    findings: list[Finding] = []
    sealed: dict[int, tuple[str, int]] = {}

    def links() -> Iterator[Link]:
        query = select(audit_seals).order_by(audit_seals.c.sequence)
        for found in connection.execution_options(yield_per=500).execute(query).mappings():
            row = dict(found)
            if key is not None and not hmac.compare_digest(row["mac"], _mac(key, row["hash"])):
                what = "not made with OCV_AUDIT_KEY"
                findings.append(Finding("forged", row["sequence"], f"seal {row['sequence']}", what))
            sealed.update(
                (id_, (hash_, row["sequence"])) for id_, hash_ in zip(row["audit_ids"], row["hashes"], strict=False)
            )
            yield seal_link(row)

    chain = check(links())
    last, unsealed = max(sealed, default=0), 0
    for found in connection.execution_options(yield_per=5_000).execute(_CONTENT.order_by(audit.c.audit_id)).mappings():
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
    """Seals in a thread of its own until the end, and once more then."""
    stop = Event()
    thread = Thread(target=_run, args=[engine, key, clock, stop], name="sealer")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


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
