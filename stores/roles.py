"""Two roles of one database: the owner, who migrates and erases, and the service, who may only add to what is proof.

Triggers refuse changes of append-only tables to everybody; their owner could drop the triggers. The service is not the
owner: it has no right to change or remove what is append-only, to write a decision but through `append_consent`, or to
make anybody's decisions nobody's.
"""

from sqlalchemy import Connection, make_url, text

SERVICE = "ocv_service"
REGISTRY_SCHEMA = "feast"
"""Where Feast keeps its registry."""

READ_ALONE = (
    "consent_events",
    "audit_cuts",
    "erasures",
    "erasure_steps",
    "tombstones",
    "installation",
    "alembic_version",
)
"""What the service reads, and only the owner or a function of the owner writes."""

COUNTING = ("category_part(jsonb, text)", "changed_categories(jsonb, jsonb)", "counted_changes(jsonb, text[])")
"""Functions that compute alone: what counts a profile's changes, for whoever changes it."""

_CREATE = f"""
do $x$ begin
    if not exists (select from pg_roles where rolname = '{SERVICE}')
        and (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) then
        create role {SERVICE} login;
    end if;
exception when duplicate_object or unique_violation then null; -- another database of this server was quicker
end $x$
"""

# Where a table has a trigger `append_only`, rows are added and no more.
_GRANT = f"""
do $x$ declare one record; begin
    for one in select c.oid::regclass as named, c.relname, exists (
            select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'append_only') as append_only
        from pg_class c where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace
    loop
        execute format('revoke all on %s from public, {SERVICE}', one.named);
        execute format('grant %s on %s to {SERVICE}', case
            when one.relname = any ('{{{",".join(READ_ALONE)}}}') then 'select'
            when one.append_only then 'select, insert' else 'select, insert, update, delete' end, one.named);
    end loop;
    for one in select p.oid::regprocedure as named from pg_proc p
        where p.pronamespace = current_schema()::regnamespace and p.prokind = 'f'
            and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
    loop
        execute format('revoke all on function %s from public, {SERVICE}', one.named);
    end loop;
    grant execute on function append_consent(jsonb), {", ".join(COUNTING)} to {SERVICE};
    execute format('grant usage on schema %I to {SERVICE}', current_schema());
    execute format('grant usage on all sequences in schema %I to {SERVICE}', current_schema());
    create schema if not exists {REGISTRY_SCHEMA};
    grant usage on schema {REGISTRY_SCHEMA} to {SERVICE};
    grant select, insert, update, delete on all tables in schema {REGISTRY_SCHEMA} to {SERVICE};
    alter default privileges in schema {REGISTRY_SCHEMA} grant select, insert, update, delete on tables to {SERVICE};
end $x$
"""

_OWNS = text(
    "SELECT coalesce((SELECT pg_has_role(current_user, relowner, 'usage') FROM pg_class"
    " WHERE oid = to_regclass('consent_events')), true)"
)


def owns(connection: Connection) -> bool:
    """Whether this connection's role may do as it likes with the tables; also where there are none yet."""
    return bool(connection.scalar(_OWNS))


def grant_service(connection: Connection) -> None:
    """Makes the service's role, where the owner may make roles, and gives it its rights on the tables."""
    connection.execute(text(_CREATE))
    if connection.scalar(text("SELECT count(*) FROM pg_roles WHERE rolname = :name"), {"name": SERVICE}):
        connection.execute(text(_GRANT))


def as_service(database_url: str) -> str:
    """The URL of an embedded server for the service's role, which has no password there."""
    return make_url(database_url).set(username=SERVICE, password=None).render_as_string(hide_password=False)
