"""Expectations of ours, beside Great Expectations' own; imported before a suite that names them is made."""

from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnAggregateExpectation
from great_expectations.expectations.metrics import ColumnAggregateMetricProvider, column_aggregate_value
from great_expectations.render.renderer_configuration import RendererConfiguration, RendererValueType

from curate.validate.terms import term_shares


class ColumnTermShares(ColumnAggregateMetricProvider):  # type: ignore[misc]
    """The terms of a column and the share of its rows that hold each: {term: share in [0, 1]}."""

    metric_name = "column.term_shares"
    value_keys = ("terms",)

    @column_aggregate_value(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column: pd.Series[str], terms: list[str] | None = None, **_: Any) -> dict[str, float]:
        return term_shares(column, terms)


class ExpectTermShareToBeAtMost(ColumnAggregateExpectation):  # type: ignore[misc]
    """Expect no term to stand in more than a share of the rows: what a dataset echoes, the model echoes louder.

    Args:
        column: the column to read; `response` where none is named.
        max_share: largest share of rows, in [0, 1], that may hold one term.
        terms: the phrases to look for; where none are given, every two-word phrase without a function word.
    """

    column: str = "response"
    max_share: float
    terms: list[str] | None = None

    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.term_shares",)
    success_keys: ClassVar[tuple[str, ...]] = ("max_share", "terms")
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id", "table", "column", "row_condition", "condition_parser")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        shares: dict[str, float] = metrics["column.term_shares"]
        most = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
        over = {term: round(share, 4) for term, share in most if share > self.max_share}
        return {
            "success": not over,
            "result": {
                "observed_value": f"{most[0][0]!r} in {most[0][1]:.1%} of rows" if most else "no term",
                "details": {"over": dict(list(over.items())[:20])},
            },
        }

    @classmethod
    def _prescriptive_template(cls, renderer_configuration: RendererConfiguration) -> RendererConfiguration:
        renderer_configuration.add_param("column", RendererValueType.STRING)
        renderer_configuration.add_param("max_share", RendererValueType.NUMBER)
        renderer_configuration.template_str = "no term may stand in a larger share of rows than $max_share."
        if renderer_configuration.include_column_name:
            renderer_configuration.template_str = "$column: " + renderer_configuration.template_str
        return renderer_configuration
