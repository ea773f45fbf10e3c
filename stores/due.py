"""Which profiles' online features are to be computed again, noted in the transaction that changed what they rest on."""

from collections.abc import Collection

from sqlalchemy import Connection, text


def due_of(profile_ids: str) -> str:
    """The statement that makes the profiles due which a query finds."""
    return f"INSERT INTO features_due (profile_id) {profile_ids}"


_THESE = text(due_of("SELECT unnest(CAST(:ids AS text[]))"))


def make_due(connection: Connection, profile_ids: Collection[str]) -> None:
    """From the commit on the projector computes the features of these profiles again."""
    if profile_ids:
        connection.execute(_THESE, {"ids": sorted(profile_ids)})
