"""Read rows from CSV, JSON, JSONL and parquet files. For an invalid file, the error says where it breaks."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curate.read.documents import Unreadable, decode

LARGEST_EXPORT = 500_000_000
"""Most bytes of a file that is read whole; JSON takes about ten times its size in memory."""


def check_size(path: Path) -> None:
    """Refuse a file that would fill the memory.

    Raises:
        Unreadable: the file is too large.
    """
    size = path.stat().st_size
    if size > LARGEST_EXPORT:
        raise Unreadable(f"is {size / 1e6:,.0f} MB, and {LARGEST_EXPORT / 1e6:.0f} MB can be read at once; split it")


def json_value(path: Path) -> Any:
    """The value in a JSON file.

    Raises:
        Unreadable: it is too large, no text, or not JSON.
    """
    check_size(path)
    return _parsed(decode(path.read_bytes()))


def json_rows(path: Path) -> Iterator[Any]:
    """The values of a JSONL file, the items of a JSON list, or the one object in a JSON file.

    Raises:
        Unreadable: it is too large, not text, or not JSON; the message names the line.
    """
    check_size(path)
    text = decode(path.read_bytes())
    if text.lstrip().startswith("["):
        yield from _parsed(text)
    elif _is_json(text.lstrip().partition("\n")[0]):
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield _in_line(line, number)
    else:
        yield from _one_after_another(text)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except json.JSONDecodeError:
        return False
    except (RecursionError, ValueError):
        return True  # the error will name the line
    return True


def _in_line(text: str, number: int) -> Any:
    try:
        return _parsed(text)
    except Unreadable as error:
        raise Unreadable(f"line {number} {error}") from None


def _one_after_another(text: str) -> Iterator[Any]:
    """JSON values one after another, each of which may span several lines."""
    decoder = json.JSONDecoder()
    at = 0
    while (begin := re.compile(r"\s*").match(text, at)) and begin.end() < len(text):
        try:
            value, at = decoder.raw_decode(text, begin.end())
        except json.JSONDecodeError as error:
            raise Unreadable(f"line {error.lineno} is not JSON: {error.msg}") from None
        except (RecursionError, ValueError) as error:
            raise Unreadable(f"is JSON that cannot be read: {str(error)[:100]}") from None
        yield value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f" in line {error.lineno}" if "\n" in text.strip() else ""
        raise Unreadable(f"is not JSON: {error.msg}{place}") from None
    except (RecursionError, ValueError) as error:  # nested too deep, or a number with thousands of digits
        raise Unreadable(f"is JSON that cannot be read: {str(error)[:100]}") from None


def csv_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV or TSV file, by the column names in its first line, in lower case.

    Columns are separated by commas, semicolons or tabs.

    Raises:
        Unreadable: it is too large, not text, or a row does not fit the first line; the message names the line.
    """
    check_size(path)
    text = decode(path.read_bytes())
    first, _, rest = text.partition("\n")
    named = re.fullmatch(r"\"?sep=(.)\"?\s*", first, re.IGNORECASE)  # Excel's own line
    if named:
        text, first = rest, rest.partition("\n")[0]
    rows = csv.reader(
        io.StringIO(text, newline=""), delimiter=named[1] if named else max("\t", ";", ",", key=first.count), strict=True
    )
    try:
        names = [name.strip().lower() for name in next(rows, [])]
        for row in rows:
            if len(row) == len(names):
                yield dict(zip(names, row, strict=True))
            elif row:
                raise Unreadable(f"line {rows.line_num} has {len(row)} columns, and the first line names {len(names)}")
    except csv.Error as error:
        raise Unreadable(f"line {rows.line_num} is not CSV: {error} (is a quotation mark left open?)") from None


def parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a parquet file.

    Raises:
        Unreadable: it is not parquet, or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_size(path)
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise Unreadable(f"cannot be read as parquet: {str(error).splitlines()[0][:160]}") from None
