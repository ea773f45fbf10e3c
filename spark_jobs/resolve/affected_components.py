"""Which records have to be clustered again: the components that re-opened records belong to or now reach."""

from lake.sql_engine import Engine, naming


def gather_members(engine: Engine) -> None:
    """`members`: closed under former components, new evidence, decisions and former profiles.

    Reads `touched_records`, `pairs_again`, `pair_weights` (of pairs with an end in `reopened`), `decided` (left_id,
    right_id and kind of all decisions), `settled` (record ids that a decision or a live assignment touched since),
    `components` (record_id, component as of the last run), `claims` (record_id, profile_id as of the last run or live),
    and `keyed`.
    """
    # A decision may be older than the record that it names: whoever comes draws those with whom it was joined.
    joined = [
        f"select w.{other}_id from decided w where w.kind = 'same' and {naming('touched_records', f'{side}_id')}"
        for side, other in (("left", "right"), ("right", "left"))
    ]
    engine.let(
        "frontier",
        "select record_id from touched_records union select record_id from settled"
        " union select left_id from pairs_again union select right_id from pairs_again"
        f" union {' union '.join(joined)}"
        " union select left_id from pair_weights where weight >= 0"
        " union select right_id from pair_weights where weight >= 0",
    )
    while True:
        engine.let(
            "members",
            "select m.record_id from (select c.record_id from components c where exists (select 1 from components o"
            " join frontier r on r.record_id = o.record_id where o.component = c.component)"
            " union select record_id from frontier) m"
            " where exists (select 1 from keyed n where n.record_id = m.record_id)",
        )
        # A profile that a live assignment carried into another component is settled with both.
        engine.let(
            "held_here",
            "select distinct profile_id from claims c where exists (select 1 from members m"
            " where m.record_id = c.record_id) or exists (select 1 from frontier r where r.record_id = c.record_id)",
        )
        engine.let(
            "held_too",
            "select distinct c.record_id from claims c join held_here h on h.profile_id = c.profile_id"
            " where not exists (select 1 from members m where m.record_id = c.record_id)",
        )
        engine.let(
            "drawn",
            "select h.record_id from held_too h where exists (select 1 from keyed n where n.record_id = h.record_id)",
        )
        if not engine.rows("select 1 from drawn limit 1"):
            return
        engine.let("further", "select record_id from frontier union select record_id from drawn")
        engine.let("frontier", "select * from further")
