"""Filters and sort keys as SQL over Argilla's own tables. In each statement `r` is the record.

What a filter means is what it means to Elasticsearch: a record with several values (labels, say) matches when any of them does,
and sorts by its best; a record without a value never matches, and sorts last in either direction.
"""

from __future__ import annotations

import json
import re
from calendar import monthrange
from contextlib import suppress
from datetime import UTC, datetime
from math import isfinite
from typing import Any
from uuid import UUID

from argilla_server.enums import ResponseStatusFilter, SortOrder
from argilla_server.errors.future import UnprocessableEntityError
from argilla_server.search_engine import (
    AndFilter,
    Filter,
    MetadataFilterScope,
    Order,
    RangeFilter,
    RecordFilterScope,
    ResponseFilterScope,
    SuggestionFilterScope,
    TermsFilter,
)

ANSWERS = 's."values"'  # VALUES is a word of SQL's own
DATES = ("inserted_at", "updated_at")
RECORD_COLUMNS = ("id", "external_id", "status", *DATES)
FIRST, LAST = "0001-01-01 00:00:00.000000", "9999-12-31 23:59:59.999999"  # what fills up a date that says less
_DATE = re.compile(r"([0-9]{4}[0-9-]*(?:[T ][0-9:.]+)?)(Z|[+-][0-9]{2}:?[0-9]{2})?")

EACH = "iif(v.type IN ('true', 'false'), v.type, v.value)"  # a value `v` of json_each: SQLite would make true a 1


class Values(dict[str, Any]):
    """The values of a statement, by name: its parts may be written in any order."""

    def bind(self, value: Any) -> str:
        """Keep a value, and give what stands for it in the statement."""
        name = f"v{len(self)}"
        self[name] = value
        return f":{name}"


def condition(filter: Filter, values: Values) -> str:
    """A filter as an SQL condition.

    Raises:
        UnprocessableEntityError: the filter asks for what responses do not have, or holds no date where one belongs.
    """
    if isinstance(filter, AndFilter):
        return " AND ".join(f"({condition(each, values)})" for each in filter.filters) or "1"
    if isinstance(filter.scope, RecordFilterScope):
        return _record_condition(filter, str(filter.scope.property), values)
    if isinstance(filter.scope, ResponseFilterScope) and not filter.scope.question:
        return _status_condition(filter, values)
    value, rows = _values_of(filter.scope, values)
    return f"EXISTS (SELECT 1 {rows} AND {_test(filter, value, values)})"


def sort_key(order: Order, values: Values) -> str:
    """A sort order as an SQL ordering term."""
    descending = order.order == SortOrder.desc
    if isinstance(order.scope, RecordFilterScope):
        key = f"r.{_column(str(order.scope.property))}"
    else:
        value, rows = _values_of(order.scope, values)
        best = f"max({value})" if descending else f"min({value})"
        if isinstance(order.scope, ResponseFilterScope):  # of several people's ratings the mean counts
            best = f"CASE WHEN typeof(max({value})) IN ('integer', 'real') THEN avg({value}) ELSE {best} END"
        key = f"(SELECT {best} {rows})"
    return f"{key} {'DESC' if descending else 'ASC'} NULLS LAST"


def doubt() -> str:
    """The least score of a record's suggestions, as a sort key. SQLite keeps a number as such: only lists need be parsed."""
    least = f"(SELECT min(v.value) FROM json_each({valid('s.score')}) v)"  # noqa: S608 - all is ours
    score = f"CASE typeof(s.score) WHEN 'text' THEN {least} ELSE s.score END"
    return f"(SELECT min({score}) FROM suggestions s WHERE s.record_id = r.id) NULLS LAST"  # noqa: S608 - all is ours


def _values_of(scope: Any, values: Values) -> tuple[str, str]:
    """The values that a record has in a scope: an expression, and the rows (`FROM … WHERE …`) over which it runs."""
    if isinstance(scope, MetadataFilterScope):
        return EACH, f"FROM json_each({valid('r.metadata')}, {values.bind(json_path(scope.metadata_property))}) v WHERE 1"
    if isinstance(scope, SuggestionFilterScope):
        column = {"value": "value", "None": "value", "score": "score", "agent": "agent", "type": "type"}[str(scope.property)]
        value, more = f"s.{column}", ""
        if column in ("value", "score"):  # JSON; a multi-label suggestion holds lists
            value, more = EACH, f", json_each({valid(f's.{column}')}) v"
        question = f"q.name = {values.bind(scope.question)} AND q.dataset_id = r.dataset_id"
        return value, f"FROM questions q, suggestions s{more} WHERE s.question_id = q.id AND s.record_id = r.id AND {question}"
    if scope.question:
        answers = f"json_each({valid(ANSWERS)}, {values.bind(json_path(scope.question, 'value'))}) v"
        return EACH, f"FROM responses s, {answers} WHERE s.record_id = r.id{_by(scope, values)}"
    if scope.property == "status":
        return "s.status", f"FROM responses s WHERE s.record_id = r.id{_by(scope, values)}"
    raise UnprocessableEntityError("of a response either a question or the property `status` must be named")


