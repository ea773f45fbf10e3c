"""Who sends events: the source whose key came with them, as a user name or in the body, and from which page."""

import json
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from contracts.dialects import KEY
from contracts.events import LARGEST_BATCH
from contracts.sources import Sender, Sources
from profile_api.http.cross_origin import forbidden
from profile_api.responses.errors import Problem

PACKED = frozenset({"gzip", "x-gzip"})
LONG = 16
"""Characters of a key that no other text is by chance."""


@dataclass(frozen=True)
class Sending:
    """A request's sender and its body, unpacked."""

    sender: Sender
    body: bytes

    def within(self, largest: int) -> bytes:
        """The body; a Problem (413) where it is larger."""
        if len(self.body) > largest:
            raise Problem(413, "body-too-large", f"Expected a body of at most {largest} bytes, found a larger one.")
        return self.body


class _WriteKey(HTTPBasic):
    """Basic authentication whose user name is the write key, as Segment's clients send it."""


_basic = _WriteKey(
    auto_error=False,
    description="The write key of a source as user name, with an empty password. A browser's may stand in the body"
    " instead, as `writeKey` of the batch or of its messages.",
)


# A coroutine, since FastAPI would send a plain function to a thread of its own.
async def _sending(request: Request, given: Annotated[HTTPBasicCredentials | None, Depends(_basic)]) -> Sending:
    sources: Sources = request.app.state.sources
    body = await _unpacked(request)
    key = given.username if given else _key_in(body)
    sender = sources.of_key(key) if key else None
    if sender is None or key is None:
        detail = (
            "Expected the key of a source as the user name of basic authentication, or one `writeKey` in the body,"
            " found none that is known."
        )
        raise Problem(401, "unauthorised", detail, headers={"WWW-Authenticate": 'Basic realm="write key"'})
    if origin := request.headers.get("origin"):
        _check_page(sender, origin)
    return Sending(
        sender, body.replace(key.encode(), b"") if len(key) >= LONG else body
    )  # kept nowhere, wherever it is


SentBy = Annotated[Sending, Depends(_sending)]


def _check_page(sender: Sender, origin: str) -> None:
    if sender.is_server:
        detail = "Expected a browser's key from a page, found a server's, which everybody can read now: make a new one."
        raise Problem(403, "server-key-in-a-page", detail)
    if not sender.source.welcomes(origin):
        raise forbidden()


async def _unpacked(request: Request) -> bytes:
    body = await request.body()
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding in ("", "identity"):
        return body
    if coding not in PACKED:
        raise Problem(400, "invalid-encoding", "Expected a plain body or gzip, found another Content-Encoding.")
    # Only as far as the cap: a few bytes may unpack to gigabytes.
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    with suppress(zlib.error):
        plain = unpacking.decompress(body, LARGEST_BATCH + 1)
        if len(plain) > LARGEST_BATCH or (unpacking.eof and not unpacking.unused_data):
            return plain
    raise Problem(400, "invalid-encoding", "Expected a whole gzip body as Content-Encoding says, found none.")


def _key_in(body: bytes) -> str | None:
    """The one key of the envelope, else of its messages; several are none."""
    try:
        content = _plain(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    listed = content.get("batch")
    messages = listed if isinstance(listed, list) else []
    keys = {one[KEY] for one in (content, *messages) if isinstance(one, dict) and isinstance(one.get(KEY), str)}
    return keys.pop() if len(keys) == 1 else None


def _plain(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError):
        return json.loads(body)  # takes a lone surrogate, which costs its own message alone
