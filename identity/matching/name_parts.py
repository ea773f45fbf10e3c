"""A person's name as comparable parts: whatever the order, the titles and the words that are no name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import jellyfish
from nicknames import NickNamer

from contracts.name_kinds import holders, is_organisation
from contracts.names import fold
from contracts.remembered import remembered
from identity.matching.given_names import sex_of

# What forms hold where no name was given: kinship, role and courtesy words, English and French. As given names
# they say nothing; surnames are dropped only for words that are nobody's surname.
_NOT_A_GIVEN_NAME = frozenset(
    """baby infant child kid boy girl son daughter mother father mom dad mum parent wife husband spouse sister brother
    sibling grandmother grandfather grandson granddaughter grandchild grandparent grandma grandpa aunt uncle niece
    nephew cousin twin adult minor male female man woman lady gentleman person people family household householder
    occupant resident tenant owner roommate boarder guest friend partner guardian dependent dependant eldest oldest
    youngest older younger elder first second third of the in a an and next to unit house householder respondent inmate
    grandchild stepson stepdaughter stepchild gent gents bebe enfant garcon fille fils
    mere pere femme mari epouse epoux soeur frere oncle tante neveu cousine monsieur madame mademoiselle mr mrs ms miss
    mme mlle dr prof sir senor senora senorita herr frau signor signora jr sr ii iii unknown anonymous refused name
    inconnu inconnue nombre test essai ne pas utiliser""".split()
)
_GENERATIONS = {"jr": "jr", "junior": "jr", "ii": "jr", "sr": "sr", "senior": "sr", "iii": "iii", "iv": "iv"}
_NOT_A_SURNAME = frozenset(
    """dont do not know unknown refused refuse none no name noname female male inmate resident occupant patient
    householder respondent wife grandchild anonymous inconnu inconnue nn nombre apellido test essai ne pas
    utiliser""".split()
)
_NO_SURNAME_GIVEN = frozenset({("last", "name"), ("no", "last", "name"), ("no", "last")})
# `Lady in the Coulombe house` leaves more than the surname behind.
_BETWEEN = frozenset({"in", "the", "of", "house"})
_NO_NAME = _NOT_A_GIVEN_NAME | _GENERATIONS.keys() | _NOT_A_SURNAME

_NICKNAMES = NickNamer()

# Below this frequency a name counts as never seen in a role; an exchange must be this many times likelier than not.
RARE = 1e-5
CLEARLY = 10.0


class NameParts(NamedTuple):
    """Folded parts without blanks; `middle` are all words between, `family_words` whatever may be a surname.

    `generation` tells a father (`sr`) and a son of one name apart; `letter` is all that is known of a surname.
    """

    given: str | None = None
    initial: str | None = None
    middle: tuple[str, ...] = ()
    family: str | None = None
    family_words: tuple[str, ...] = ()
    generation: str | None = None
    letter: str | None = None


def name_parts(given: str | None, middle: str | None, family: str | None) -> NameParts:
    """The parts of a name as a source gave them.

    A surname of single letters is a misread order: `Gibson Lilia E` is Lilia E. Gibson, `Garcia Velez Lilah E` is
    Lilah E. Garcia Velez.
    """
    only, surname = _words(given), _words(family)
    if not middle and len(only) == len(surname) == 1 and _plain(only[0]) and _plain(surname[0]):
        return NameParts(only[0], only[0][0], (), surname[0], surname)
    if somebody := of_several(given, family):
        return NameParts(somebody, somebody[:2], (), "".join(surname) or None, surname)
    first, between, last = list(only), list(_words(middle)), list(surname)
    named = [word for word in first if word not in _NOT_A_GIVEN_NAME]
    first = named if len(named) == len(first) or any(len(word) > 1 for word in named) else []
    between = [word for word in between if word not in _NOT_A_GIVEN_NAME]
    generation = _generation([*first, *between, *last])
    last = [word for word in last if word not in _GENERATIONS]
    last = [] if all(word in _NOT_A_SURNAME for word in last) or tuple(last) in _NO_SURNAME_GIVEN else last
    if "the" in last or "of" in last:
        last = [word for word in last if word not in _BETWEEN] or last
    whole = [*first, *(word for word in between if len(word) > 1)]
    if last and all(len(word) == 1 for word in last) and len(whole) > 1:
        first, between, last = whole[-1:], last, whole[:-1]
    given_name, family_name = "".join(first), "".join(last)
    words = {word for word in [*last, *between] if len(word) > 2}
    return NameParts(
        given=given_name if len(given_name) > 1 else None,
        initial=given_name[:1] or None,
        middle=tuple(between),
        family=family_name if len(family_name) > 1 else None,
        family_words=tuple(sorted(words)),
        generation=generation,
        letter=family_name if len(family_name) == 1 else None,
    )


@remembered
def of_several(given: str | None, family: str | None) -> str | None:
    """What stands for the given name of two holders (`Jean et Marie`) or of an organisation: they are somebody of their
    own, and none of the people whose names or numbers they share."""
    if is_organisation(" ".join(part for part in (given, family) if part)):
        return f"&{''.join(_words(given) + _words(family))}"
    two = holders(given) if given else ()
    return "&" + "&".join(sorted("".join(_words(one)) for one in two)) if len(two) > 1 else None


def first_given(record: Mapping[str, Any], columns: Mapping[str, Any]) -> str | None:
    """The first given name of a record, by which holders of one identifier are told apart; what stands for none, or is
    a surname by its comparison columns, tells nobody apart."""
    given, family = record["given_name"], record["family_name"]
    if columns["given"] is None:
        return str(columns["initial"]) if columns["initial"] else None
    return of_several(given, family) or fold(given or "").partition(" ")[0] or None


def _generation(words: list[str]) -> str | None:
    """What stands beside a name of two words at least: whoever is called Junior alone has a name and no father."""
    found = [_GENERATIONS[word] for word in words if word in _GENERATIONS]
    return found[0] if len(set(found)) == 1 and len(words) > len(found) else None


def _plain(word: str) -> bool:
    """Whether a word is a name of which nothing has to be asked, as most are."""
    return len(word) > 2 and word not in _NO_NAME


# No name has digits: those are letters that a scanner misread.
_MISREAD = str.maketrans("0158", "olsb")


@remembered
def _words(text: str | None) -> tuple[str, ...]:
    return tuple(fold(text).translate(_MISREAD).split()) if text else ()


@dataclass(frozen=True, eq=False)
class NameFrequencies:
    """How common names are as given and as family names among a lake's records, frozen with the model; and birth dates
    that too many have."""

    given: Mapping[str, float] = field(default_factory=dict)
    family: Mapping[str, float] = field(default_factory=dict)
    birth: Mapping[str, float] = field(default_factory=dict)

    def of(self, name: str | None) -> float | None:
        """How common a name is in whichever role it is more common: which of the two is its role may be unsure."""
        if name is None:
            return None
        return max(self.given.get(name, 0.0), self.family.get(name, 0.0)) or None

    def in_order(self, name: NameParts) -> NameParts:
        """The name with given and family name exchanged, where usage says clearly that they are; and a lone name in
        its role."""
        if name.given is None or name.family is None:
            return self._in_role(name)
        as_written = max(RARE, self.given.get(name.given, 0.0)) * max(RARE, self.family.get(name.family, 0.0))
        exchanged = max(RARE, self.given.get(name.family, 0.0)) * max(RARE, self.family.get(name.given, 0.0))
        if exchanged < CLEARLY * as_written:
            return name
        words = {name.given, *(word for word in name.middle if len(word) > 2)}
        return name._replace(
            given=name.family, initial=name.family[0], family=name.given, family_words=tuple(sorted(words))
        )

    def _in_role(self, name: NameParts) -> NameParts:
        """`Martinez J` has no given name, but an initial."""
        only = name.given
        if only is None or only not in self.family or self.family[only] < CLEARLY * self.given.get(only, 0.0):
            return name
        return name._replace(given=None, initial=name.letter, family=only, family_words=(only,), letter=None)


@lru_cache(maxsize=262_144)
def formal_names(given: str) -> tuple[str, ...]:
    """The name and the formal names that it is short for, so that Bob and Robert meet."""
    return tuple(sorted({given, *_NICKNAMES.canonicals_of(given)}))


@lru_cache(maxsize=262_144)
def sound(name: str) -> str:
    """The first five sounds of a name (metaphone); names in other scripts sound as they are written."""
    return jellyfish.metaphone(name)[:5] or name[:5]


@lru_cache(maxsize=1_024)
def mailbox_spellings(given: str | None, family: str | None) -> tuple[str, ...]:
    """How mailboxes spell a whole name: both parts in either order, or one and the other's initial."""
    if not given or not family:
        return ()
    first, last = given[0], family[0]
    spelt = (given + family, family + given, first + family, family + first, given + last, last + given)
    return tuple(dict.fromkeys(spelt))


def _two_names(one: str, other: str) -> bool:
    """Marie and Marine, Paul and Paula: each a name in use, so that neither is the other misspelt."""
    sexes = {sex_of(one), sex_of(other)}
    return None not in sexes and (sound(one) != sound(other) or sexes == {"female", "male"})


@lru_cache(maxsize=262_144)
def given_names_compatible(one: str, other: str) -> bool:
    """Whether two given names may be one person's: equal, short for one another, initial, or misspelt."""
    if one == other or (one[0] == other[0] and 1 in (len(one), len(other))):
        return True
    if set(formal_names(one)) & set(formal_names(other)):
        return True
    return not _two_names(one, other) and jellyfish.jaro_winkler_similarity(one, other) >= 0.85
