"""The consent ledger: one hash chain, written by append_consent alone; the events of before are carried over."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)

# Unambiguous whatever a text holds: its length in bytes, then itself; a null is a dash.
NETSTRING = """
create function netstring(said text) returns text language sql immutable parallel safe as $$
    select coalesce(octet_length(said) || ':' || said || ',', '-')
$$
"""

INSTANT_TEXT = """
create function instant_text(moment timestamptz) returns text language sql stable parallel safe as $$
    select to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$
"""

SHA256 = """
create function sha256_hex(said text) returns text language sql stable parallel safe as $$
    select encode(sha256(convert_to(said, 'UTF8')), 'hex')
$$
"""

# What the hash of an event covers, in this order; consent/chain.py computes the same.
CONTENT = """
create function consent_content(e consent_events) returns text language sql stable parallel safe as $$
    select netstring(e.previous_hash) || netstring(e.consent_id) || netstring(e.schema_version)
        || netstring(e.principal) || netstring(e.contact) || netstring(e.purpose) || netstring(e.legal_basis)
        || netstring(e.state) || netstring(instant_text(e.decided_at)) || netstring(instant_text(e.received_at))
        || netstring(instant_text(e.expires_at)) || netstring(e.notice_version) || netstring(e.notice_language)
        || netstring(e.jurisdiction) || netstring(e.controller) || netstring(e.channel)
        || netstring(e.decided_through) || netstring(e.method) || netstring(e.recorded_by)
$$
"""

# One appender at a time, until its transaction ends. The number is this ledger's own.
# The lock is a statement of its own: the next one then sees what the appender before has committed.
APPEND = """
create function append_consent(event jsonb) returns bigint language plpgsql as $$
declare
    new_event consent_events;
    last_event record;
begin
    perform pg_advisory_xact_lock(199042205);
    new_event := jsonb_populate_record(null::consent_events, event);
    if exists (select from consent_events where consent_id = new_event.consent_id) then
        return null;
    end if;
    select sequence, hash into last_event from consent_events order by sequence desc limit 1;
    new_event.sequence := coalesce(last_event.sequence, 0) + 1;
    new_event.previous_hash := coalesce(last_event.hash, repeat('0', 64));
    new_event.schema_version := '1';
    new_event.salt := gen_random_uuid();
    new_event.principal := sha256_hex(
        netstring(new_event.salt) || netstring(new_event.identifier_kind) || netstring(new_event.identifier));
    new_event.contact := case when new_event.contact_point is not null then sha256_hex(
        netstring(new_event.salt) || netstring(new_event.contact_kind) || netstring(new_event.contact_point)) end;
    new_event.hash := sha256_hex(consent_content(new_event));
    insert into consent_events values (new_event.*);
    return new_event.sequence;
end $$
"""

PSEUDONYMISE = """
create function pseudonymise_consents(kind text, value text) returns bigint language plpgsql as $$
declare
    changed bigint;
begin
    update consent_events set
        identifier = 'pseudonym:' || principal, salt = null,
        contact_point = case when contact is not null then 'pseudonym:' || contact end
    where (identifier_kind = kind and identifier = value) or (contact_kind = kind and contact_point = value);
    get diagnostics changed = row_count;
    return changed;
end $$
"""

# Who writes is read from the call stack, which no setting of a session can feign: this trigger, the very statement, the
# function. A statement cannot pretend to be followed by its caller, since a quote there is no SQL.
GUARD = r"""
create function guard_consents() returns trigger language plpgsql as $$
declare
    stack text;
begin
    get diagnostics stack = pg_context;
    if tg_op = 'INSERT' and stack ~ ('^[^\n]*guard_consents\(\)[^\n]*\n[^\n]*insert into consent_events values '
        || '\(new_event\.\*\)\s?["»”“]\n[^\n]*append_consent\(jsonb\)') then
        return null;
    end if;
    if tg_op = 'UPDATE' and stack ~ ('^[^\n]*guard_consents\(\)[^\n]*\n[^\n]*update consent_events set.* '
        || 'contact_point = value\)\s?["»”“]\n[^\n]*pseudonymise_consents\(text,\s?text\)') then
        return null;
    end if;
    raise exception 'expected append_consent() to write to the append-only table %, found %', tg_table_name, tg_op
        using errcode = 'insufficient_privilege', hint = 'append a new event that corrects the old one';
end $$
"""

CARRY_OVER = """
select append_consent(old.event) from (
    select jsonb_build_object(
        'consent_id', consent_id, 'identifier_kind', identifier_kind, 'identifier', identifier, 'purpose', purpose,
        'contact_kind', case when contact then identifier_kind end,
        'contact_point', case when contact then identifier end,
        'legal_basis', case when purpose in ('service') then 'contract'
            when purpose in ('advice', 'fraud_prevention', 'identity_resolution') then 'legitimate_interest'
            when purpose in ('legal_obligation', 'privacy_rights') then 'legal_obligation' else 'consent' end,
        'state', case decision when 'granted' then 'ConsentGiven' when 'renewed' then 'RenewedConsentGiven'
            when 'requested' then 'ConsentRequested' when 'deferred' then 'ConsentRequestDeferred'
            when 'expired' then 'ConsentExpired' when 'invalidated' then 'ConsentInvalidated'
            when 'refused' then 'ConsentRefused' when 'objected' then 'ConsentRefused'
            when 'withdrawn' then 'ConsentWithdrawn' when 'revoked' then 'ConsentRevoked'
            else 'ConsentUnknown' end,
        'decided_at', decided_at, 'received_at', received_at, 'notice_version', notice,
        'jurisdiction', 'FR', 'controller', 'unknown', 'channel', channel, 'decided_through', decided_through,
        'method', 'import', 'recorded_by', 'import') as event
    from (select *, purpose = 'marketing_' || identifier_kind as contact from former_consent_events) as former
    order by received_at, decided_at, consent_id offset 0
) as old
"""


def upgrade() -> None:
    """Creates the table as it was at this version, whatever `stores.schema` says later."""
    op.rename_table("consent_events", "former_consent_events")
    op.execute("alter index consent_events_pkey rename to former_consent_events_pkey")
    op.execute("drop index ix_consent_events_identifier")
    op.create_table(
        "consent_events",
        sa.Column("consent_id", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False, unique=True),
        sa.Column("schema_version", sa.Text, nullable=False),
        sa.Column("identifier_kind", sa.Text, nullable=False),
        sa.Column("identifier", sa.Text, nullable=False),
        sa.Column("contact_kind", sa.Text),
        sa.Column("contact_point", sa.Text),
        sa.Column("salt", sa.Text),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("contact", sa.Text),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("legal_basis", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("notice_version", sa.Text),
        sa.Column("notice_language", sa.Text),
        sa.Column("jurisdiction", sa.Text, nullable=False),
        sa.Column("controller", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("decided_through", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.Column("previous_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Index("ix_consent_events_identifier", "identifier_kind", "identifier"),
    )
    for function in (NETSTRING, INSTANT_TEXT, SHA256, CONTENT, APPEND, PSEUDONYMISE, GUARD):
        op.execute(function)
    op.execute(
        "create trigger append_only before insert or update or delete or truncate on consent_events "
        "for each statement execute function guard_consents()"
    )
    op.execute("alter table consent_events enable always trigger append_only")
    op.execute(CARRY_OVER)
    op.drop_table("former_consent_events")
