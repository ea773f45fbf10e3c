"""One pass over the population: each household is simulated, written down by every channel, and forgotten."""

from datetime import date
from pathlib import Path

from benchmarks.generate.days import LAST, Calendar
from benchmarks.generate.draws import Draws
from benchmarks.generate.flaws import Flaws
from benchmarks.generate.households import Population
from benchmarks.generate.interactions import Interactions
from benchmarks.generate.output import Files
from benchmarks.generate.person_channels import PersonChannels

_PEOPLE_PER_FLAW = 700


def generate(people: int, seed: int, folder: Path, last: date = LAST, noise: float = 1.0) -> dict[str, int]:
    """Writes the data set of that many people into the folder, the same bytes for the same numbers; rows per file.

    What happens ends with the day `last`. Whoever writes is wrong `noise` times as often as usual.
    """
    draws, calendar = Draws(seed), Calendar(last)
    population = Population(draws, calendar)
    with Files(folder, draws) as files:
        channels, flaws = PersonChannels(draws, files, calendar, noise), Flaws(draws, files, calendar)
        interactions = Interactions(draws, files, calendar)
        made = 0
        while made < people:
            members = population.household(people - made)
            for person in members:
                keys, cards = channels.write(person)
                for card in cards:
                    interactions.orders(person, card)
                interactions.chat(person, keys)
                interactions.consents(person)
            if made // _PEOPLE_PER_FLAW != (made + len(members)) // _PEOPLE_PER_FLAW or not made:
                flaws.write()
            made += len(members)
    return files.rows
