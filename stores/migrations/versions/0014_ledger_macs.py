"""The ledger is signed event by event; an erasure replaces ids; times of arrival never go back; owner and service."""

import sqlalchemy as sa
from alembic import op

from contracts.keyed import keyed

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# As in 0007, but that the hash covers `commitment`, a salted digest of the id, so that an erasure can replace the id.
CONTENT = """
create or replace function consent_content(e consent_events) returns text language sql stable parallel safe as $$
    select netstring(e.previous_hash) || netstring(e.commitment) || netstring(e.schema_version)
        || netstring(e.principal) || netstring(e.contact) || netstring(e.purpose) || netstring(e.legal_basis)
        || netstring(e.state) || netstring(instant_text(e.decided_at)) || netstring(instant_text(e.received_at))
        || netstring(instant_text(e.expires_at)) || netstring(e.notice_version) || netstring(e.notice_language)
        || netstring(e.jurisdiction) || netstring(e.controller) || netstring(e.channel)
        || netstring(e.decided_through) || netstring(e.method) || netstring(e.recorded_by)
$$
"""

# One appender at a time, until its transaction ends. The lock is a statement of its own: the next one then sees what
# the appender before has committed. Whoever calls it acts as the owner, who alone may write; it returns the event as it
# stands, for the caller to sign, or null where the ledger holds it.
APPEND = """
create function append_consent(event jsonb) returns consent_events language plpgsql security definer as $$
declare
    new_event consent_events;
    last_event record;
begin
    perform pg_advisory_xact_lock(199042205);
    new_event := jsonb_populate_record(null::consent_events, event);
    if exists (select from consent_events where consent_id = new_event.consent_id) then
        return null;
    end if;
    select sequence, hash, received_at into last_event from consent_events order by sequence desc limit 1;
    new_event.sequence := coalesce(last_event.sequence, 0) + 1;
    new_event.previous_hash := coalesce(last_event.hash, repeat('0', 64));
    new_event.received_at := greatest(new_event.received_at, last_event.received_at);
    new_event.schema_version := '2';
    new_event.salt := gen_random_uuid();
    new_event.commitment := sha256_hex(netstring(new_event.salt) || netstring(new_event.consent_id));
    new_event.principal := sha256_hex(
        netstring(new_event.salt) || netstring(new_event.identifier_kind) || netstring(new_event.identifier));
    new_event.contact := case when new_event.contact_point is not null then sha256_hex(
        netstring(new_event.salt) || netstring(new_event.contact_kind) || netstring(new_event.contact_point)) end;
    new_event.hash := sha256_hex(consent_content(new_event));
    insert into consent_events values (new_event.*);
    return new_event;
end $$
"""

PSEUDONYMISE = """
create function pseudonymise_consents(kind text, value text, erasure text)
returns table (number bigint, content text) language plpgsql as $$
begin
    if not exists (select from erasures where erasure_id = erasure
        union all select from tombstones where erasure_id = erasure) then
        raise exception 'expected the id of an erasure, found none such' using errcode = 'insufficient_privilege';
    end if;
    return query update consent_events set
        consent_id = 'pseudonym:' || commitment, identifier = 'pseudonym:' || principal, salt = null,
        contact_point = case when contact is not null then 'pseudonym:' || contact end
    where (identifier_kind = kind and identifier = value) or (contact_kind = kind and contact_point = value)
    returning sequence, hash;
end $$
"""

# As in 0007: who writes is read from the call stack.
GUARD = r"""
create or replace function guard_consents() returns trigger language plpgsql as $$
declare
    stack text;
begin
    get diagnostics stack = pg_context;
    if tg_op = 'INSERT' and stack ~ ('^[^\n]*guard_consents\(\)[^\n]*\n[^\n]*insert into consent_events values '
        || '\(new_event\.\*\)\s?["»”“]\n[^\n]*append_consent\(jsonb\)') then
        return null;
    end if;
    if tg_op = 'UPDATE' and stack ~ ('^[^\n]*guard_consents\(\)[^\n]*\n[^\n]*update consent_events set.* '
        || 'returning sequence, hash\s?["»”“]\n[^\n]*pseudonymise_consents\(text,\s?text,\s?text\)') then
        return null;
    end if;
    raise exception 'expected append_consent() to write to the append-only table %, found %', tg_table_name, tg_op
        using errcode = 'insufficient_privilege', hint = 'append a new event that corrects the old one';
end $$
"""

COMMIT = """
update consent_events set commitment = case when salt is null then sha256_hex(gen_random_uuid()::text)
    else sha256_hex(netstring(salt) || netstring(consent_id)) end, schema_version = '2'
"""

REPLACE_IDS = "update consent_events set consent_id = 'pseudonym:' || commitment where salt is null"

CHAIN_ANEW = """
do $x$ declare before text := repeat('0', 64); e consent_events; begin
    for e in select * from consent_events order by sequence loop
        update consent_events set previous_hash = before where sequence = e.sequence;
        update consent_events c set hash = sha256_hex(consent_content(c)) where sequence = e.sequence
            returning hash into before;
    end loop; end $x$
"""


def upgrade() -> None:
    """Chains the events of before anew, since their hash covers another content now, and signs them as they are."""
    op.create_table(
        "consent_macs",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("erasure_id", sa.Text, primary_key=True, server_default=""),
        sa.Column("mac", sa.Text, nullable=False),
    )
    op.execute(
        "create trigger append_only before update or delete or truncate on consent_macs "
        "for each statement execute function refuse_change()"
    )
    op.execute("alter table consent_macs enable always trigger append_only")
    op.add_column("consent_events", sa.Column("commitment", sa.Text))
    op.execute("alter table consent_events disable trigger append_only")
    for statement in (COMMIT, REPLACE_IDS, CONTENT, CHAIN_ANEW):
        op.execute(statement)
    op.execute("alter table consent_events enable always trigger append_only")
    op.alter_column("consent_events", "commitment", nullable=False)
    op.execute("drop function append_consent(jsonb)")
    op.execute("drop function pseudonymise_consents(text, text)")
    for function in (APPEND, PSEUDONYMISE, GUARD):
        op.execute(function)
    # As the owner, a function must find the ledger's own tables, not those that its caller made under the same names.
    schema = op.get_bind().scalar(sa.text("select current_schema()"))
    op.execute(f'alter function append_consent(jsonb) set search_path = "{schema}", pg_temp')
    _sign()


def _sign() -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.text("select sequence, hash, salt from consent_events order by sequence")).all()
    erasure = connection.scalar(sa.text("select erasure_id from erasures order by started_at limit 1"))
    signed = [(row.sequence, "", row.hash) for row in rows]
    signed += [(row.sequence, erasure, row.hash) for row in rows if row.salt is None and erasure]
    if signed:
        connection.execute(
            sa.text("insert into consent_macs values (:sequence, :erasure, :mac)"),
            [{"sequence": one, "erasure": of, "mac": keyed("ledger", hash_, of)} for one, of, hash_ in signed],
        )
