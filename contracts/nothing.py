"""Which words mean that there is no value, by what the column is: a surname may be Null, a state NC."""

from contracts.broken_ids import nothing_key
from contracts.columns import Column
from contracts.identifiers import NULL_LIKE

# What programs write for missing values; never a name.
ALWAYS = frozenset(
    ["#n/a", "#na", "#null!", "#ref!", "#value!", "#name?", "#div/0!", "\\n", "undefined", "(null)", "<null>"]
    + ["[null]", "<na>", "nat", "[object object]"]
)
# Null-like words that are also names of people, places and languages: Na (Korean), Nil (Catalan), Nan, Null, None;
# Namibia and New Caledonia, North Carolina, None in Piedmont; Nauruan; an initial; neither man nor
# woman; a cross.
SOMETHING: dict[str, frozenset[str]] = {
    "given_name": frozenset({"na", "nan", "nil"}),
    "middle_name": frozenset({"na", "nan", "nil", "x"}),
    "family_name": frozenset({"na", "nan", "nil", "null", "none"}),
    "full_name": frozenset({"na", "nan", "nil"}),
    "gender": frozenset({"x"}),
    "deleted": frozenset({"x", "xx", "xxx"}),
    "city": frozenset({"na", "nan", "nil", "none"}),
    "state": frozenset({"na", "nc"}),
    "country": frozenset({"na", "nc"}),
    "language": frozenset({"na"}),
}


def words_for_nothing(column: Column, nothing: frozenset[str]) -> frozenset[str]:
    """The words, as `nothing_key` has them, that mean none in a column; `nothing` are the contract's own.

    The column's own settings take precedence, then the contract's, then those of the column's role.
    """
    common = NULL_LIKE - SOMETHING.get(column.is_, frozenset())
    kept = frozenset(nothing_key(value) for value in column.keep)
    return (common | ALWAYS | nothing) - kept | frozenset(nothing_key(value) for value in column.nothing)
