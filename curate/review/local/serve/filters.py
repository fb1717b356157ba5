"""Filters and sort keys as SQL over Argilla's own tables. In each statement `r` is the record.

What a filter means is what it means to Elasticsearch: a record with several values (labels, say) matches when any of them does,
and sorts by its best; a record without a value never matches, and sorts last in either direction.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
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

DATES = ("inserted_at", "updated_at")
RECORD_COLUMNS = ("id", "external_id", "status", *DATES)


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
        UnprocessableEntityError: the filter asks for what a scope does not have, or holds no date where one belongs.
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


def _values_of(scope: Any, values: Values) -> tuple[str, str]:
    """The values that a record has in a scope: an expression, and the rows (`FROM … WHERE …`) over which it runs."""
    if isinstance(scope, MetadataFilterScope):
        return "v.value", f"FROM json_each(r.metadata, {values.bind(json_path(scope.metadata_property))}) v WHERE 1"
    if isinstance(scope, SuggestionFilterScope):
        column = {"value": "value", "None": "value", "score": "score", "agent": "agent", "type": "type"}[str(scope.property)]
        each = f"s.{column}", ""
        if column in ("value", "score"):  # JSON; a multi-label suggestion holds lists
            each = "v.value", f", json_each(s.{column}) v"
        question = f"q.name = {values.bind(scope.question)} AND q.dataset_id = r.dataset_id"
        return each[
            0
        ], f"FROM questions q, suggestions s{each[1]} WHERE s.question_id = q.id AND s.record_id = r.id AND {question}"
    if isinstance(scope, ResponseFilterScope) and scope.question:
        answers = f'json_each(s."values", {values.bind(json_path(scope.question, "value"))}) v'
        return "v.value", f"FROM responses s, {answers} WHERE s.record_id = r.id{_by(scope, values)}"
    if isinstance(scope, ResponseFilterScope) and scope.property == "status":
        return "s.status", f"FROM responses s WHERE s.record_id = r.id{_by(scope, values)}"
    raise UnprocessableEntityError(f"nothing can be searched by {scope}")


def _record_condition(filter: Filter, name: str, values: Values) -> str:
    column = f"r.{_column(name)}"
    if isinstance(filter, TermsFilter):
        terms = [_stored(name, term) for term in filter.values]
        return f"{column} IN ({', '.join(map(values.bind, terms))})"
    tests = [f"{column} {sign} {values.bind(_stored(name, bound, last=sign == '<='))}" for sign, bound in _bounds(filter)]
    return " AND ".join(tests)


def _status_condition(filter: Filter, values: Values) -> str:
    """Of a record's responses, or of one user's: "pending" is the status of a response that is not there."""
    scope = filter.scope
    if scope.property != "status" or not isinstance(filter, TermsFilter):
        raise UnprocessableEntityError(f"nothing can be searched by {scope}")
    _, rows = _values_of(scope, values)
    statuses = [str(status) for status in filter.values if status != ResponseStatusFilter.pending]
    parts = [f"EXISTS (SELECT 1 {rows} AND s.status IN ({', '.join(map(values.bind, statuses))}))"] if statuses else []
    if len(statuses) < len(filter.values):
        parts.append(f"NOT EXISTS (SELECT 1 {rows})")
    return " OR ".join(parts)


def _by(scope: Any, values: Values) -> str:
    return f" AND s.user_id = {values.bind(scope.user.id.hex)}" if scope.user else ""


def _test(filter: Filter, value: str, values: Values) -> str:
    """Numbers are compared as numbers, however they were written: 0.5 and 0.50 are one."""
    if isinstance(filter, RangeFilter):
        tests = []
        for sign, bound in _bounds(filter):
            number = _number(bound)
            kind = "IN" if isinstance(number, float) else "NOT IN"
            tests.append(f"typeof({value}) {kind} ('integer', 'real') AND {value} {sign} {values.bind(number)}")
        return " AND ".join(tests)
    terms = {each for term in filter.values for each in (str(term), _number(term))}
    return f"{value} IN ({', '.join(map(values.bind, terms))})"


def _bounds(filter: RangeFilter) -> list[tuple[str, Any]]:
    return [(sign, bound) for sign, bound in ((">=", filter.ge), ("<=", filter.le)) if bound is not None]


def _number(term: Any) -> float | str:
    """A number where it is one."""
    try:
        return float(term)
    except ValueError:
        return str(term)


def _column(name: str) -> str:
    if name not in RECORD_COLUMNS:
        raise UnprocessableEntityError(f"records cannot be searched by {name}")
    return name


def _stored(name: str, term: Any, *, last: bool = False) -> str:
    """A value as it stands in the records table. A date without a time that bounds from above means the end of that day."""
    if name == "id":
        try:
            return UUID(str(term)).hex
        except ValueError:
            return str(term)
    if name not in DATES:
        return str(term)
    try:
        moment = datetime.fromtimestamp(term / 1000, UTC) if isinstance(term, int | float) else datetime.fromisoformat(term)
    except (ValueError, OverflowError) as error:
        raise UnprocessableEntityError(f"{name} takes a date such as 2026-01-31T12:00:00, not {term!r}") from error
    if last and re.fullmatch(r"[0-9-]+", str(term)):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999999)
    if moment.tzinfo:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def json_path(*keys: str) -> str:
    """A JSON path; names are quoted, for they may hold dots and dashes."""
    return "$" + "".join(f".{json.dumps(key, ensure_ascii=False)}" for key in keys)
