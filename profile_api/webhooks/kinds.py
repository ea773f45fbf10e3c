"""What other systems can be told of; a new kind is one line here."""

PROFILE_UPDATED = "profile.updated"
PROFILE_MERGED = "profile.merged"
PROFILE_UNMERGED = "profile.unmerged"
CONSENT_CHANGED = "consent.changed"

KINDS: dict[str, str] = {
    PROFILE_UPDATED: "the profile, its timeline or its features changed",
    PROFILE_MERGED: "other profiles became part of this one; `data.merged` holds their ids",
    PROFILE_UNMERGED: "others left this profile; `data.separated` holds their ids",
    CONSENT_CHANGED: "the person decided about a purpose; `data.purpose` names it",
}
