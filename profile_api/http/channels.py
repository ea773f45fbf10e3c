"""The channels in which customers meet us: those that the purposes name."""

from typing import Annotated

from pydantic import AfterValidator

from consent.purposes import published_purposes


def _known(channel: str) -> str:
    known = {one for purpose in published_purposes().values() for one in purpose.channels}
    if channel not in known:  # free text would be kept, and could name somebody
        raise ValueError(f"expected a channel of a purpose, one of {', '.join(sorted(known))}; found another")
    return channel


MetIn = Annotated[str, AfterValidator(_known)]
"""A channel of the installation."""
