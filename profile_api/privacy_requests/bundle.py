"""All that is kept of one person, as they get it: JSON, CSV and a page to read, and nothing of anybody else's.

A value that a household shares is each one's own. Whatever names another record or another person stays out.
"""

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from consent.notices import LANGUAGES
from profile_api.privacy_requests.page import Told, rendered
from profile_api.privacy_requests.queries.bundle import Rows
from profile_api.privacy_requests.sections import PARTS
from profile_api.privacy_requests.wording import words

PORTABLE = (
    *("profile", "identifiers", "records", "timeline", "consents", "dial", "conversations"),
    *("live_messages", "rectifications"),
)
"""What the person provided, or was observed of them (art. 20); not what was concluded."""

SAID_ELSEWHERE = ("retention", "holds")
"""Parts that have files of their own, and whose words are in the page's section about purposes."""


def zipped(told: Told, language: str, *, portable: bool) -> bytes:
    """The bundle: a JSON and a CSV file per part, and a page to read in each language, the person's own first."""
    parts = {name: plain(told.parts.get(name) or []) for name in (PORTABLE if portable else (*PARTS, *SAID_ELSEWHERE))}
    told, packed = replace(told, parts=parts), io.BytesIO()
    pages = {one: "index.html" if one == language else f"{one}.html" for one in LANGUAGES}
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in parts.items():
            archive.writestr(f"{name}.json", json.dumps(rows, indent=2, ensure_ascii=False))
            archive.writestr(f"{name}.csv", _csv(rows))
        for one, file in pages.items():
            other = next(name for spoken, name in pages.items() if spoken != one)
            archive.writestr(file, rendered(told, words(one), other))
    return packed.getvalue()


def plain(rows: Rows) -> Rows:
    """Rows as JSON holds them: instants and days as text."""
    return [dict(json.loads(json.dumps(row, default=_text))) for row in rows]


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else str(value)


def _columns(rows: Rows) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _csv(rows: Rows) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, _columns(rows) or ["nothing"])
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return written.getvalue()


def _cell(value: Any) -> Any:
    # A spreadsheet would run a cell that begins like this; a phone number is no formula.
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
    risky = isinstance(text, str) and text[:1] in ("=", "@", "+", "-", "\t", "\r") and not text[1:].isdigit()
    return f"'{text}" if risky else text


def of_features(features: Mapping[str, Any]) -> Rows:
    """Features as the gate lets them out, a row each."""
    return [{"feature": name, **plain([dict(one)])[0]} for name, one in features.items()]
