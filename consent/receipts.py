"""The receipt of a consent event: JSON-LD in terms of the W3C Data Privacy Vocabulary, for ISO/IEC TS 27560.

After the guide of the DPV community group for consent records and receipts; receipt.schema.json says the same.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from consent.controller import Controller
from consent.model import LegalBasis, Purpose
from consent.notices import Notices
from contracts.identifiers import Identifier

CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "loc": "https://w3id.org/dpv/loc#",
    "dpv-27560": "https://w3id.org/dpv/schema/dpv-27560#",
    "dct": "http://purl.org/dc/terms/",
    "schema": "https://schema.org/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "ocv": "urn:one-customer-view:",
}
LEGAL_BASIS = {
    LegalBasis.CONSENT.value: "dpv:Consent",
    LegalBasis.LEGITIMATE_INTEREST.value: "dpv:LegitimateInterest",
    LegalBasis.CONTRACT.value: "dpv:Contract",
    LegalBasis.LEGAL_OBLIGATION.value: "dpv:LegalObligation",
    LegalBasis.NONE.value: "dpv:LegalBasis",
}
PERSONAL_DATA = {
    "identity": "pd:Identifying",
    "contact": "pd:Contact",
    "transaction": "pd:Transactional",
    "behaviour": "pd:Behavioral",
    "communication": "pd:Communication",
    "sensitive": "dpv:SensitivePersonalData",
}


def receipt_of(
    event: Mapping[str, Any],
    purpose: Purpose | None,
    controller: Controller,
    now: datetime,
    shown: Collection[Identifier],
    notices: Notices,
) -> dict[str, Any]:
    """The receipt of a ledger row; identifiers that are not `shown` appear only by kind.

    It holds the hash of the notice's text, in all languages if the shown one is unknown, and the combined hash that
    the event's own hash covers, so that the receipt proves the text.
    """
    point = Identifier(event["contact_kind"], event["contact_point"]) if event["contact_point"] else None
    given = {
        "@context": CONTEXT,
        "@id": f"urn:one-customer-view:receipt:{event['consent_id']}",
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": "dpv-27560:receipt-record",
        "dct:created": _instant(now),
        "dct:source": {
            "@id": f"urn:one-customer-view:consent:{event['consent_id']}",
            "@type": "dpv:ConsentRecord",
            "dct:conformsTo": "dpv-27560:record",
            "dct:hasVersion": event["schema_version"],
            "dct:identifier": event["consent_id"],
            "dct:created": _instant(event["received_at"]),
            "dpv:hasDataSubject": _subject(Identifier(event["identifier_kind"], event["identifier"]), shown),
            "dpv:hasDataController": {
                "@type": "dpv:DataController",
                "dpv:hasName": event["controller"],
                "dpv:hasContact": controller.contact,
            },
            "dpv:hasJurisdiction": f"loc:{event['jurisdiction']}",
            "dpv:hasNotice": {
                "@type": "dpv:ConsentNotice",
                "dct:hasVersion": event["notice_version"],
                "dct:language": event["notice_language"],
                "ocv:hasText": [
                    {"@language": language, "ocv:sha256": hash_}
                    for language, hash_ in notices.hashes(
                        event["purpose"], event["notice_version"], event["notice_language"]
                    ).items()
                ]
                or None,
                "ocv:inChain": event["notice_hash"],
            },
            "dpv:hasConsentStatus": {
                "@type": f"dpv:{event['state']}",
                "dpv:isIndicatedAtTime": _instant(event["decided_at"]),
                "dpv:isIndicatedBy": "dpv:DataSubject",
                "dpv:hasIndicationMethod": event["method"],
                "dpv:hasExpiryTime": _instant(event["expires_at"]),
                "dct:medium": event["decided_through"],
            },
            "dpv:hasProcess": _process(event, purpose, point, shown),
            "ocv:hasIntegrityProof": {"ocv:sha256": event["hash"], "ocv:previous": event["previous_hash"]},
        },
        "dpv:hasRight": {
            "@type": "dpv:DataSubjectRight",
            "dct:description": "The decision can be changed or withdrawn at any time, as easily as it was taken.",
        },
    }
    return {name: _without_unknown(one) for name, one in given.items()}


def _subject(identifier: Identifier, shown: Collection[Identifier]) -> dict[str, Any]:
    value = identifier.value if identifier in shown else None
    return {"@type": "dpv:DataSubject", "dct:type": identifier.kind, "dct:identifier": value}


def _process(
    event: Mapping[str, Any], purpose: Purpose | None, point: Identifier | None, shown: Collection[Identifier]
) -> dict[str, Any]:
    return {
        "@type": "dpv:Process",
        "dct:identifier": event["purpose"],
        "dpv:hasPurpose": purpose.dpv if purpose else None,
        "dct:title": _texts(purpose.name) if purpose else None,
        "dct:description": _texts(purpose.text) if purpose else None,
        "dpv:hasLegalBasis": LEGAL_BASIS[event["legal_basis"]],
        "dpv:hasPersonalData": sorted(PERSONAL_DATA[one] for one in purpose.categories) if purpose else [],
        "dpv:hasStorageCondition": _storage(purpose) if purpose else None,
        "schema:contactPoint": _subject(point, shown) | {"@type": "schema:ContactPoint"} if point else None,
    }


def _storage(purpose: Purpose) -> list[dict[str, Any]]:
    """How long which personal data is used: the periods of consent.retention, from the last interaction."""
    kept: dict[str, list[str]] = {}
    for category in sorted(purpose.categories):
        kept.setdefault(purpose.kept_for(category), []).append(PERSONAL_DATA[category])
    return [
        {
            "@type": "dpv:StorageDuration",
            "dpv:hasDuration": duration,
            "dpv:hasPersonalData": sorted(names),
            "dct:description": "Counted from the last interaction.",
        }
        for duration, names in sorted(kept.items())
    ]


def _texts(by_language: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"@language": language, "@value": text} for language, text in sorted(by_language.items())]


def _instant(moment: datetime | None) -> dict[str, str] | None:
    if moment is None:
        return None
    return {"@type": "xsd:dateTime", "@value": moment.astimezone(UTC).isoformat().replace("+00:00", "Z")}


def _without_unknown(value: Any) -> Any:
    """Without unknown values: JSON-LD has no null."""
    if isinstance(value, dict):
        return {name: _without_unknown(one) for name, one in value.items() if one is not None}
    return value
