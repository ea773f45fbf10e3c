"""What a file is, whatever it is called: packed, in UTF-16, with the line ends of an old Mac, or a workbook."""

import gzip
import io
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast
from zipfile import BadZipFile, ZipFile

BLOCK = 1 << 16
TORN = (OSError, EOFError, zlib.error, BadZipFile)
"""What reading a packed file raises where it is torn."""


class Unopenable(ValueError):
    """The file holds no rows that can be reached; the message says what was expected."""


class Workbook:
    """A file of Excel or LibreOffice, under whatever name it came."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream


def opened(stream: BinaryIO) -> BinaryIO | Workbook:
    """The bytes within a packed file, or the workbook that it is; Unopenable where it holds several files."""
    buffered = io.BufferedReader(cast(io.RawIOBase, stream), BLOCK)
    head = buffered.peek(8)[:8]
    if head.startswith(b"\x1f\x8b"):
        return opened(cast(BinaryIO, gzip.GzipFile(fileobj=buffered)))
    if head.startswith(b"PK\x03\x04"):
        return _of_archive(ZipFile(buffered), buffered)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return Workbook(buffered)
    return buffered


def _of_archive(archive: ZipFile, stream: BinaryIO) -> BinaryIO | Workbook:
    names = [one.filename for one in archive.infolist() if not one.is_dir()]
    if "[Content_Types].xml" in names or "mimetype" in names:
        stream.seek(0)
        return Workbook(stream)
    files = [name for name in names if not name.startswith("__MACOSX/")]
    if len(files) != 1:
        raise Unopenable(f"expected a zip of one file, found {len(files)}; unpack it")
    return opened(cast(BinaryIO, archive.open(files[0])))


def seekable(within: BinaryIO, stream: BinaryIO) -> BinaryIO:
    """What can be read from its end, as Parquet is: of a packed file all of it, in memory."""
    return within if getattr(within, "raw", None) is stream else io.BytesIO(within.read())


def lines_of(stream: BinaryIO) -> Iterable[bytes]:
    """The lines of a text, ends included; those of UTF-16 in UTF-8, each marked as such by a byte order mark."""
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, stream), BLOCK)
    head = buffered.peek(BLOCK)
    if encoding := _utf_16(head):
        return _recoded(buffered, encoding)
    return _cut_at_returns(buffered) if b"\r" in head and b"\n" not in head else buffered


def _utf_16(head: bytes) -> str | None:
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "utf-16"
    if len(head) < 4 or head[:4].count(0) != 2:
        return None
    return "utf-16-le" if head[1] == head[3] == 0 else "utf-16-be" if head[0] == head[2] == 0 else None


def _recoded(stream: io.BufferedReader, encoding: str) -> Iterator[bytes]:
    text = io.TextIOWrapper(stream, encoding, errors="replace", newline="")
    yield from (BOM_UTF8 + line.encode() for line in text)


def _cut_at_returns(stream: io.BufferedReader) -> Iterator[bytes]:
    rest = b""
    while block := stream.read(BLOCK):
        *whole, rest = (rest + block).split(b"\r")
        yield from (line + b"\r" for line in whole)
    if rest:
        yield rest
