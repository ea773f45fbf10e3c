"""Proposes a contract for a file, from the names of its columns and what stands in them; a person then corrects it.

What it writes can be tried at once. It repeats no value of the file.
"""

import argparse
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from channel_files.opening import Unopenable, Workbook, lines_of, opened
from channel_files.rows import read_rows
from contracts.channel import Channel
from contracts.contacts import readings
from contracts.dates import parse_instant
from contracts.names import fold
from contracts.nothing import ALWAYS

SAMPLE = 500
"""Rows that are looked at."""
DELIMITERS = ",;\t|"
FORMATS = (
    "iso", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%d/%m/%y", "%m/%d/%y", "%Y%m%d",
    "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y, %I:%M %p", "%Y-%m-%d %H:%M:%S %z",
    "%b %d, %Y", "%d %b %Y",
)  # fmt: skip
# Words of a column's name, folded, and what it then is; the first that fits. English and French.
NAMES: tuple[tuple[str, str], ...] = (
    (r"(e ?)?mail( address)?|courriel|adresse (e )?mail", "email"),
    (r"(tele)?phone( number)?|mobile( phone)?|portable|tel|gsm|cell|fax", "phone"),
    (r"first name|given name|prenom|forename", "given_name"),
    (r"middle name|deuxieme prenom", "middle_name"),
    (r"last name|family name|surname|nom( de famille)?", "family_name"),
    (r"(full |contact |customer |display )?name|nom complet|titulaire", "full_name"),
    (r"gender|sex|sexe|civilite|salutation", "gender"),
    (r"lang(uage|ue)?|locale", "language"),
    (r"birth ?(date|day)|date of birth|dob|born|ne le|date (de )?naissance", "birth_date"),
    (r"birth year|annee (de )?naissance", "birth_year"),
    (r"(.* )?(street|address|address ?1|address line 1|rue|adresse|voie)( line| 1)?", "street"),
    (r"(.* )?(address ?2|address line 2|complement|apartment|suite|unit)", "unit"),
    (r"(.* )?(city|town|ville|commune|localite)", "city"),
    (r"(.* )?(zip|zip code|postal code|post ?code|code postal|cp)", "postcode"),
    (r"(.* )?(state|region|province|province code|departement)", "state"),
    (r"(.* )?(country|country code|pays)", "country"),
    (r"(last )?(modified|updated?|changed?)( (at|on|date))?|last modified date|maj( le)?|write date", "version"),
    (r"(created?|signed up|joined)( (at|on|date))?|customer since|client depuis|inscrit( le)?", "customer_since"),
)  # fmt: skip
KEYS = r"(.* )?(id|key|number|no|num|numero|code|ref(erence)?)"
DATED = ("birth_date", "version", "customer_since")


@dataclass
class Seen:
    """What a column of the file holds."""

    texts: list[str] = field(default_factory=list)

    def most(self, test: Callable[[str], bool], share: float = 0.9) -> bool:
        """Whether nearly all of its values are such."""
        return bool(self.texts) and sum(map(test, self.texts)) >= share * len(self.texts)

    @property
    def formats(self) -> list[str]:
        """The formats in which nearly all of its values are dates."""
        return [one for one in FORMATS if self.most(partial(_is_date, fmt=one))]


def proposed(path: Path) -> str:
    """The contract as YAML; Unopenable where nothing can be read."""
    settings, columns = _look(path)
    if not columns:
        raise Unopenable(f"expected a file with columns, found none in {path.name}")
    key = _key_of(columns)
    taken = set[str]()
    lines = [f"# Proposed for {path.name}: correct what is wrong, then `make try`. What is `ignored` is left out."]
    lines += [f"channel: {_slug(path)}", f"files: {json.dumps(path.name, ensure_ascii=False)}"]
    lines += [f"{name}: {value}" for name, value in settings.items()]
    lines += ["holds: [person]", "# region: FR  # country of phones without a prefix", "columns:"]
    for name, seen in columns.items():
        role, remark = _column(name, seen, name == key, taken)
        lines.append(f"  {json.dumps(name, ensure_ascii=False)}: {{{role}}}{f'  # {remark}' if remark else ''}")
    return "\n".join(lines) + "\n"


def _column(name: str, seen: Seen, is_key: bool, taken: set[str]) -> tuple[str, str]:
    if is_key:
        return "is: key", "a key of its own? add a `kind` if other files say it"
    role = _role(fold(name), seen)
    if role is None or (role not in ("email", "phone") and role in taken):
        return "is: ignored", ""
    if role not in DATED:
        taken.add(role)
        return f"is: {role}", ""
    formats = seen.formats
    if not formats:
        return "is: ignored", f"{role}? no format fits"
    taken.add(role)
    remark = f"or {formats[1]!r}: nothing in the file tells" if len(formats) > 1 else ""
    return f"is: {role}, format: {json.dumps(formats[0])}", remark


