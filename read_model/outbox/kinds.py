"""The kinds of events for other systems; a new kind is one line here."""

PROFILE_UPDATED = "profile.updated"
PROFILE_MERGED = "profile.merged"
PROFILE_UNMERGED = "profile.unmerged"
PROFILE_ERASED = "profile.erased"
CONSENT_CHANGED = "consent.changed"
RESTRICTION_CHANGED = "restriction.changed"
EXTRACT_RECALLED = "extract.recalled"
HANDOFF_CHANGED = "handoff.changed"

KINDS: dict[str, str] = {
    PROFILE_UPDATED: "the profile, its timeline or its features changed",
    PROFILE_MERGED: "other profiles became part of this one; `data.merged` holds their ids",
    PROFILE_UNMERGED: "others left this profile; `data.separated` holds their ids",
    PROFILE_ERASED: "the person was erased here; whoever was told of them is to erase them too",
    CONSENT_CHANGED: "the person decided about a purpose, or a consent ended; `data.purpose` names it",
    RESTRICTION_CHANGED: "the person had the use of their data restricted, or that ended; `data.restricted` says which",
    HANDOFF_CHANGED: "a hand-off took a step; `data` has `handoff_id`, `conversation_id`, `step` and `state`",
    EXTRACT_RECALLED: "rows of a training table are to be deleted; `data.persons` are their keyed references",
}
REACHING = (PROFILE_ERASED, RESTRICTION_CHANGED)
"""Kinds that reach every system that ever received data about the person (GDPR art. 19), even without a subscription
to them, or after it ended."""
