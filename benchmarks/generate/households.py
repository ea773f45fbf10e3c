"""Households and their lives from 2016 to 2020: weddings, births, twins, moves, separations, children who leave."""

from datetime import date, timedelta

from benchmarks.generate.contact_points import ContactPoints
from benchmarks.generate.days import AS_SIMULATED, DAYS, LAST, Calendar, day_of, some_day_of
from benchmarks.generate.draws import Draws, Numbers
from benchmarks.generate.given_names import given_names
from benchmarks.generate.people import BEFORE, Person, Timeline
from benchmarks.generate.places import Address, new_address
from benchmarks.generate.surnames import birth_name


class Population:
    """Makes one household after the other; the people of a household know each other, other households don't."""

    def __init__(self, draws: Draws, calendar: Calendar = AS_SIMULATED) -> None:
        self._draws = draws
        self._calendar = calendar
        self._points = ContactPoints(draws)
        self._persons = 0
        self._devices = Numbers(9, draws.below(1_000_000))
        self._national = Numbers(8, draws.below(1_000_000))

    def household(self, at_most: int) -> list[Person]:
        """The members of the next household, `at_most` so many."""
        draws = self._draws
        kind = draws.random()
        alone, parents = kind < 0.36 or kind >= 0.90, kind >= 0.66
        homes: Timeline[Address] = [(BEFORE, new_address(draws))]
        year = draws.between(1957, 1993) if parents else draws.between(1932, 2000)
        if not parents and draws.chance(0.3):
            year = draws.between(1980, 2000)
        self._moves(homes, 0.45 if year > 1975 else 0.12)
        head = self._person(draws.pick("FM") if alone else "M", year, birth_name(draws), homes)
        members = [head]
        if not alone:
            members.append(self._partner(head))
        if parents:
            members += self._children(members)
        members = members[:at_most]
        self._contacts(members)
        return members

    def _person(self, sex: str, year: int, family: str, homes: Timeline[Address], given: str = "") -> Person:
        draws = self._draws
        born = some_day_of(draws, year)
        birthday = self._calendar.moved(born)
        self._persons += 1
        person = Person(
            key=f"p{self._persons}",
            sex=sex,
            born=born,
            birthday=birthday,
            given=given or given_names(sex, year).pick(draws),
            national_id=f"FICTIF-{'2' if sex == 'F' else '1'}-{birthday:%y-%m}-{self._national.next()}",
            homes=homes,
            families=[(BEFORE, family)],
            situation=[(BEFORE, "célibataire")],
        )
        earliest = max(day_of(date(1996, 1, 1)), day_of(born) + 16 * 365)
        person.first_day = min(draws.between(min(earliest, DAYS - 200), DAYS - 60), DAYS - 60)
        return person

    def _moves(self, homes: Timeline[Address], often: float) -> None:
        draws = self._draws
        for day in sorted(draws.between(60, DAYS - 60) for _ in range(draws.geometric(often, 3))):
            homes.append((day, new_address(draws, homes[-1][1])))

    def _partner(self, head: Person) -> Person:
        draws = self._draws
        year = min(head.born.year + draws.between(-4, 6), 2000)
        other = self._person("F" if draws.chance(0.97) else "M", year, birth_name(draws), head.homes)
        if draws.chance(0.72 if year < 1980 else 0.35):
            self._wed(head, other, BEFORE + 1)
        elif draws.chance(0.4):
            self._wed(head, other, draws.between(60, DAYS - 60))
        if len(other.situation) > 1 and other.situation[-1][0] < 900 and draws.chance(0.07):
            self._separate(head, other)
        elif draws.chance(0.4):
            head.relative, other.relative = other, head
        return other

    def _wed(self, head: Person, other: Person, day: int) -> None:
        draws = self._draws
        for person in (head, other):
            person.situation.append((day, "marié"))
        own, theirs = other.families[0][1], head.families[0][1]
        taken = draws.random()
        if taken < 0.72:
            other.families.append((day, theirs))
        elif taken < 0.86 and "-" not in own + theirs:
            other.families.append((day, f"{theirs}{draws.pick('- ')}{own}"))

    def _separate(self, head: Person, other: Person) -> None:
        draws = self._draws
        day = draws.between(max(120, other.situation[-1][0] + 120), DAYS - 60)
        for person in (head, other):
            person.situation.append((day, "divorcé"))
        if len(other.families) > 1 and draws.chance(0.6):
            other.families.append((day, other.families[0][1]))
        before = [home for home in other.homes if home[0] < day]
        other.homes = [*before, (day, new_address(draws, before[-1][1]))]

    def _children(self, adults: list[Person]) -> list[Person]:
        draws = self._draws
        head, mother = adults[0], adults[-1]
        year = mother.born.year + draws.between(20, 36)
        children: list[Person] = []
        for _ in range(1 + draws.geometric(0.5, 3)):
            if year > LAST.year:
                break
            child = self._child(adults, year)
            children.append(child)
            if draws.chance(0.03):
                twin = self._child(adults, year)
                twin.born, twin.birthday, twin.first_day = child.born, child.birthday, child.first_day
                twin.national_id = twin.national_id[:9] + f"{child.birthday:%y-%m}" + twin.national_id[14:]
                children.append(twin)
            year += draws.between(1, 4)
        given: set[str] = set()
        for child in children:
            while child.given in given:
                child.given = given_names(child.sex, child.born.year).pick(draws)
            given.add(child.given)
            for parent in {head.key: head, mother.key: mother}.values():
                parent.children.append(day_of(child.born))
        return children

    def _child(self, adults: list[Person], year: int) -> Person:
        draws = self._draws
        head = adults[0]
        sex = draws.pick("FM")
        namesake = head.given if sex == head.sex and draws.chance(0.04) else ""
        child = self._person(sex, year, head.families[0][1], head.homes, namesake)
        child.relative = adults[-1] if draws.chance(0.6) else head
        if child.age < 18:
            earliest = max(0, day_of(child.born) + 30)
            child.first_day = min(draws.between(earliest, max(earliest, DAYS - 60)), DAYS - 1)
        leaves = day_of(child.born + timedelta(days=365 * draws.between(19, 26)))
        if leaves < DAYS - 60:
            before = [home for home in head.homes if home[0] < leaves] if leaves > 0 else []
            leaves = leaves if leaves > 0 else BEFORE
            child.homes = [*before, (leaves, new_address(draws, head.homes[0][1]))]
            self._moves_later(child.homes, leaves)
        return child

    def _moves_later(self, homes: Timeline[Address], after: int) -> None:
        day = self._draws.between(60, DAYS - 60)
        if day > after + 200 and self._draws.chance(0.4):
            homes.append((day, new_address(self._draws, homes[-1][1])))

    def _contacts(self, members: list[Person]) -> None:
        draws, points = self._draws, self._points
        head = members[0]
        landlines: Timeline[str] = []
        if draws.chance(0.75 if head.born.year < 1965 else 0.35):
            for since, home in head.homes:
                landlines.append((since, points.landline(home.postcode)))
        mailbox = points.mailbox(head.families[0][1]) if len(members) > 1 and draws.chance(0.10) else ""
        tablet = f"dev-{self._devices.next()}" if len(members) > 1 and draws.chance(0.55) else ""
        for person in members:
            at_home = person.homes is head.homes
            person.landlines = landlines if at_home else []
            person.shared_email = mailbox if at_home else ""
            person.shared_device = tablet if at_home else ""
            person.device = f"dev-{self._devices.next()}"
            self._own_contacts(person)

    def _own_contacts(self, person: Person) -> None:
        draws, points = self._draws, self._points
        year = person.born.year
        born = day_of(person.born)
        if draws.chance(0.45 if year < 1945 else 0.93 if year < 2003 else 0.6) and born + 13 * 365 < DAYS:
            since = max(BEFORE, born + 13 * 365) if year > 1985 else BEFORE
            person.emails.append((since, points.email(person.given, person.family(max(since, BEFORE)), year)))
            for day, family in person.families[1:]:
                if day > 0 and draws.chance(0.45):
                    person.emails.append(
                        (min(day + draws.between(5, 90), DAYS - 1), points.email(person.given, family, year))
                    )
            if draws.chance(0.25):
                day = draws.between(max(60, person.emails[-1][0]), DAYS - 1)
                person.emails.append((day, points.email(person.given, person.family(day), year)))
            if person.age >= 18 and draws.chance(0.28):
                person.other_email = points.email(person.given, person.families[0][1], year)
        if draws.chance(0.55 if year < 1942 else 0.94) and born + 12 * 365 < DAYS:
            since = born + 12 * 365 if year > 1985 else BEFORE
            person.mobiles.append((since, points.mobile(since)))
            if draws.chance(0.16):
                day = draws.between(max(60, since + 30), DAYS - 1) if since + 30 < DAYS else DAYS - 1
                points.release(person.mobiles[-1][1], day)
                person.mobiles.append((day, points.mobile(day)))