def _role(name: str, seen: Seen) -> str | None:
    if seen.most(lambda text: "@" in text and bool(readings("email", text, None)[0])):
        return "email"
    found = next((role for pattern, role in NAMES if re.fullmatch(pattern, name)), None)
    if found is None and re.search(r"\b(phone|mobile|tel)\b", name) and seen.most(_has_digits):
        return "phone"
    return None if found == "email" and seen.texts else found


def _key_of(columns: Mapping[str, Seen]) -> str:
    """A column that tells rows apart, by its name if it can be."""
    apart = [name for name, seen in columns.items() if seen.texts and len(set(seen.texts)) == len(seen.texts)]
    full = max((len(seen.texts) for seen in columns.values()), default=0)
    apart = [name for name in apart if len(columns[name].texts) == full]
    named = [name for name in apart if re.fullmatch(KEYS, fold(name))]
    return next(iter(named or apart or columns))


def _look(path: Path) -> tuple[dict[str, str], dict[str, Seen]]:
    settings, names = _settings(path)
    probe: dict[str, Any] = {name: json.loads(value) if value[:1] == '"' else value for name, value in settings.items()}
    listed = {name: {"is": "ignored"} for name in names} | {names[0] if names else "": {"is": "key"}}
    basis = {"channel": "proposed", "files": "x", "holds": ["person"], "columns": listed}
    contract = Channel.model_validate(basis | probe)
    columns: dict[str, Seen] = {}
    with path.open("rb") as stream:
        for row in islice(read_rows(stream, contract), SAMPLE):
            for name in row.header or []:
                columns.setdefault(name, Seen())
            for name, text in _texts(row.payload if row.payload is not None else _json(row.raw)):
                columns.setdefault(name, Seen()).texts.append(text)
    return settings, columns


def _json(raw: bytes) -> dict[str, Any]:
    """A row of a workbook or of Parquet, refused for want of a key, which nobody knows yet."""
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _texts(payload: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    for name, value in payload.items():
        if isinstance(value, Mapping):
            yield from _texts(value, f"{within}{name}.")
        elif value is not None and str(value).strip() and fold(str(value)) not in ALWAYS:
            yield within + name, str(value).strip()


def _settings(path: Path) -> tuple[dict[str, str], list[str]]:
    """What the file is: its format, and of text the encoding, the delimiter and the names in its first line."""
    with path.open("rb") as stream:
        within = opened(stream)
        if isinstance(within, Workbook):
            return {"format": "xlsx"}, []
        lines = list(islice(lines_of(within), 50))
    raw = b"\n".join(line.rstrip(b"\r\n") for line in lines)
    if raw.startswith(b"PAR1"):
        return {"format": "parquet"}, []
    encoding = "utf-8" if _is_utf_8(raw) else "cp1252"
    of = {"encoding": encoding} if encoding != "utf-8" else {}
    texts = [text for text in raw.decode(encoding, "replace").replace("\ufeff", "").split("\n") if text.strip()]
    if texts and _json(texts[0].encode()):
        return {"format": "jsonl"} | of, []
    marked = texts[:1] if texts and texts[0].lower().startswith("sep=") else []
    delimiter = marked[0][4:5] if marked else _delimiter(texts)
    names = next(csv.reader(texts[len(marked) :], delimiter=delimiter), [])
    return {"format": "csv"} | of | ({"delimiter": json.dumps(delimiter)} if delimiter != "," else {}), names


def _delimiter(texts: list[str]) -> str:
    """The mark that parts most lines into as many fields as the first."""

    def parted(mark: str) -> tuple[int, int]:
        widths = [len(fields) for fields in csv.reader(io.StringIO("\n".join(texts)), delimiter=mark) if fields]
        if not widths or widths[0] < 2:
            return 0, 0
        return Counter(widths)[widths[0]], widths[0]

    return max(DELIMITERS, key=parted)


def _is_utf_8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _has_digits(text: str) -> bool:
    return sum(c.isdigit() for c in text) >= 6


def _is_date(text: str, fmt: str) -> bool:
    try:
        return 1875 <= parse_instant(text, fmt).year <= datetime.max.year
    except ValueError:
        return False


def _slug(path: Path) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", fold(path.name.partition(".")[0])).strip("_")
    return name if re.match("[a-z]", name) else f"channel_{name}".rstrip("_")


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", required=True, type=Path)
    given = parser.parse_args(args)
    try:
        print(proposed(given.file), end="")
    except (OSError, Unopenable) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
