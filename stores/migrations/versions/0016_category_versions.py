"""A profile counts its changes by data category: a purpose is told a version of what it may see alone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# What of a document is of a category. When somebody was seen is behaviour; which records there are is identity.
PART = """
create function category_part(document jsonb, category text) returns jsonb language sql immutable parallel safe as $$
    select jsonb_path_query_array(document, '$.fields[*] ? (@.category == $category)',
            jsonb_build_object('category', category))
        || jsonb_path_query_array(document, '$.identifiers[*] ? (@.category == $category)',
            jsonb_build_object('category', category))
        || case category
            when 'behaviour' then jsonb_build_array(document->'first_seen', document->'last_seen')
            when 'identity' then jsonb_build_array(document->'records')
            else '[]' end
$$
"""

CHANGED = """
create function changed_categories(old jsonb, new jsonb) returns text[] language sql immutable parallel safe as $$
    select coalesce(array_agg(category order by category), '{}')
    from unnest(array['identity', 'contact', 'transaction', 'behaviour', 'communication', 'sensitive']) as category
    where category_part(old, category) is distinct from category_part(new, category)
$$
"""

COUNTED = """
create function counted_changes(counts jsonb, changed text[]) returns jsonb language sql immutable parallel safe as $$
    select counts || coalesce((
        select jsonb_object_agg(one, coalesce((counts->>one)::bigint, 0) + 1)
        from (select distinct unnest(changed) as one)
    ), '{}')
$$
"""

# A change of the document counts in the categories that changed. Whoever changes a timeline counts that itself.
COUNT = """
create function count_changes() returns trigger language plpgsql as $$
declare
    found text[];
begin
    if tg_op = 'INSERT' then
        new.changed := changed_categories('{}', new.document);
        if new.counts = '{}' then
            new.counts := jsonb_build_object('base', new.version);
        end if;
    elsif new.document is distinct from old.document then
        found := changed_categories(old.document, new.document);
        new.counts := counted_changes(new.counts, found);
        new.changed := case when new.updated_at = old.updated_at
            then array(select distinct unnest(old.changed || found) order by 1) else found end;
    end if;
    return new;
end $$
"""


def upgrade() -> None:
    op.add_column("profiles", sa.Column("counts", JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")))
    none = sa.text("'{}'::text[]")
    op.add_column("profiles", sa.Column("changed", ARRAY(sa.Text), nullable=False, server_default=none))
    op.execute("update profiles set counts = jsonb_build_object('base', version)")
    for function in (PART, CHANGED, COUNTED, COUNT):
        op.execute(function)
    op.execute(
        "create trigger count_changes before insert or update on profiles for each row execute function count_changes()"
    )
