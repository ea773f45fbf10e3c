"""The deterministic tier: records that share a strong identifier and do not contradict each other.

Every value joins its records in a star around the first one, so a value that thousands share costs thousands of
edges and not millions. How many people share a value is counted before it may join any of them. A device is a
household's as often as a person's, and a national id is copied from a relative's form: both weigh in the person model,
and neither joins two records by itself.
"""

from contracts.identifiers import KINDS, MOST_CONTACTS, OTHER_EXTERNAL_ID


def numbers_sql(comparables: str) -> str:
    """SELECT of a row per record and identifier that may join people, with what tells its holder from others."""
    return (
        "select record_id, first_given, born, contact, given, birth, one.kind as kind, one.key as key from"
        f" (select record_id, first_given, born, contact, given, birth, EXPLODE(numbers) as one from {comparables}) n"
    )


def edges_sql(numbers: str) -> str:
    """SELECT of left_id, right_id, rule, weight and evidence from complete holders of some values.

    Per value: within its cap of people, between holders of one given name. Holders without a given name join only where
    the value has one person, by their e-mail addresses or else phones too; two birth dates are two people.
    """
    caps = " ".join(f"when '{kind}' then {rules.cap}" for kind, rules in KINDS.items())
    cap = f"case kind {caps} else {OTHER_EXTERNAL_ID.cap} end"
    someone = "coalesce(first_given, '') || '/' || coalesce(born, '')"
    return (
        f"with held as (select * from {numbers}),"
        # 1. How many people hold a value.
        " counted as (select key, kind, count(distinct first_given) as names, count(distinct {someone}) as people,"
        " count(distinct case when first_given is null then contact end) as nameless"
        " from held group by key, kind having count(*) > 1),"
        # 2. One given name in all: nameless holders are that person's, unless they are many; several: nobody's.
        " named as (select h.record_id, h.key, h.kind, h.born, c.people, case when c.names <= 1"
        f" and (h.first_given is not null or c.nameless <= {MOST_CONTACTS}) then '' else h.first_given end as person"
        f" from held h join counted c on c.key = h.key and c.kind = h.kind where greatest(c.names, 1) <= {{cap}}),"
        # 3. One birth date in all of the name's holders: undated ones are that person's.
        " births as (select key, kind, person, count(distinct born) as dates from named where person is not null"
        " group by key, kind, person),"
        " placed as (select n.record_id, n.key, n.kind, n.people, n.person,"
        " case when b.dates <= 1 then '' else n.born end as birth"
        " from named n join births b on b.key = n.key and b.kind = n.kind and b.person = n.person),"
        # 4. A star around the first record of each person.
        " hubs as (select key, kind, person, birth, min(record_id) as hub from placed where birth is not null"
        " group by key, kind, person, birth),"
        " edges as (select u.hub as left_id, p.record_id as right_id, 'same_' || p.kind as rule,"
        # Evidence that fewer people share weighs more; in bits, as match weights do.
        " round(cast(12 - 2 * log2(p.people) as double), 6) as weight,"
        """ '{{"kind":"' || p.kind || '","people":' || cast(p.people as string) || '}}' as evidence"""
        " from placed p join hubs u on u.key = p.key and u.kind = p.kind and u.person = p.person and u.birth = p.birth"
        " where u.hub <> p.record_id)"
        " select left_id, right_id, rule, max(weight) as weight, max_by(evidence, weight) as evidence"
        " from edges group by left_id, right_id, rule"
    ).format(someone=someone, cap=cap.replace("case kind", "case c.kind"))
