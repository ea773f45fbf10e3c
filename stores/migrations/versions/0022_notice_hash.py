"""What a notice said is in the chain: an event holds the hash of the words that were shown."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# As in 0014, but that events from version 3 on cover `notice_hash` too; those of before are hashed as they were.
CONTENT = """
create or replace function consent_content(e consent_events) returns text language sql stable parallel safe as $$
    select netstring(e.previous_hash) || netstring(e.commitment) || netstring(e.schema_version)
        || netstring(e.principal) || netstring(e.contact) || netstring(e.purpose) || netstring(e.legal_basis)
        || netstring(e.state) || netstring(instant_text(e.decided_at)) || netstring(instant_text(e.received_at))
        || netstring(instant_text(e.expires_at)) || netstring(e.notice_version) || netstring(e.notice_language)
        || netstring(e.jurisdiction) || netstring(e.controller) || netstring(e.channel)
        || netstring(e.decided_through) || netstring(e.method) || netstring(e.recorded_by)
        || case when e.schema_version = '2' then '' else netstring(e.notice_hash) end
$$
"""

# As in 0014, but for the version.
APPEND = """
create or replace function append_consent(event jsonb) returns consent_events
language plpgsql security definer as $$
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
    new_event.schema_version := '3';
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


def upgrade() -> None:
    op.add_column("consent_events", sa.Column("notice_hash", sa.Text))
    op.execute(CONTENT)
    op.execute(APPEND)
    # As the owner, a function must find the ledger's own tables, not those that its caller made under the same names.
    schema = op.get_bind().scalar(sa.text("select current_schema()"))
    op.execute(f'alter function append_consent(jsonb) set search_path = "{schema}", pg_temp')
