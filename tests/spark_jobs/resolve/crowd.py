"""Different people, each there once, who share what strangers share: names, small numbers in mailboxes, birthdays."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from tests.spark_jobs.silver import person_channel, record

GIVEN = """Maria Jean Marie Pierre Anna Paul Julie Luc Nina Marc Laura Hugo Emma Louis Alice Jules Rose Adam Lina Noah
 Eva Leo Zoe Tom Ines Max Sara Theo Lea Gabin""".split()
FAMILY = """Martin Bernard Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefebvre Leroy Roux David
 Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Muller Faure Andre Mercier""".split()
STREETS = "Lilas Acacias Tilleuls Roses Moulin Gare Eglise Ecole Fontaine Mairie".split()
HOSTS = "mail post web box letter".split()


def different_people(number: int, seed: int) -> Iterator[dict[str, Any]]:
    """Records of so many people, of whom no two have one mailbox or one birth date with one name."""
    draws = Random(seed)
    seen: set[tuple[str, ...]] = set()
    while len(seen) < 2 * number:
        # The first names of a list are the most common, as names are.
        given = GIVEN[min(int(draws.expovariate(0.12)), len(GIVEN) - 1)]
        family = FAMILY[min(int(draws.expovariate(0.08)), len(FAMILY) - 1)]
        born = date(1940, 1, 2) + timedelta(days=draws.randrange(24_000))
        mail = f"{given}.{family[0]}.{draws.randrange(1, 60)}@{draws.choice(HOSTS)}.example".lower()
        named, reached = (given, family, born.isoformat()), (mail,)
        if named in seen or reached in seen:
            continue
        seen |= {named, reached}
        said = {
            "id": str(len(seen)),
            "given": given,
            "family": family,
            "born": born.isoformat(),
            "mail": mail,
            "street": f"{draws.randrange(1, 90)} rue des {draws.choice(STREETS)}",
            "postcode": f"{draws.randrange(10, 95)}{draws.randrange(0, 90):03d}",
        }
        yield record(said, person_channel())
