"""Birth dates as they are said, whole or in part: `12 March 1984`, `the twelfth of March`, `mars 84`, `12/03/1984`."""

import re
from calendar import monthrange
from dataclasses import dataclass

from contracts.spoken.numbers import in_digits

_MONTHS = {
    name[:length]: number
    for names in (
        "january february march april may june july august september october november december",
        "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    )
    for number, name in enumerate(names.split(), 1)
    for length in {len(name), max(3, 4 if name[:3] in ("jui", "jun", "jul") else 3)}
}
OLDEST = 110


@dataclass(frozen=True)
class PartialDate:
    """A day of the calendar of which parts may be unknown."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    @property
    def whole(self) -> bool:
        return None not in (self.year, self.month, self.day)

    def days(self, this_year: int) -> list[str]:
        """Every possible date, as `year-month-day`, for people alive; a year alone gives none."""
        if self.month is None:
            return []
        years = [self.year] if self.year else range(this_year - OLDEST, this_year + 1)
        return [
            f"{year:04d}-{self.month:02d}-{day:02d}"
            for year in years
            for day in ([self.day] if self.day else range(1, monthrange(year, self.month)[1] + 1))
            if day <= monthrange(year, self.month)[1]
        ]


def spoken_dates(text: str, this_year: int, day_first: bool = True) -> list[PartialDate]:
    """The possible birth dates of the text, the likelier first; empty if it can't be one.

    `12/03/1984` is two dates; `day_first` says which of them is likelier where the caller lives.
    """
    said = in_digits(text)
    month = next((_MONTHS[word] for word in re.findall(r"[a-z]+", said) if word in _MONTHS), None)
    numbers = _numbers(re.sub(r"(?<=\d) ?(st|nd|rd|th|er)\b", "", said), month is not None)
    if month is not None:
        found = _with_month_name(numbers, month, this_year)
    elif len(numbers) == 3 and len(numbers[0]) == 4:
        found = [PartialDate(int(numbers[0]), int(numbers[1]), int(numbers[2]))]
    elif len(numbers) == 3:
        years = _years(numbers[2], this_year)
        found = [PartialDate(year, *pair) for pair in _orders(numbers, day_first) for year in years]
    elif len(numbers) == 2 and len(numbers[1]) < 3:
        found = [PartialDate(None, *pair) for pair in _orders(numbers, day_first)]
    elif len(numbers) == 1:
        found = [PartialDate(year) for year in _years(numbers[0], this_year)]
    else:
        found = []
    return list(dict.fromkeys(one for one in found if _possible(one, this_year)))


def _numbers(said: str, month_named: bool) -> list[str]:
    numbers = re.findall(r"\d+", said)
    if len(numbers) == 1 and len(numbers[0]) == 8:
        one = numbers[0]
        parts = (4, 6) if one[:2] in ("19", "20") and one[4:6] <= "12" else (2, 4)
        return [one[: parts[0]], one[parts[0] : parts[1]], one[parts[1] :]]
    # A year said in halves: nineteen eighty-four, nineteen oh four.
    if len(numbers) > 2 and numbers[-3] in ("19", "20") and numbers[-2] == "0" and len(numbers[-1]) == 1:
        numbers = [*numbers[:-3], f"{numbers[-3]}0{numbers[-1]}"]
    halves = len(numbers) > 1 and numbers[-2] in ("19", "20") and len(numbers[-1]) == 2
    if halves and (
        len(numbers) == 4 or (month_named and len(numbers) > 2) or (len(numbers) == 2 and numbers[1] > "12")
    ):
        numbers = [*numbers[:-2], numbers[-2] + numbers[-1]]
    return numbers


def _with_month_name(numbers: list[str], month: int, this_year: int) -> list[PartialDate]:
    if not numbers:
        return [PartialDate(None, month)]
    if len(numbers) == 1:
        one = numbers[0]
        days = [PartialDate(None, month, int(one))] if int(one) <= 31 and len(one) < 3 else []
        years = [PartialDate(year, month) for year in _years(one, this_year)] if len(one) != 1 else []
        return days + years
    first, last = (numbers[1], numbers[0]) if len(numbers[0]) == 4 else (numbers[0], numbers[-1])
    return [PartialDate(year, month, int(first)) for year in _years(last, this_year)]


def _orders(numbers: list[str], day_first: bool) -> list[tuple[int, int]]:
    """(month, day) in both orders."""
    one, other = int(numbers[0]), int(numbers[1])
    return [(other, one), (one, other)] if day_first else [(one, other), (other, one)]


def _years(text: str, this_year: int) -> list[int]:
    if len(text) == 4:
        return [int(text)]
    if len(text) != 2:
        return []
    century = this_year // 100 * 100
    return [century - 100 + int(text), century + int(text)]


def _possible(one: PartialDate, this_year: int) -> bool:
    if one.year is not None and not this_year - OLDEST <= one.year <= this_year:
        return False
    if one.month is not None and not 1 <= one.month <= 12:
        return False
    return one.day is None or 1 <= one.day <= monthrange(one.year or 2000, one.month or 1)[1]
