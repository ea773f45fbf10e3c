"""The content of a row: equal content is the same row, however it was formatted and however often it came."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def payload_text(payload: Mapping[str, Any]) -> str:
    """The payload as the lake keeps it."""
    return json.dumps(payload, ensure_ascii=False, sort_keys=True)


def content_hash(payload: Mapping[str, Any]) -> str:
    """The hash that identifies the payload's row."""
    return hash_of(payload_text(payload).encode())


def hash_of(content: bytes) -> str:
    """The same for content that was already parsed, or could not be."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()
