"""Checks ledger and audit from first to last: `python -m consent.verify [--anchor FILE]`, or `make verify-ledger`.

With an anchor file, checks them against it as well, and adds the new heads to it if nothing was found.
"""

import argparse
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from consent.anchor import Anchor, InvalidAnchor, against, append_anchors, read_anchors
from consent.chain import Chain, Finding, Link, check, consent_link
from consent.macs import Signatures
from consent.notices import published_notices
from consent.seals import LARGEST, seal, verify_audit
from contracts.settings import MissingSecret, settings
from stores.embedded import open_stores
from stores.postgres import migrated
from stores.schema import consent_events

LEDGER, AUDIT = "consent_events", "audit_seals"


def verify_consents(connection: Connection, anchors: Sequence[Anchor] = ()) -> Chain:
    """The ledger's chain with all findings."""
    query = select(consent_events).order_by(consent_events.c.sequence)
    signatures, notices = Signatures(connection), published_notices()
    reworded: list[Finding] = []

    def links() -> Iterator[Link]:
        for row in connection.execution_options(yield_per=2_000).execute(query).mappings():
            signatures.look(dict(row))
            shown = notices.proof(row["purpose"], row["notice_version"], row["notice_language"])
            if row["notice_hash"] not in (None, shown):
                what = f"version {row['notice_version']} of its notice says other words now than those that were shown"
                reworded.append(Finding("reworded", row["sequence"], row["consent_id"], what))
            yield consent_link(dict(row))

    chain = check(links())
    chain.findings += signatures.end(chain) + reworded
    chain.findings += against([one for one in anchors if one.chain == LEDGER], chain)
    return chain


def verify(engine: Engine, anchor: Path | None, key: bytes | None, now: datetime) -> dict[str, Chain]:
    """Checks every chain, by its table; with a key it seals waiting rows, checks MACs and extends the anchor file.
    Nothing is added to the file if anything was found.
    """
    anchors = read_anchors(anchor, key) if anchor and key else []
    if key is not None:
        with engine.begin() as connection:
            while seal(connection, key, now) == LARGEST:
                pass
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        chains = {LEDGER: verify_consents(connection, anchors), AUDIT: verify_audit(connection, key)}
    chains[AUDIT].findings += against([one for one in anchors if one.chain == AUDIT], chains[AUDIT])
    if anchor and key and all(chain.whole for chain in chains.values()):
        append_anchors(anchor, [Anchor.of(name, chain, now, key) for name, chain in chains.items()])
    return chains


def main(args: list[str] | None = None) -> None:
    """Prints the findings; the exit status is 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m consent.verify", description=__doc__)
    parser.add_argument("--anchor", type=Path, help="file to check against and to add the heads to; keep it elsewhere")
    given = parser.parse_args(args)
    chosen = settings()
    try:
        key = chosen.audit_secret if given.anchor or chosen.audit_key or chosen.demo else None
        with open_stores(chosen) as stores, migrated(stores.database_url) as engine:
            chains = verify(engine, given.anchor, key, datetime.now(UTC))
    except (InvalidAnchor, MissingSecret) as error:
        raise SystemExit(str(error)) from error
    for name, chain in chains.items():
        waiting = f", {chain.waiting} wait for a seal" if chain.waiting else ""
        whole = "whole"
        if name == AUDIT and key is None:
            print(f"{name}: the MACs were not checked; set OCV_AUDIT_KEY, or OCV_DEMO=1 for the stores of the demo")
            whole = "whole as far as it can be checked without the key"
        print(f"{name}: {chain.count} rows, head {chain.head}, {whole if chain.whole else 'NOT WHOLE'}{waiting}")
        for finding in chain.findings:
            print(f"  {finding.kind} at number {finding.sequence} ({finding.row_id}): {finding.what}")
    if not all(chain.whole for chain in chains.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
