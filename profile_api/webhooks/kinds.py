"""What other systems can be told of; a new kind is one line here."""

PROFILE_UPDATED = "profile.updated"
PROFILE_MERGED = "profile.merged"
PROFILE_UNMERGED = "profile.unmerged"
PROFILE_ERASED = "profile.erased"
CONSENT_CHANGED = "consent.changed"

KINDS: dict[str, str] = {
    PROFILE_UPDATED: "the profile, its timeline or its features changed",
    PROFILE_MERGED: "other profiles became part of this one; `data.merged` holds their ids",
    PROFILE_UNMERGED: "others left this profile; `data.separated` holds their ids",
    PROFILE_ERASED: "the person was erased here; whoever was told of them is to erase them too",
    CONSENT_CHANGED: "the person decided about a purpose; `data.purpose` names it",
}
