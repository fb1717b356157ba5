"""The folder that an app is pointed to: the GGUF files, and what a person needs beside them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from export.errors import ExportError
from export.files import remove, sha256, whole_folder
from export.verify import Check

REPORT = "export-report.json"
SUMS = "SHA256SUMS"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class ExportReport:
    """What an export came to: its folder, the files in it, every check, and the sentences to show a person.

    `passed` is False where a gate failed; the files then lie in `<model>.failed`, which no app is pointed to.
    """

    folder: Path
    files: list[Path]
    checks: list[Check]
    passed: bool
    warnings: list[str]


@dataclass(frozen=True)
class Card:
    """What the Modelfile and the README say of the model."""

    publisher: str
    model: str
    source: str
    system_prompt: str | None
    stop: str | None


def write_bundle(out: Path, card: Card, ggufs: Sequence[Path], checks: Sequence[Check]) -> ExportReport:
    """Move the GGUF files into `<out>/<publisher>/<model>/` and write Modelfile, README.md, report and sums to them.

    The folder appears whole. Where a gate failed it is called `<model>.failed` instead, and what an earlier export
    left in `<model>` stays; a later export that passes removes `<model>.failed`.
    """
    passed = all(check.passed for check in checks if check.severity == "gate")
    good = out / card.publisher / card.model
    failed = good.with_name(f"{card.model}.failed")
    folder = good if passed else failed
    warnings = [
        f"{check.file}: {check.name}: {check.message}" if check.file else f"{check.name}: {check.message}"
        for check in checks
        if not check.passed
    ]
    report = ExportReport(folder, [], list(checks), passed, warnings)
    with whole_folder(folder) as part:
        for file in ggufs:
            shutil.move(file, part / file.name)
        _write(part / "Modelfile", modelfile(card, ggufs))
        _write(part / "README.md", readme(card, ggufs, report))
        _write(part / REPORT, _json(report, card))
        _write(part / SUMS, sums(part))
    if passed:
        remove(failed)
    return replace(report, files=sorted(folder.iterdir()))


def check_names(publisher: str, model: str) -> None:
    """Refuse names that are not plain folder names.

    Raises:
        ExportError: a name holds anything but letters, digits, dots, dashes and underscores.
    """
    for name in (publisher, model):
        if not _NAME.fullmatch(name):
            raise ExportError(
                f"{name!r} cannot name a folder and a model.", "Use letters, digits, dots, dashes and underscores only."
            )


def modelfile(card: Card, ggufs: Sequence[Path]) -> str:
    """Ollama's Modelfile, for the first of the files."""
    lines = [f"FROM ./{file.name}" for file in ggufs[:1]]
    if card.stop is not None:
        lines.append(f"PARAMETER stop {json.dumps(card.stop, ensure_ascii=False)}")
    if card.system_prompt:
        # A Modelfile has no way to write its own quotation mark within one.
        lines.append('SYSTEM """' + card.system_prompt.replace('"""', "'''") + '"""')
    return "\n".join(lines) + "\n"


def readme(card: Card, ggufs: Sequence[Path], report: ExportReport) -> str:
    """How to load the model in the apps that people use, what it was made from, and what was checked."""
    file = ggufs[0].name if ggufs else f"{card.model}.gguf"
    sizes = "\n".join(f"- `{gguf.name}`" for gguf in ggufs) or "- none: the export stopped before a file was made"
    verdict = "Every check that an export must pass was passed." if report.passed else "**Not for use: checks failed.**"
    system = f"\nIt was trained with this system prompt; give it to an app that asks:\n\n> {card.system_prompt}\n"
    return f"""# {card.model}

{verdict}

{sizes}

Made from {card.source}. The chat template is inside each file.
{system if card.system_prompt else ""}
## Loading it

- **llama.cpp**: `llama-server -m {file} --jinja`, then open http://localhost:8080
- **Ollama**: in this folder, `ollama create {card.model} -f Modelfile`, then `ollama run {card.model}`
- **LM Studio**: `lms import {file}`, or place the file as `{card.publisher}/{card.model}/{file}` in its models folder
- **Jan**: Settings, Model Providers, Llama.cpp, Import, and choose `{file}`

`sha256sum -c {SUMS}` tells whether the files arrived whole.

## Checks

{_table(report.checks)}
"""


def sums(folder: Path) -> str:
    """One line for each file of a folder, as `sha256sum` writes and checks them."""
    return "".join(f"{sha256(file)}  {file.name}\n" for file in sorted(folder.iterdir()) if file.name != SUMS)


def _table(checks: Sequence[Check]) -> str:
    rows = ["| File | Check | Result | Value | Limit | |", "|---|---|---|---|---|---|"]
    for check in checks:
        result = "passed" if check.passed else {"gate": "**failed**", "warning": "warning"}[check.severity]
        message = check.message.replace("|", "\\|").replace("\n", " ")
        cells = [check.file, check.name, result, _figure(check.value), _figure(check.limit), message]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _figure(value: float | int | str | None) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value).replace("|", "\\|")


def _json(report: ExportReport, card: Card) -> str:
    content = {
        **asdict(card),
        "passed": report.passed,
        "warnings": report.warnings,
        "checks": [asdict(check) for check in report.checks],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", newline="\n")
