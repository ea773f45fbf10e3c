"""How customers want to be served and how a person comes into a conversation; suggestions and milestones."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Identity, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from stores.schema.base import Instant, metadata

# One statement of the person of a source record: where they stand, from 0 (people alone) to 100 (by themselves), on a
# topic, or overall where that is null. What counts is computed from all of them: engagement.dial. The service adds rows
# and no more; they are deleted with their person, by the owner.
dial_statements = Table(
    "dial_statements",
    metadata,
    Column("statement_id", BigInteger, Identity(always=True), primary_key=True),
    Column("record_id", Text, nullable=False, index=True),
    Column("topic", Text),
    Column("position", Integer, nullable=False),
    Column("stated_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("channel", Text, nullable=False),
    Column("stated_through", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
)

# What became of one suggestion about the person of a source record; a rejected one stays away until its evidence, and
# with it its id, changes. Nothing says who gave the feedback, and the day alone says when: it rates nobody. Rows are
# added and deleted as those of the dial are.
suggestion_feedback = Table(
    "suggestion_feedback",
    metadata,
    Column("feedback_id", BigInteger, Identity(always=True), primary_key=True),
    Column("record_id", Text, nullable=False, index=True),
    Column("suggestion", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("given_on", Date, nullable=False),
)

# That an advisor has seen a milestone, under what it rests on: a record that says since when somebody is a customer, or
# an event. So it goes with the person's records and events through merge and unmerge. The milestones are computed from
# these at every read: engagement.milestones. `day` is the milestone's, as it was then.
milestones_seen = Table(
    "milestones_seen",
    metadata,
    Column("seen_id", BigInteger, Identity(always=True), primary_key=True),
    Column("record_id", Text, index=True),
    Column("event_id", Text, index=True),
    Column("milestone", Text, nullable=False),
    Column("years", Integer),
    Column("day", Date, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("seen_by", Text, nullable=False),
)

# What a customer and we say to each other about one thing, through every channel and holder. It belongs to a source
# record: a record is one person's whoever merges or parts, and goes with them.
conversations = Table(
    "conversations",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("record_id", Text, nullable=False, index=True),
    Column("channel", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
)

# A request for a person. state, and what may follow: engagement.handoffs.states. `until` is when the state times out.
# `shown` are the data categories that whoever asked was permitted, of the profile's version then.
handoffs = Table(
    "handoffs",
    metadata,
    Column("handoff_id", Text, primary_key=True),
    Column(
        "conversation_id",
        Text,
        ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("channel", Text, nullable=False),
    Column("request_key", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_through", Text, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("why", Text, nullable=False),
    Column("language", Text),
    Column("skill", Text),
    Column("contact_kind", Text),
    Column("contact_point", Text),
    Column("zone", Text),
    Column("rule", Text),
    Column("verified_by", Text, nullable=False),
    Column("shown", ARRAY(Text), nullable=False),
    Column("profile_version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("holder", Text),
    Column("until", Instant),
    Column("changed_at", Instant, nullable=False),
    Index("ix_handoffs_request", "conversation_id", "request_key", unique=True),
)
_OPEN = text("state NOT IN ('resolved', 'rescinded', 'abandoned', 'returned')")
Index("ix_handoffs_one_open", handoffs.c.conversation_id, unique=True, postgresql_where=_OPEN)
Index("ix_handoffs_waiting", handoffs.c.requested_at, postgresql_where=_OPEN)
Index("ix_handoffs_until", handoffs.c.until, postgresql_where=handoffs.c.until.is_not(None))

# The steps of a hand-off, added and never changed; a customer is `customer` here, whoever that is.
handoff_events = Table(
    "handoff_events",
    metadata,
    Column("event_id", BigInteger, Identity(always=True), primary_key=True),
    Column("handoff_id", Text, ForeignKey("handoffs.handoff_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("step", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", Text, nullable=False),
)

# What was said, asked, tried, promised and summed up in a conversation: engagement.handoffs.content.
conversation_entries = Table(
    "conversation_entries",
    metadata,
    Column("entry_id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "conversation_id",
        Text,
        ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("said_by", Text, nullable=False),
    Column("name", Text),
    Column("outcome", Text),
    Column("due_on", Date),
    Column("text", Text),
)

# Advisors at work: whom to ask, and until when they are taken to be there.
advisor_presence = Table(
    "advisor_presence",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("languages", ARRAY(Text), nullable=False),
    Column("skills", ARRAY(Text), nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("until", Instant, nullable=False),
)
