"""Checks a certificate of erasure or retention offline: `python -m erasure.verify FILE --key PUBLIC_KEY`.

The exit status is 0 only if the signature is valid and nothing is left, otherwise 1, with the reason.
"""

import argparse
import json
from pathlib import Path

from joserfc.jwk import ECKey

from erasure.certificate import BadCertificate, verified


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m erasure.verify", description=__doc__)
    parser.add_argument("file", type=Path, help="the certificate")
    parser.add_argument("--key", required=True, type=Path, help="PEM file of the public key that it should be by")
    given = parser.parse_args(args)
    try:
        found = verified(json.loads(given.file.read_text(encoding="utf-8")), ECKey.import_key(given.key.read_bytes()))
    except (BadCertificate, ValueError) as error:
        raise SystemExit(f"{given.file}: {error}") from None
    if found["certificate_of"] == "retention":
        print(
            f"Valid. Retention {found['run_id']} of {found['as_of']}: {found['people']} people, {found['held']} held."
        )
        print("\n".join(f"  {table}: {count} rows" for table, count in sorted(found["rows_gone"].items())))
        print(f"{found['still_due']} rows left that are due.")
        if found["still_due"]:
            raise SystemExit("expected nothing left that is due, found some; start the retention again")
        return
    print(f"Valid. Erasure {found['erasure_id']} of {found['people']} people, ended at {found['ended_at']}.")
    for line in found["scanned"]:
        read = f"{line['bytes']} bytes in {line['parts']} parts, {line['hits']} hits" if line["read"] else "NOT READ"
        print(f"  {line['store']}: {line['content']}: {read}")
    print(f"{found['hits']} of {found['looked_for']['values']} values found again.")
    if found["hits"]:
        raise SystemExit(f"expected nothing of theirs anywhere, found {found['hits']} hits; the erasure has not ended")
    if not found["complete"]:
        raise SystemExit("expected every store to be read, found some that was not, or a table without an answer")


if __name__ == "__main__":
    main()
