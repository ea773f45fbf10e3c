"""Checks a certificate of erasure offline: `python -m consent.erasure.verify FILE --key PUBLIC_KEY`."""

import argparse
import json
from pathlib import Path

from joserfc.jwk import ECKey

from consent.erasure.certificate import BadCertificate, verified


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m consent.erasure.verify", description=__doc__)
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
        return
    print(f"Valid. Erasure {found['erasure_id']} of {found['people']} people, ended at {found['ended_at']}.")
    for line in found["scanned"]:
        read = f"{line['bytes']} bytes in {line['parts']} parts, {line['hits']} hits" if line["read"] else "NOT READ"
        print(f"  {line['store']}: {line['content']}: {read}")
    print(f"{found['hits']} of {found['looked_for']['values']} values found again.")


if __name__ == "__main__":
    main()
