"""What our expectations have in common: they see the whole table, name rows, say what to do, and read well in Data Docs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.render import (
    LegacyDiagnosticRendererType,
    LegacyRendererType,
    RenderedStringTemplateContent,
    RenderedTableContent,
)
from great_expectations.render.renderer.renderer import renderer

SHOWN = 20
"""Rows that are listed, the worst first."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What an expectation saw in the table."""

    success: bool
    observed: str
    rows: list[tuple[str, str]]
    """What breaks it, the worst first, each with the reason: a row by its id; of coverage, a passage by where it is."""
    fix: str
    """What a person can do about it."""


class TablePairs(TableMetricProvider):  # type: ignore[misc]
    """The table itself, with what is beside it in `attrs`: see `curate.validate.frame`."""

    metric_name = "table.pairs"

    @metric_value(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, execution_engine: Any, metric_domain_kwargs: dict[str, Any], **_: Any) -> pd.DataFrame:
        frame, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        return frame  # type: ignore[no-any-return]


class PairsExpectation(BatchExpectation):  # type: ignore[misc]
    """An expectation of ours: `look` judges the table, `sentence` says what is expected.

    Data Docs show the sentence, what was observed and, where it failed, what to do and the rows.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("table.pairs",)
    listed: ClassVar[str] = "row"
    """What `Seen.rows` are."""

    def look(self, frame: pd.DataFrame) -> Seen:
        """Judge the table."""
        raise NotImplementedError

    @property
    def sentence(self) -> str:
        """What is expected, for a reader who has not seen the recipe."""
        raise NotImplementedError

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        seen = self.look(metrics["table.pairs"])
        result: dict[str, Any] = {"observed_value": seen.observed}
        if not seen.success:
            result["details"] = {"fix": seen.fix, "rows": seen.rows[:SHOWN], "more": max(0, len(seen.rows) - SHOWN)}
            if self.listed == "row":
                result["unexpected_index_list"] = [{"id": row} for row, _ in seen.rows]
        return {"success": seen.success, "result": result}

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)  # type: ignore[untyped-decorator]
    def _prescriptive_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> list[Any]:
        return [_text(cls(**configuration.kwargs).sentence)]

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.UNEXPECTED_STATEMENT)  # type: ignore[untyped-decorator]
    def _diagnostic_unexpected_statement_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> list[Any]:
        details = (result.result or {}).get("details")
        if not details:  # it holds, or it raised, which the library tells
            return list(super()._diagnostic_unexpected_statement_renderer(configuration, result, runtime_configuration))
        return [_text("\n\n" + details["fix"], tag="strong")]

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.UNEXPECTED_TABLE)  # type: ignore[untyped-decorator]
    def _diagnostic_unexpected_table_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> list[Any] | None:
        details = (result.result or {}).get("details")
        if not details or not details["rows"]:
            return None
        rows = [[_text(name), _text(why)] for name, why in details["rows"]]
        if details["more"]:
            rows.append([_text(f"and {details['more']} more"), _text("")])
        styling = {"body": {"classes": ["table-bordered", "table-sm", "mt-3"]}}
        return [RenderedTableContent(content_block_type="table", table=rows, header_row=[cls.listed, "why"], styling=styling)]


def _text(text: str, tag: str = "span") -> Any:
    """A text that may hold anything: as a parameter it is escaped, and a dollar sign in it means nothing."""
    template = {"template": "$text", "params": {"text": text}, "tag": tag}
    return RenderedStringTemplateContent(content_block_type="string_template", string_template=template)
