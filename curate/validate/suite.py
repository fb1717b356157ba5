"""The recipe's expectations as a Great Expectations suite, run on the pairs, with Data Docs to read."""

from __future__ import annotations

import html
import logging
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from curate.validate.data_docs import stand_alone
from curate.validate.frame import COLUMNS
from likeness.errors import RecipeError
from likeness.files import atomic_folder
from likeness.recipe.load import locate
from likeness.recipe.schema import Recipe

WRITTEN = frozenset(("instruction", "response", "instruction_words", "response_words"))
"""Columns that a person can change in review."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one expectation came to."""

    name: str
    kwargs: dict[str, Any]
    severity: str
    """critical fails the build; warning and info are only shown."""
    success: bool
    observed: str
    rows: tuple[str, ...]
    """Ids of rows that break it, where it is about rows, the worst first; at most 20."""
    fix: str
    """What a person can do about it; nothing where it holds."""


def make_suite(recipe: Recipe, recipe_path: Path) -> Any:
    """The recipe's suite. Made before anything is generated, so that a wrong argument costs nothing.

    Args:
        recipe: with its expectations.
        recipe_path: where it was read, for messages.

    Raises:
        RecipeError: an expectation does not take what it is given; names every one.
    """
    _hush()
    import great_expectations as gx
    from great_expectations.expectations.registry import get_expectation_impl

    import curate.validate.expectations  # noqa: F401 - registers ours

    gx.get_context(mode="ephemeral")  # the library makes no suite without one
    suite = gx.ExpectationSuite(name=recipe.name)
    problems = []
    for index, entry in enumerate(recipe.expect):
        ((name, arguments),) = entry.items()
        where = f"{locate(recipe_path, ('expect', index, name))}: expect[{index}].{name}"
        if unknown := sorted(_columns_named(arguments) - set(COLUMNS)):
            problems.append(f"{where}: there is no column {', '.join(unknown)}; there are {', '.join(COLUMNS)}")
            continue
        try:
            suite.add_expectation(get_expectation_impl(name)(**arguments))
        except Exception as error:  # whatever the library's validation raises, it is the recipe's
            lines = " ".join(line.strip() for line in str(error).splitlines()[1:3]) or str(error)
            problems.append(f"{where}: {lines}")
    if problems:
        raise RecipeError(problems, fix="Great Expectations' documentation says what each takes.")
    return suite


def _columns_named(arguments: dict[str, Any]) -> set[str]:
    """Columns that an expectation's arguments name, under the keys that Great Expectations has for them."""
    single = [arguments[key] for key in ("column", "column_A", "column_B") if isinstance(arguments.get(key), str)]
    several = [name for key in ("column_list", "column_set") for name in arguments.get(key) or () if isinstance(name, str)]
    return {*single, *several}


def validate(frame: Any, suite: Any, docs: Path) -> list[Outcome]:
    """Run the suite on the table of `frame_of`, and write Data Docs to `index.html` in the folder `docs`.

    An empty suite is run too: its Data Docs say that nothing was expected.

    Args:
        frame: one row a pair.
        suite: the expectations.
        docs: the Data Docs' file.
    """
    import great_expectations as gx
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    scratch = Path(tempfile.mkdtemp(prefix="likeness-docs-"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context = gx.get_context(mode="ephemeral")
            context.variables.progress_bars = {"globally": False}
            for site in list(context.list_data_docs_sites()):
                context.delete_data_docs_site(site)
            backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(scratch)}
            builder = {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False}
            site_config = {
                "class_name": "SiteBuilder",
                "store_backend": backend,
                "site_index_builder": builder,
                "show_how_to_buttons": False,
            }
            context.add_data_docs_site("local", site_config)
            context.suites.add(suite)
            asset = context.data_sources.add_pandas("pairs").add_dataframe_asset("pairs")
            batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
            result = batch.validate(suite, result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["id"]})
            outcomes = [_outcome(one) for one in result.results]
            for one in result.results:
                one.success = bool(one.success)  # some give numpy's bool, which the library's own store cannot write
                one.result = {key: value if key == "details" else _escaped(value) for key, value in one.result.items()}
            run = RunIdentifier(run_time=datetime.now(UTC))
            result.meta |= {"run_id": run, "validation_time": run.run_time}
            named = ValidationResultIdentifier(ExpectationSuiteIdentifier(suite.name), run, batch.id)
            context.validation_results_store.store_validation_results(result, named)
            context.build_data_docs()
        (page,) = scratch.glob("validations/**/*.html")
        with atomic_folder(docs) as part:
            (part / "index.html").write_text(stand_alone(page.read_text(encoding="utf-8")), encoding="utf-8")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return outcomes


def _escaped(value: Any) -> Any:
    """Texts of rows as HTML shows them: the library puts them into its pages as they are, and a document may hold anything."""
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_escaped(item) for item in value]
    return html.escape(value, quote=False) if isinstance(value, str) else value


def _outcome(one: Any) -> Outcome:
    config = one.expectation_config
    kwargs = {k: v for k, v in config.kwargs.items() if k != "batch_id"}
    result = one.result or {}
    observed = result.get("observed_value")
    if isinstance(observed, float):
        observed = round(observed, 4)
    if observed is None and result.get("element_count") is not None:
        observed = f"{result.get('unexpected_count', 0)} of {result['element_count']} rows break it"
    if (one.exception_info or {}).get("raised_exception"):
        observed = str(one.exception_info.get("exception_message"))
    elif "exception_info" in one and isinstance(one.exception_info, dict):
        raised = [info for info in one.exception_info.values() if isinstance(info, dict) and info.get("raised_exception")]
        observed = str(raised[0]["exception_message"]) if raised else observed
    rows = tuple(str(row["id"]) for row in (result.get("unexpected_index_list") or [])[:20])
    severity = getattr(config.severity, "value", config.severity) or "critical"
    fix = _mend(one, config.type, kwargs, rows)
    return Outcome(config.type, kwargs, str(severity), bool(one.success), str(observed), rows, fix)


def _mend(one: Any, name: str, kwargs: dict[str, Any], rows: tuple[str, ...]) -> str:
    """Ours say it themselves; of the library's own it can be said for those that name rows or count them."""
    if one.success:
        return ""
    if said := ((one.result or {}).get("details") or {}).get("fix"):
        return str(said)
    if name.startswith("expect_table_row_count"):
        return "More documents, or a higher `per_passage` under `generate.kinds`, give more rows; `balance` gives fewer."
    if not rows:
        return ""
    columns = _columns_named(kwargs)
    if name == "expect_column_values_to_not_be_null" and columns == {"quote"}:
        return (
            "Pairs of interviews, conversations and contrasts, and those that came ready, rest on no quote; all others have one, "
            "or are left out. Take this expectation out of the recipe, or say with `mostly` how many have to have one."
        )
    if columns <= WRITTEN:
        return "Correct or reject these rows in review, or correct the documents that they come from."
    return "Reject these rows in review, or change in the recipe what is expected."


def _hush() -> None:
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="great_expectations")
    warnings.filterwarnings("ignore", module="marshmallow")
