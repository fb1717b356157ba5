"""Rows out of files that other programs wrote: CSV, JSON, JSONL, parquet. A file that is none says where it breaks."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curate.read.documents import Unreadable, decode

LARGEST_EXPORT = 500_000_000
"""Bytes. Read whole, JSON takes about ten times its size in memory."""


def check_size(path: Path) -> None:
    """Turn down what would fill the memory.

    Raises:
        Unreadable: the file is too large.
    """
    size = path.stat().st_size
    if size > LARGEST_EXPORT:
        raise Unreadable(f"is {size / 1e6:,.0f} MB, and {LARGEST_EXPORT / 1e6:.0f} MB can be read at once; split it")


def json_value(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        Unreadable: it is too large, not UTF-8, or not JSON.
    """
    check_size(path)
    return _parsed(decode(path.read_bytes()))


def json_rows(path: Path) -> Iterator[Any]:
    """The rows of JSONL, or of a JSON file that is one list.

    Raises:
        Unreadable: it is too large, not UTF-8, or not JSON; says in which line.
    """
    check_size(path)
    text = decode(path.read_bytes())
    if text.lstrip().startswith("["):
        yield from _parsed(text)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield _parsed(line)
            except Unreadable as error:
                raise Unreadable(f"line {number} {error}") from None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f" in line {error.lineno}" if "\n" in text.strip() else ""
        raise Unreadable(f"is not JSON: {error.msg}{place}") from None
    except (RecursionError, ValueError) as error:  # nested too deep; a number of thousands of digits
        raise Unreadable(f"is JSON that cannot be read: {str(error)[:100]}") from None


def csv_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV or TSV file by the names in its first line, in lower case. Commas, semicolons or tabs part columns.

    Raises:
        Unreadable: it is too large, not UTF-8, or a row does not fit the first line; says in which line.
    """
    check_size(path)
    with path.open("rb") as binary:
        encoding = "utf-16" if binary.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    with path.open(encoding=encoding, newline="") as file:
        try:
            first = file.readline()
            file.seek(0)
            rows = csv.reader(file, delimiter=max("\t", ";", ",", key=first.count), strict=True)
            names = [name.strip().lower() for name in next(rows, [])]
            for row in rows:
                if len(row) == len(names):
                    yield dict(zip(names, row, strict=True))
                elif row:
                    raise Unreadable(f"line {rows.line_num} has {len(row)} columns, and the first line names {len(names)}")
        except csv.Error as error:
            raise Unreadable(f"line {rows.line_num} is not CSV: {error} (is a quotation mark left open?)") from None
        except UnicodeError:
            decode(path.read_bytes())  # says in which line
            raise Unreadable("is not text") from None


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
