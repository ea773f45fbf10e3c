"""How customers want to be served, what became of suggestions about them, and which milestones were seen."""

from sqlalchemy import BigInteger, Column, Date, Identity, Index, Integer, Table, Text

from stores.schema.base import Instant, metadata

# One statement of the person behind an identifier: where they stand, from 0 (people alone) to 100 (by themselves), on a
# topic, or overall where that is null. What counts is computed from all of them: engagement.dial. The service adds rows
# and no more; they are deleted with their person, by the owner.
dial_statements = Table(
    "dial_statements",
    metadata,
    Column("statement_id", BigInteger, Identity(always=True), primary_key=True),
    Column("identifier_kind", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("topic", Text),
    Column("position", Integer, nullable=False),
    Column("stated_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("channel", Text, nullable=False),
    Column("stated_through", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Index("ix_dial_statements_of_identifier", "identifier_kind", "identifier"),
)

# What became of one suggestion about the person behind an identifier; a rejected one stays away until its evidence, and
# with it its id, changes. Nothing says who gave the feedback, and the day alone says when: it rates nobody. Rows are
# added and deleted as those of the dial are.
suggestion_feedback = Table(
    "suggestion_feedback",
    metadata,
    Column("feedback_id", BigInteger, Identity(always=True), primary_key=True),
    Column("identifier_kind", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("suggestion", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("given_on", Date, nullable=False),
    Index("ix_suggestion_feedback_of_identifier", "identifier_kind", "identifier"),
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
