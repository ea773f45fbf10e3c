"""Which records have to be clustered again: the components that affected records belong to or now reach."""

from lake.sql_engine import Engine, naming


def find_records_to_cluster(engine: Engine) -> None:
    """`to_cluster`: closed under former components, new evidence, decisions and former profiles.

    Reads `touched_records`, `affected_pairs`, `pair_weights` (of pairs with an end in `affected_records`), `decided`
    (left_id, right_id and kind of all decisions), `reassigned` (record ids that a decision or a live assignment touched
    since), `components` (record_id, component as of the last run), `claims` (record_id, profile_id as of the last run
    or live), and `keyed`.
    """
    # A decision may be older than the record that it names: whoever comes draws those with whom it was joined.
    joined = [
        f"select w.{other}_id from decided w where w.kind = 'same' and {naming('touched_records', f'{side}_id')}"
        for side, other in (("left", "right"), ("right", "left"))
    ]
    engine.let(
        "frontier",
        "select record_id from touched_records union select record_id from reassigned"
        " union select left_id from affected_pairs union select right_id from affected_pairs"
        f" union {' union '.join(joined)}"
        " union select left_id from pair_weights where weight >= 0"
        " union select right_id from pair_weights where weight >= 0",
    )
    while True:
        engine.let(
            "to_cluster",
            "select m.record_id from (select c.record_id from components c where exists (select 1 from components o"
            " join frontier r on r.record_id = o.record_id where o.component = c.component)"
            " union select record_id from frontier) m"
            " where exists (select 1 from keyed n where n.record_id = m.record_id)",
        )
        # A profile that a live assignment carried into another component is settled with both.
        engine.let(
            "held_here",
            "select distinct profile_id from claims c where exists (select 1 from to_cluster m"
            " where m.record_id = c.record_id) or exists (select 1 from frontier r where r.record_id = c.record_id)",
        )
        engine.let(
            "held_too",
            "select distinct c.record_id from claims c join held_here h on h.profile_id = c.profile_id"
            " where not exists (select 1 from to_cluster m where m.record_id = c.record_id)",
        )
        engine.let(
            "drawn",
            "select h.record_id from held_too h where exists (select 1 from keyed n where n.record_id = h.record_id)",
        )
        if not engine.rows("select 1 from drawn limit 1"):
            return
        engine.let("further", "select record_id from frontier union select record_id from drawn")
        engine.let("frontier", "select * from further")