def _record_condition(filter: Filter, name: str, values: Values) -> str:
    column = f"r.{_column(name)}"
    if isinstance(filter, TermsFilter) and name in DATES:  # a day is all of its moments
        days = [(_stored(name, term), _stored(name, term, last=True)) for term in filter.values]
        within = f"{column} BETWEEN json_extract(day.value, '$[0]') AND json_extract(day.value, '$[1]')"
        return f"EXISTS (SELECT 1 FROM json_each({values.bind(json.dumps(days))}) day WHERE {within})"  # noqa: S608 - all is bound
    if isinstance(filter, TermsFilter):
        return f"{column} {_one_of([_stored(name, term) for term in filter.values], values)}"
    tests = [f"{column} {sign} {values.bind(_stored(name, bound, last=sign == '<='))}" for sign, bound in _bounds(filter)]
    return " AND ".join(tests)


def _status_condition(filter: Filter, values: Values) -> str:
    """Of a record's responses, or of one user's: "pending" is the status of a response that is not there."""
    _, rows = _values_of(filter.scope, values)
    if not isinstance(filter, TermsFilter):
        raise UnprocessableEntityError("the status of a response is one of several terms, and has no range")
    statuses = [str(status) for status in filter.values if status != ResponseStatusFilter.pending]
    # The plus keeps SQLite from the index of all responses by status, which it would go through for each record.
    parts = [f"EXISTS (SELECT 1 {rows} AND +s.status {_one_of(statuses, values)})"] if statuses else []
    if len(statuses) < len(filter.values):
        parts.append(f"NOT EXISTS (SELECT 1 {rows})")
    return " OR ".join(parts)


def _by(scope: Any, values: Values) -> str:
    return f" AND s.user_id = {values.bind(scope.user.id.hex)}" if scope.user else ""


def _test(filter: Filter, value: str, values: Values) -> str:
    """Numbers are compared as numbers, however they were written: 0.5 and 0.50 are one. Texts are compared as texts."""
    if isinstance(filter, RangeFilter):
        tests = []
        for sign, bound in _bounds(filter):
            number = _number(bound)
            text, number = values.bind(str(bound)), values.bind(None if isinstance(number, str) else number)
            tests.append(f"CASE typeof({value}) WHEN 'text' THEN {value} {sign} {text} ELSE {value} {sign} {number} END")
        return " AND ".join(tests)
    terms = [each for term in filter.values for each in (str(term), _number(term))]
    return f"{value} {_one_of(terms, values)}"


def _one_of(terms: list[Any], values: Values) -> str:
    """All terms are one value of the statement: thousands of names are slow to look up. No number is infinite, nor none."""
    known = [term for term in terms if isinstance(term, str) or isfinite(term)]
    return f"IN (SELECT value FROM json_each({values.bind(json.dumps(known))}))"  # noqa: S608 - all is bound


def _bounds(filter: RangeFilter) -> list[tuple[str, Any]]:
    return [(sign, bound) for sign, bound in ((">=", filter.ge), ("<=", filter.le)) if bound is not None]


def _number(term: float | str) -> float | str:
    """A number where it is one; a whole one exactly, where SQLite can hold it."""
    with suppress(ValueError):
        if isinstance(term, str) and abs(int(term)) < 2**63:
            return int(term)
    with suppress(ValueError):
        return float(term)
    return str(term)


def _column(name: str) -> str:
    if name not in RECORD_COLUMNS:
        raise UnprocessableEntityError(f"records cannot be searched by {name}")
    return name


def _stored(name: str, term: float | str, *, last: bool = False) -> str:
    """A value as it stands in the records table. Of a date that says less than a moment the first counts, or the `last`."""
    if name in DATES:
        try:
            return _moment(term, last).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        except (ValueError, OverflowError) as error:
            raise UnprocessableEntityError(f"{name} takes a date such as 2026-01-31T12:00:00, not {term!r}") from error
    if name == "id":
        with suppress(ValueError):
            return UUID(str(term)).hex
    return str(term)


def _moment(term: float | str, last: bool) -> datetime:
    if not isinstance(term, str):
        return datetime.fromtimestamp(term / 1000, UTC)
    found = _DATE.fullmatch(term)
    if not found:
        raise ValueError("no date")
    written, zone = found.groups()
    if last and len(written) == len("2026-02"):
        written += f"-{monthrange(int(written[:4]), int(written[5:]))[1]}"
    filling = (LAST if last else FIRST)[len(written) :]
    return datetime.fromisoformat(f"{written}{filling}{zone or '+00:00'}")


def valid(column: str) -> str:
    """A JSON column where SQLite can read it. Argilla stores NaN and Infinity, and one such row would fail the whole search."""
    return f"iif(json_valid({column}), {column}, NULL)"


def json_path(*keys: str) -> str:
    """A JSON path; names are quoted, for they may hold dots and dashes."""
    return "$" + "".join(f".{json.dumps(key, ensure_ascii=False)}" for key in keys)
