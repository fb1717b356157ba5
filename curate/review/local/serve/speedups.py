"""What argilla-server 2.8.0 does again for every record pushed, done once. What a client sees does not change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from argilla_server.bulk.records_bulk import UpsertRecordsBulk
from argilla_server.contexts import webhooks
from argilla_server.models import MetadataProperty, Question, Suggestion, Vector
from argilla_server.models.database import MetadataPropertySettings, QuestionSettings
from argilla_server.webhooks.v1 import records
from pydantic import TypeAdapter
from sqlalchemy.dialects.sqlite import insert


def install() -> None:
    """Change the loaded server, not its files."""
    _parse_settings_with_one_adapter()
    _build_no_event_that_nobody_hears()
    _compile_one_statement_for_many_rows()


def _parse_settings_with_one_adapter() -> None:
    """A pydantic TypeAdapter, which takes milliseconds to make, was made again for each value that was validated."""
    question, metadata = TypeAdapter(QuestionSettings), TypeAdapter(MetadataPropertySettings)
    Question.parsed_settings = property(lambda self: question.validate_python(self.settings))
    MetadataProperty.parsed_settings = property(lambda self: metadata.validate_python(self.settings))


def _build_no_event_that_nobody_hears() -> None:
    """For each record an event was put together from six queries, and only then was it looked up whether a webhook wants it."""
    build, notify = records.build_record_event, UpsertRecordsBulk._notify_upsert_record_events

    async def build_if_heard(db: Any, event: Any, record: Any) -> Any:
        return await build(db, event, record) if await webhooks.list_enabled_webhooks(db) else Unheard()

    async def notify_if_heard(self: Any, upserted: Sequence[Any]) -> None:
        if await webhooks.list_enabled_webhooks(self._db):
            await notify(self, upserted)

    records.build_record_event = build_if_heard
    UpsertRecordsBulk._notify_upsert_record_events = notify_if_heard


def _compile_one_statement_for_many_rows() -> None:
    """Suggestions and vectors went in by a statement with all rows' values in it, compiled again for each request."""

    async def upsert_many(
        cls: Any, db: Any, objects: Sequence[Any], constraints: Sequence[Any], autocommit: bool = True
    ) -> Sequence[Any]:
        statement = insert(cls)
        update = {column: statement.excluded[column] for column in cls.__upsertable_columns__} | {"updated_at": datetime.utcnow()}
        statement = statement.on_conflict_do_update(index_elements=constraints, set_=update).returning(cls)
        rows = [each if isinstance(each, dict) else each.model_dump() for each in objects]
        result = await db.execute(statement, rows, execution_options={"populate_existing": True})
        upserted: Sequence[Any] = result.scalars().all()
        if autocommit:
            await db.commit()
        return upserted

    Suggestion.upsert_many = Vector.upsert_many = classmethod(upsert_many)


class Unheard:
    """An event for no one."""

    async def notify(self, _db: Any) -> list[Any]:
        """There is nobody to tell."""
        return []
