"""The lake: every Delta table, by its name under the root. An overlay has the answer of its large table."""

from erasure.answers.model import TableAnswer, Whose

RECORD = {"record_id": Whose.RECORDS}
PROFILE = {"profile_id": Whose.PROFILES}
PAIR = {"left_id": Whose.RECORDS, "right_id": Whose.RECORDS}
ARRIVED = "payload file row_number batch_id received_at content_hash"
BESIDE = "_recent"
"""How the name of a small table ends that stands beside a large one, with a column `gone` more."""

ANSWERS: dict[str, TableAnswer] = {
    "bronze/records": TableAnswer({"channel source_key": Whose.RECORD_KEYS}, gone=ARRIVED),
    "bronze/events": TableAnswer({"channel source_key": Whose.EVENT_KEYS}, gone=ARRIVED),
    "bronze/consents": TableAnswer({"source_key": Whose.CONSENTS}, gone=f"channel {ARRIVED}"),
    "bronze/deliveries": TableAnswer(kept={"batch_id channel file received_at": "which files came, and when"}),
    "bronze/quarantine": TableAnswer(
        gone="quarantine_id channel file row_number batch_id received_at reason replayed_at",
        handled={"raw header": "read by its channel's contract, as far as it can be; a row that is theirs goes"},
    ),
    "silver/records": TableAnswer(
        RECORD,
        gone="channel source_key observed_at given_name middle_name family_name gender birth_date birth_year"
        " birth_typed street unit city postcode state country language customer_since identifiers verified proven"
        " claims attributes categories issues content_hash",
    ),
    "silver/events": TableAnswer(
        {"event_id": Whose.EVENTS},
        gone="channel type occurred_at record_id identifiers intent amount properties categories issues content_hash",
    ),
    "silver/consents": TableAnswer(
        {"consent_id": Whose.CONSENTS},
        gone="channel identifier_kind identifier purpose decision decided_at decided_through notice content_hash",
    ),
    "silver/rectifications": TableAnswer(RECORD, gone="field value category decided_at"),
    "identity/edges": TableAnswer(PAIR, gone="tier rule weight evidence"),
    "identity/reviews": TableAnswer(PAIR, gone="weight reason evidence"),
    "identity/comparables": TableAnswer(
        RECORD,
        gone="given initial middle middle_initial family family_long formal middle_words family_words given_sound"
        " family_sound birth birth_year year_hint external_ids device_ids email mailbox mailbox_letters mailbox_digits"
        " phone national_id mailbox_is_name street house_number street_name unit city postcode gender tf_given"
        " tf_family tf_birth whole_birth whole_year generation given_sex first_given born contact keys named_keys"
        " numbers verified digest",
    ),
    "identity/components": TableAnswer(
        RECORD, handled={"component": "named by the first of the records that stay, where its name is erased"}
    ),
    "identity/assignments": TableAnswer(RECORD, gone="profile_id since"),
    "identity/overrides": TableAnswer(PAIR, gone="kind decided_at"),
    "identity/live": TableAnswer(RECORD, gone="profile_id at"),
    "identity/unmatched": TableAnswer(RECORD, gone="reason"),
    "identity/redirects": TableAnswer({"old_id": Whose.PROFILES, "profile_id": Whose.PROFILES}),
    "identity/history": TableAnswer(
        handled={
            "records": "erased records leave it, and a line that named no other goes",
            "evidence": "emptied where the row named them",
            "profile_id other_id": "ids of profiles that are gone lead to nobody",
        },
        free="reason",
        kept={"history_id at run kind": "that profiles were created, merged or split, without their records"},
    ),
    "identity/models": TableAnswer(
        handled={"names": "names that nobody else bears are taken out"},
        kept={"version trained_at parameters": "computed from all people together"},
    ),
    "gold/profiles": TableAnswer(PROFILE, gone="fields identifiers records first_seen last_seen"),
    "gold/timeline": TableAnswer(
        {"event_id": Whose.EVENTS, "profile_id": Whose.PROFILES},
        gone="channel type occurred_at intent amount properties categories",
    ),
    "gold/features_value": TableAnswer(
        PROFILE,
        gone="event_timestamp recency_days orders_30d amount_30d average_order_30d orders_90d amount_90d"
        " average_order_90d orders_365d amount_365d average_order_365d returns_365d lifetime_orders lifetime_amount"
        " value_version",
    ),
    "gold/features_interactions": TableAnswer(
        PROFILE,
        gone="event_timestamp contacts_30d last_contact_at last_contact_channel channel_mix preferred_channel"
        " last_intent last_intent_at open_complaint open_complaint_since days_as_customer next_milestone"
        " next_milestone_on interactions_version",
    ),
    "gold/channel_trust": TableAnswer(kept={"channel trust": "says nothing of a person"}),
    "erasure/tombstones": TableAnswer(
        kept={"tombstone erasure_id at": "keyed digests, which keep them from coming back"}
    ),
    "progress": TableAnswer(kept={"job source version": "says nothing of a person"}),
}


def answer_of(name: str) -> TableAnswer | None:
    """The answer for a table of this name; None if there is none."""
    large = name.removesuffix(BESIDE)
    found = ANSWERS.get(large)
    if found is None or large == name:
        return found
    return TableAnswer(found.gone_by, f"{found.gone} gone", found.handled, found.free, found.kept)
