"""One pass over the population: each household is simulated, written down by every channel, and forgotten."""

from pathlib import Path

from benchmarks.generate.draws import Draws
from benchmarks.generate.flaws import Flaws
from benchmarks.generate.households import Population
from benchmarks.generate.interactions import Interactions
from benchmarks.generate.output import Files
from benchmarks.generate.person_channels import PersonChannels

_PEOPLE_PER_FLAW = 700


def generate(people: int, seed: int, folder: Path) -> dict[str, int]:
    """Writes the data set of that many people into the folder, the same bytes for the same numbers; rows per file."""
    draws = Draws(seed)
    population = Population(draws)
    with Files(folder, draws) as files:
        channels, interactions, flaws = PersonChannels(draws, files), Interactions(draws, files), Flaws(draws, files)
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
