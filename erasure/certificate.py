"""The certificate of an erasure: what was removed, kept, read and found, signed so that anyone can check it offline."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from contracts.settings import Settings
from erasure.operational.rows import KEPT
from erasure.people.search_patterns import FORMS
from erasure.people.subject import Subject
from erasure.scan import Scan

ALGORITHM = "ES256"


class BadCertificate(ValueError):
    """The certificate was changed, or was not signed by this key."""


def stated(
    erasure_id: str,
    requests: Sequence[str],
    subject: Subject,
    removed: dict[str, Any],
    scan: Scan,
    unanswered: Sequence[str],
    began: datetime,
    ended: datetime,
) -> dict[str, Any]:
    """The content of the certificate, without personal data."""
    return {
        "certificate_of": "erasure",
        "format": 2,
        "erasure_id": erasure_id,
        "requests": sorted(requests),
        "people": subject.people,
        "profiles_erased": len(subject.profiles),
        "profiles_kept_without_the_erased_records": len(subject.rebuilt),
        "source_records": len(subject.records),
        "identifiers_of_theirs_alone": len(subject.identifiers),
        "began_at": began.isoformat(),
        "ended_at": ended.isoformat(),
        "steps": removed,
        "kept_by_law": KEPT,
        "kept": _kept(subject, scan),
        "looked_for": {"values": len(subject.values), "names": len(subject.words), "forms": FORMS},
        "scanned": [finding.as_line() for finding in scan.findings],
        "hits": scan.hits,
        "without_answer": list(unanswered),
        "complete": not scan.hits and not unanswered and all(finding.read for finding in scan.findings),
    }


def _kept(subject: Subject, scan: Scan) -> list[dict[str, Any]]:
    """Data that stays although it is theirs too, with reason and count."""
    lines = [one.as_line() for one in scan.kept]
    if subject.shared:
        count = {"looked_for": len(subject.shared), "found": len(subject.shared), "where": []}
        lines.insert(0, {"what": "identifiers", "why": "other people hold them as well", **count})
    return lines


def signed(statement: dict[str, Any], key: ECKey) -> dict[str, Any]:
    """The statement with a signature over it."""
    header = {"alg": ALGORITHM, "kid": key.thumbprint()}
    payload = json.dumps(statement, sort_keys=True).encode()
    return {"certificate": statement, "signature": jws.serialize_compact(header, payload, key, [ALGORITHM])}


def verified(document: Any, key: ECKey) -> dict[str, Any]:
    """The statement of a certificate; raises BadCertificate unless this key signed it."""
    try:
        found = jws.deserialize_compact(document["signature"], key, [ALGORITHM])
        statement = json.loads(found.payload)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise BadCertificate("expected a signature by this key, found none that is valid") from error
    if statement != document["certificate"]:
        raise BadCertificate("expected the certificate that was signed, found one that was changed afterwards")
    return dict(statement)


def signing_key(settings: Settings) -> ECKey:
    """The key of these settings, else one created once beside the embedded stores, with its public key."""
    if settings.certificate_key is not None:
        return ECKey.import_key(settings.certificate_key.read_bytes())
    file = settings.store_dir / "certificate-key.pem"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = ECKey.generate_key("P-256")
        file.touch(mode=0o600)
        file.write_bytes(made.as_pem(private=True))
        (file.parent / "certificate-public.pem").write_bytes(made.as_pem(private=False))
    return ECKey.import_key(file.read_bytes())


def written(document: dict[str, Any], folder: Path) -> Path:
    """The certificate as a file, named by its erasure."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{document['certificate']['erasure_id']}.json"
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return file
