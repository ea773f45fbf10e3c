"""PostgreSQL: every table of this project, by its name; Feast's registry, in its own schema."""

from erasure.answers.model import TableAnswer, Whose

RECORD = {"record_id": Whose.RECORDS}
PROFILE = {"profile_id": Whose.PROFILES}
PAIR = {"left_id": Whose.RECORDS, "right_id": Whose.RECORDS}
NOBODYS = "says nothing of a person"

ANSWERS: dict[str, TableAnswer] = {
    # Who is who
    "profiles": TableAnswer(PROFILE, gone="version document updated_at changed counts"),
    "identifiers": TableAnswer(PROFILE, gone="kind value"),
    "redirects": TableAnswer({"old_id": Whose.PROFILES, "profile_id": Whose.PROFILES}),
    "records": TableAnswer(RECORD, gone="profile_id document number"),
    "record_keys": TableAnswer(RECORD, gone="key"),
    "edges": TableAnswer(PAIR, gone="rule tier weight evidence"),
    "reviews": TableAnswer(PAIR, gone="weight reason evidence number"),
    "overrides": TableAnswer(
        PAIR,
        gone="override_id kind decided_by decided_at revoked_at decision_id revoked_in",
        free="reason",
    ),
    "live_assignments": TableAnswer(RECORD, gone="profile_id at"),
    "identity_history": TableAnswer(
        handled={
            "records": "erased records leave it",
            "evidence": "emptied where the row named them",
            "profile_id other_id": "ids of profiles that are gone lead to nobody",
        },
        free="reason",
        kept={"history_id at kind actor": "that profiles were created, merged or split, without their records"},
    ),
    "models": TableAnswer(
        handled={"names": "names that nobody else bears are taken out"},
        kept={"version trained_at parameters": "computed from all people together"},
    ),
    "channel_trust": TableAnswer(kept={"channel trust": NOBODYS}),
    # What happened
    "timeline": TableAnswer(
        {"event_id": Whose.EVENTS, "profile_id": Whose.PROFILES}, gone="occurred_at document record_id identifiers"
    ),
    "inbox": TableAnswer(
        RECORD,
        gone="inbox_id received_at item gpc proof sequence problem",
        handled={"source message_id": "messages of erased events go by both"},
    ),
    "inbox_quarantine": TableAnswer(
        gone="quarantine_id source is_server is_signed received_at call sent_at reason replayed_at",
        handled={"raw": "read by its source's contract, as far as it can be; a row that is theirs goes"},
    ),
    "message_ids": TableAnswer(
        kept={"digest received_at": "keyed digests of messages' ids, of kept and left out ones alike"}
    ),
    "live_records": TableAnswer(
        RECORD,
        gone="source sequence",
        handled={"payload": "goes with its row; of a visitor who is somebody else's, the user who signed in there"},
    ),
    "features_due": TableAnswer(PROFILE, gone="due_id"),
    # Decisions and proof
    "consent_events": TableAnswer(
        handled={
            "identifier_kind identifier contact_kind contact_point salt": "a salted digest is left, which leads nowhere"
        },
        kept={
            "consent_id commitment sequence schema_version principal contact purpose legal_basis state decided_at"
            " received_at expires_at notice_version notice_language notice_hash jurisdiction controller channel"
            " decided_through method recorded_by previous_hash hash": "what was decided, about a digest"
        },
    ),
    "consent_macs": TableAnswer(kept={"sequence erasure_id mac": "signatures on decisions, which name nobody"}),
    "audit": TableAnswer(
        kept={
            "audit_id at actor role purpose action profile_id decision outcome": "who read what when;"
            " ids of profiles that are gone"
        }
    ),
    "audit_seals": TableAnswer(
        kept={"sequence sealed_at audit_ids hashes last_id previous_hash hash mac": "that the audit is whole"}
    ),
    "audit_cuts": TableAnswer(
        kept={"sequence hash last_id rows until removed_at mac": "where the audit goes on after its oldest rows went"}
    ),
    # Rights
    "privacy_requests": TableAnswer(
        handled={"profile_id": "a keyed pseudonym", "details": "emptied"},
        kept={"request_id kind received_at due_on state": "that and when the request was handled"},
    ),
    "privacy_request_events": TableAnswer(kept={"event_id request_id at actor step state": "its steps"}),
    "privacy_request_notes": TableAnswer(handled={"event_id": "notes of their requests go"}, free="note"),
    "intakes": TableAnswer(
        gone="intake_id kind channel language state received_at due_on recorded_by",
        handled={
            "contact_kind request_id": "those of their requests and from addresses of theirs go",
            "name contact said": "redacted in those that stay: all of it if the sender is named as they are",
        },
    ),
    "rectifications": TableAnswer(RECORD, gone="field value category decided_at request_id"),
    "restrictions": TableAnswer(RECORD, gone="request_id since lifted_at"),
    "determinations": TableAnswer(
        RECORD, gone="determination_id kind purpose decided_by decided_at ended_at ended_by", free="reason"
    ),
    "dial_statements": TableAnswer(
        RECORD,
        gone="statement_id topic position stated_at received_at channel stated_through recorded_by",
    ),
    "suggestion_feedback": TableAnswer(RECORD, gone="feedback_id suggestion rule outcome reason given_on"),
    "milestones_seen": TableAnswer(
        {"record_id": Whose.RECORDS, "event_id": Whose.EVENTS}, gone="seen_id milestone years day seen_at seen_by"
    ),
    "conversations": TableAnswer(RECORD, gone="conversation_id channel opened_at"),
    "handoffs": TableAnswer(
        handled={"conversation_id": "goes with its conversation"},
        gone="handoff_id channel request_key requested_by requested_through requested_at why language skill"
        " contact_kind contact_point zone rule verified_by shown profile_version state holder until changed_at",
    ),
    "handoff_events": TableAnswer(
        handled={"handoff_id": "goes with its hand-off"}, gone="event_id at step state actor role"
    ),
    "conversation_entries": TableAnswer(
        handled={"conversation_id": "goes with its conversation"},
        gone="entry_id kind at said_by name outcome due_on",
        free="text",
    ),
    "advisor_presence": TableAnswer(kept={"actor languages skills capacity until": "staff at work, and no customer"}),
    "reading_alerts": TableAnswer(
        kept={"rule actor day role at people first_at last_at reviewed_at reviewed_by outcome": "counts, not whom"}
    ),
    "left_out": TableAnswer(kept={"channel day rows": "counts of what was turned away, by channel and day"}),
    "tombstones": TableAnswer(kept={"tombstone erasure_id at": "keyed digests, which keep them from coming back"}),
    "erasures": TableAnswer(
        handled={"sealed": "forgotten once the certificate stands"},
        kept={"erasure_id started_at requests certificate": "the proof of the erasure; no personal data"},
    ),
    "erasure_steps": TableAnswer(kept={"erasure_id step done_at found": "which steps are done; counts"}),
    "erasure_attempts": TableAnswer(
        kept={"attempt_id requests began_at step step_at ended_at outcome problem found": "how far each came; counts"}
    ),
    "legal_holds": TableAnswer(
        gone="hold_id placed_by placed_at lifted_at lifted_by",
        handled={"record_id": "lifted holds go with their record; a hold in force keeps its record, and stays"},
        free="reason lifted_because",
    ),
    "retention_runs": TableAnswer(kept={"run_id as_of steps certificate": "what a run of retention took out; counts"}),
    # Outgoing and counters
    "extracts": TableAnswer(
        kept={"extract_id purpose extracted_at file rows manifest ended_at": "a training table; nothing of one person"}
    ),
    "extract_members": TableAnswer(PROFILE, gone="extract_id person"),
    "extract_recalls": TableAnswer(
        kept={"extract_id person reason at": "which rows of training tables are to be deleted, by keyed references"}
    ),
    "webhook_subscriptions": TableAnswer(
        kept={
            "subscription_id url kinds purpose role secret former_secret former_until": "systems",
            "created_by created_at ended_at": "systems",
        }
    ),
    "webhook_told": TableAnswer(
        kept={"subscription_id profile_id": "which systems were told; ids of profiles that are gone"}
    ),
    "webhook_outbox": TableAnswer(PROFILE, gone="sequence event_id kind at data"),
    "webhook_deliveries": TableAnswer(
        handled={"sequence": "goes with its event"},
        gone="subscription_id state attempts due_at last_result",
    ),
    "call_tries": TableAnswer(
        kept={"actor window tries wrong salt at": "how often somebody tried, not what they said"}
    ),
    "publish_progress": TableAnswer(kept={"table_name delta_version": NOBODYS}),
    "installation": TableAnswer(kept={"key_check": NOBODYS}),
    "alembic_version": TableAnswer(kept={"version_num": NOBODYS}),
}

FEAST_SCHEMA = "feast"
FEAST_KEPT = "definitions of features, and up to when they were materialised; nothing of a person"
FEAST_TABLES = frozenset(
    """data_sources entities feast_metadata feature_services feature_view_version_history feature_views
    label_views managed_infra on_demand_feature_views permissions projects saved_datasets stream_feature_views
    validation_references""".split()
)
