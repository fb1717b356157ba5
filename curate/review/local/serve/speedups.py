"""Two costs of argilla-server 2.8.0 that grow with every record pushed, taken out. What a client sees does not change."""

from __future__ import annotations

from typing import Any

from argilla_server.contexts import webhooks
from argilla_server.models import MetadataProperty, Question
from argilla_server.models.database import MetadataPropertySettings, QuestionSettings
from argilla_server.webhooks.v1 import records
from pydantic import TypeAdapter


def install() -> None:
    """Change the loaded server, not its files."""
    _parse_settings_with_one_adapter()
    _build_no_event_that_nobody_hears()


def _parse_settings_with_one_adapter() -> None:
    """A pydantic TypeAdapter, which takes milliseconds to make, was made anew for each value that was validated."""
    question, metadata = TypeAdapter(QuestionSettings), TypeAdapter(MetadataPropertySettings)
    Question.parsed_settings = property(lambda self: question.validate_python(self.settings))
    MetadataProperty.parsed_settings = property(lambda self: metadata.validate_python(self.settings))


def _build_no_event_that_nobody_hears() -> None:
    """For each record an event was put together from six queries, and only then was it looked up whether a webhook wants it."""
    build = records.build_record_event

    async def build_if_heard(db: Any, event: Any, record: Any) -> Any:
        return await build(db, event, record) if await webhooks.list_enabled_webhooks(db) else Unheard()

    records.build_record_event = build_if_heard


class Unheard:
    """An event for no one."""

    async def notify(self, _db: Any) -> list[Any]:
        """There is nobody to tell."""
        return []
