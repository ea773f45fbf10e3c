"""Looks for erased people with nothing of the code under test: values from the channel files, `pg_dump`, and `grep`.

Values are e-mail addresses, phone numbers, keys and streets that stand in an erased record's rows and in no other row
of the files. Parquet is decoded, PostgreSQL and Valkey are dumped as text, and those texts and every file as it is are
searched for each value as it stands, in lower case, in Base64, as SHA-256 and URL-encoded.
"""

import base64
import csv
import hashlib
import os
import re
import subprocess
import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from redis import Redis
from sqlalchemy import make_url

from benchmarks.privacy.sample import Sample
from stores.embedded import Stores

PERSON_FILES = {
    "crm": "numero_client",
    "billing": "compte",
    "loyalty": "carte",
    "web": "user_id",
    "call_centre": "no_appel",
}
"""The files of the sample in which a row is a person, and the column of its key."""
EMAIL = re.compile(r"[\w.+-]+@[\w.-]+\.\w+")
PHONE = re.compile(r"(?:\+33(?: ?\(0\))?|0033|0)[ .]?[1-9](?:[ .-]?\d{2}){4}")
STREET = re.compile(r"\d+,? .*[a-zà-ÿ]{4,}.*", re.IGNORECASE)


def needles_of(sources: Path, records: set[str]) -> set[str]:
    """Values of these records, in the spellings of the files and the international one of phones."""
    own, others = set[str](), set[str]()
    for channel, key in PERSON_FILES.items():
        for row in _rows(sources, channel):
            told = own if f"{channel}:{row[key].strip()}" in records else others
            told |= {value for text in row.values() for value in _telling(text)}
            if told is own and len(row[key]) >= 8:
                own.add(row[key].strip())
    held = "\n".join(sorted({_plain(value) for value in others}))
    lived = {pair for value in others if STREET.fullmatch(value) for pair in _house(value)}
    alone = {value for value in own if _plain(value) not in held and lived.isdisjoint(_house(value))}
    return alone | {f"+33{_plain(value)[-9:]}" for value in alone if PHONE.fullmatch(value)}


def search(sample: Sample, stores: Stores, needles: set[str]) -> dict[str, dict[str, set[str]]]:
    """Which values stand in each place, with the names of the files."""
    with tempfile.TemporaryDirectory(prefix="ocv-dump-") as folder:
        dumps = Path(folder)
        (dumps / "lake.txt").write_bytes(b"\n".join(_parquet(sample.home / "lake")))
        _dump_postgres(stores.database_url, dumps / "postgresql.txt")
        (dumps / "valkey.txt").write_bytes(b"\n".join(_valkey(stores.redis_url)))
        places = {
            "lake, decoded": [dumps / "lake.txt"],
            "postgresql dump": [dumps / "postgresql.txt"],
            "valkey, keys and values": [dumps / "valkey.txt"],
            "files": [sample.home / "lake", sample.home / "stores", *sample.home.glob("*.log")],
        }
        owners = defaultdict[bytes, set[str]](set)  # several, where only their case differs
        for value in needles:
            for form in _forms(value):
                owners[form].add(value)
        found: dict[str, dict[str, set[str]]] = {place: defaultdict(set) for place in places}
        for place, targets in places.items():
            for form, files in _grep(set(owners), dumps / "patterns", *targets).items():
                for value in owners[form]:
                    found[place][value] |= files
        return found


def _rows(sources: Path, channel: str) -> Iterator[dict[str, str]]:
    encoding, delimiter = ("cp1252", ";") if channel == "billing" else ("utf-8", ",")
    with (sources / f"{channel}.csv").open(encoding=encoding, newline="") as file:
        for row in csv.DictReader(file, delimiter=delimiter):
            yield {name: value or "" for name, value in row.items() if name is not None and isinstance(value, str)}


def _telling(text: str) -> Iterator[str]:
    text = text.strip()
    yield from EMAIL.findall(text)
    if PHONE.fullmatch(text) or (len(text) >= 10 and STREET.fullmatch(text)):
        yield text


def _plain(value: str) -> str:
    """What two spellings have in common."""
    return re.sub(r"\D", "", value)[-9:] if PHONE.fullmatch(value) else _letters(value)


def _letters(text: str) -> str:
    """Without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def _house(street: str) -> set[tuple[str, str]]:
    """A house by its number and each longer word of its address: the others who live there may spell it otherwise."""
    if not STREET.fullmatch(street) or PHONE.fullmatch(street):
        return set()
    number, *words = re.findall(r"\w+", _letters(street))
    return {(number, word) for word in words if len(word) >= 4 and word.isalpha()}


def _forms(value: str) -> Iterator[bytes]:
    for text in {value, value.lower()}:
        plain = text.encode()
        yield plain
        yield quote(text, safe="").encode()
        yield base64.b64encode(plain).rstrip(b"=")[: len(plain) * 8 // 6]
        yield hashlib.sha256(plain).hexdigest().encode()


def _grep(forms: set[bytes], patterns: Path, *places: Path) -> dict[bytes, set[str]]:
    """The forms that stand anywhere in these files, and in which; of digits alone, where no longer number holds
    them."""
    found = defaultdict[bytes, set[str]](set)
    for numbers in (False, True):
        patterns.write_bytes(b"".join(form + b"\n" for form in forms if form.isdigit() is numbers))
        command = ["grep", "-r", "-a", "-o", "-H", "-Z", *(["-w"] if numbers else []), "-F", "-f", str(patterns)]
        command += [str(place) for place in places]
        done = subprocess.run(command, env=os.environ | {"LC_ALL": "C"}, capture_output=True, check=False)
        if done.returncode > 1:
            raise SystemExit(f"expected grep to read every file, found: {done.stderr.decode()[-500:]}")
        for line in done.stdout.splitlines():
            file, _, form = line.partition(b"\0")
            found[form].add(os.fsdecode(file))
    return found


def _parquet(folder: Path) -> Iterator[bytes]:
    for file in folder.rglob("*.parquet"):
        for batch in pq.ParquetFile(file).iter_batches():
            yield from (str(value).encode() for column in batch.columns for value in _leaves(column))


def _leaves(column: pa.Array) -> Iterator[object]:
    for value in column.to_pylist():
        if value is not None:
            yield value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _dump_postgres(database_url: str, file: Path) -> None:
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'").fetchone()
    program = Path(found[0] if found else "", "pg_dump")  # the server's own, for another version would refuse
    readable = os.environ | {"PGOPTIONS": "-c bytea_output=escape"}
    subprocess.run([str(program), f"--file={file}", url], env=readable, check=True, capture_output=True)


def _valkey(url: str) -> Iterator[bytes]:
    with Redis.from_url(url) as client:
        for key in client.scan_iter(count=1000):
            yield key
            kind = client.type(key)
            if kind == b"hash":
                yield from (part for pair in client.hgetall(key).items() for part in pair)
            elif kind == b"string":
                yield client.get(key) or b""
            else:
                yield client.dump(key) or b""
