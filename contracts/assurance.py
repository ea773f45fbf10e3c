"""How well something is known: who said it, and what that proves."""

from enum import StrEnum


class Assurance(StrEnum):
    """How well an identifier or a field is known, from the least to the most.

    `claimed`: anyone could have said it. `source`: a channel that knows its people says it. `verified`: it was proven,
    by a double opt-in, or checked by the source.
    """

    CLAIMED = "claimed"
    SOURCE = "source"
    VERIFIED = "verified"


class Proof(StrEnum):
    """The proof of a live message.

    `none`: a browser's key, which everybody can read. `signature`: that key, and the user id signed by the site's
    server: only the user id is proven. `server`: the secret key of servers.
    """

    NONE = "none"
    SIGNATURE = "signature"
    SERVER = "server"
