"""The folder that an app opens: the GGUF files, and what a person needs beside them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from export.sampling import Sampling
from export.verify import Check
from likeness.errors import CallError
from likeness.files import atomic_folder, remove, sha256, write_atomic

REPORT = "export-report.json"
SUMS = "SHA256SUMS"
HUB_HEAD = "---\nlibrary_name: gguf\npipeline_tag: text-generation\ntags:\n- likeness\n---\n"
"""What a model hub reads of a README."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Made:
    """GGUF files that passed their checks, those that did not, and the checks."""

    good: list[Path]
    withheld: list[Path]
    checks: list[Check]


@dataclass(frozen=True)
class ExportReport:
    """What an export came to: its folder, the files in it, every check, and the sentences to show a person.

    `withheld` names the files that failed a check: they lie in `<model>.failed`, which no app is pointed to. `passed` is False
    where no file is left.
    """

    folder: Path
    files: list[Path]
    checks: list[Check]
    passed: bool
    withheld: list[str]
    warnings: list[str]


@dataclass(frozen=True)
class Card:
    """What the Modelfile and the README say of the model."""

    publisher: str
    model: str
    source: str
    system_prompt: str | None
    stop: str | None
    sampling: Sampling | None = None
    template: str | None = None
    """The chat template in the language of Ollama's Modelfile; None where it cannot say it."""


def write_bundle(out: Path, card: Card, made: Made) -> ExportReport:
    """Move the GGUF files into `<out>/<publisher>/<model>/` and write Modelfile, README.md, report and sums to them.

    The folder appears whole. Files that failed a check go to `<model>.failed` instead. Where none is good, an earlier export in
    `<model>` stays as it is; an export that withholds nothing removes `<model>.failed`.

    Args:
        out: the export folder.
        card: what the README says of the model.
        made: the files and their checks.
    """
    good = out / card.publisher / card.model
    failed = good.with_name(f"{card.model}.failed")
    warnings = [
        f"{check.file}: {check.name}: {check.message}" if check.file else f"{check.name}: {check.message}"
        for check in made.checks
        if not check.passed
    ]
    withheld = [file.name for file in made.withheld]
    report = ExportReport(good, [], list(made.checks), bool(made.good), withheld, warnings)
    if not made.good:
        return _write_folder(failed, card, made.withheld, replace(report, folder=failed))
    if withheld:
        _write_folder(failed, card, made.withheld, replace(report, folder=failed, passed=False))
    else:
        remove(failed)
    return _write_folder(good, card, made.good, report)


def _write_folder(folder: Path, card: Card, ggufs: Sequence[Path], report: ExportReport) -> ExportReport:
    with atomic_folder(folder) as part:
        for file in ggufs:
            shutil.move(file, part / file.name)
        _write(part / "Modelfile", modelfile(card, ggufs))
        _write(part / "README.md", readme(card, ggufs, report))
        if card.sampling is not None:
            card.sampling.write(part)
        _write(part / REPORT, _json(report, card))
        _write(part / SUMS, sums(part))
    return replace(report, files=sorted(folder.iterdir()))


def record_app(folder: Path, proof: dict[str, Any]) -> None:
    """Write what an app came to into the report, the README and the sums of an export; an earlier proof of the app is replaced.

    Args:
        folder: the exported one.
        proof: with `app`, `model`, `file`, `passed`, `faults`, `checks` and `at`.
    """
    content = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    before = [each for each in content.get("apps", []) if (each["app"], each["file"]) != (proof["app"], proof["file"])]
    content["apps"] = [*before, proof]
    sampling = content["sampling"] and Sampling(**content["sampling"])
    card = Card(**{name: content.get(name) for name in Card.__dataclass_fields__} | {"sampling": sampling})
    checks = [Check(**check) for check in content["checks"]]
    report = ExportReport(folder, [], checks, content["passed"], content["withheld"], content["warnings"])
    first = (folder / "Modelfile").read_text(encoding="utf-8").partition("\n")[0]
    ggufs = sorted(folder.glob("*.gguf"), key=lambda file: f"FROM ./{file.name}" != first)
    write_atomic(folder / "README.md", readme(card, ggufs, report, content["apps"]))
    write_atomic(folder / REPORT, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    write_atomic(folder / SUMS, sums(folder))


def check_names(publisher: str, model: str) -> None:
    """Refuse names that are not plain folder names.

    Raises:
        CallError: a name holds anything but letters, digits, dots, dashes and underscores.
    """
    for name in (publisher, model):
        if not _NAME.fullmatch(name):
            raise CallError(
                f"{name!r} cannot name a folder and a model.", fix="Use letters, digits, dots, dashes and underscores only."
            )


def modelfile(card: Card, ggufs: Sequence[Path]) -> str:
    """Ollama's Modelfile, for the first of the files."""
    lines = [f"FROM ./{file.name}" for file in ggufs[:1]]
    if card.template is not None:  # without it, Ollama takes one of its own that is spelled much alike
        lines.append(f'TEMPLATE """{card.template}"""')
    if card.stop is not None:
        lines.append(f"PARAMETER stop {json.dumps(card.stop, ensure_ascii=False)}")
    if card.sampling is not None:
        lines += [f"PARAMETER {name} {value:g}" for name, value in card.sampling.for_ollama().items()]
    if card.system_prompt:
        # A Modelfile has no way to write its own quotation mark within one.
        lines.append('SYSTEM """' + card.system_prompt.replace('"""', "'''") + '"""')
    return "\n".join(lines) + "\n"


def readme(card: Card, ggufs: Sequence[Path], report: ExportReport, apps: Sequence[dict[str, Any]] = ()) -> str:
    """How to load the model in the apps that people use, what it was made from, and what was checked.

    Args:
        card: what it says of the model.
        ggufs: the files that passed.
        report: all checks.
        apps: what the apps that were asked came to, as `record_app` takes it.
    """
    file = ggufs[0].name if ggufs else f"{card.model}.gguf"
    sizes = "\n".join(f"- `{gguf.name}`" for gguf in ggufs) or "- none: the export stopped before a file was made"
    verdict = "Every check that an export must pass was passed." if report.passed else "**Not for use: checks failed.**"
    system = f"\nIt was trained with this system prompt; give it to an app that asks:\n\n> {card.system_prompt}\n"
    drawn = (
        f"\nIts answers were judged with {card.sampling}. llama.cpp and Ollama take these settings from the files here; "
        "set them in other apps.\n"
    )
    return f"""{HUB_HEAD}# {card.model}

{verdict}

{sizes}

Made from {card.source}. The chat template is inside each file.
{system if card.system_prompt else ""}{drawn if card.sampling else ""}
## Loading it

- **llama.cpp**: `llama-server -m {file} --jinja`, then open http://localhost:8080
- **Ollama**: in this folder, `ollama create {card.model} -f Modelfile`, then `ollama run {card.model}`
  {_of_ollama(card)}
- **LM Studio**: `lms import {file}`, or place the file as `{card.publisher}/{card.model}/{file}` in its models folder.
  Leave the prompt template as it is: it is the file's own.
- **Jan**: Settings, Model Providers, Llama.cpp, Import, and choose `{file}`. Leave its prompt template as it is.
- **Msty**: Local AI, Models, Import GGUF, and choose `{file}`. Passages in `knowledge/` go into a Knowledge Stack.

`sha256sum -c {SUMS}` tells whether the files arrived whole.

## Proven in the apps

{_apps(apps)}

## Checks

{_table(report.checks)}
"""


def _of_ollama(card: Card) -> str:
    if card.template is None:
        return "Its language cannot say this model's chat template: prove what it takes in its place."
    return "Keep the Modelfile's `FROM` and `TEMPLATE`: `FROM` a model of Ollama's brings a `RENDERER`, which ignores `TEMPLATE`."


def _apps(apps: Sequence[dict[str, Any]]) -> str:
    if not apps:
        return "None was asked yet. `train verify-app RUN --ollama URL` asks one, and names the fault where it answers otherwise."
    rows = ["| App | File | Result | When |", "|---|---|---|---|"]
    for each in apps:
        faults = ", ".join(each["faults"]) or "see the report"
        result = "same prompts, same replies" if each["passed"] else f"**not the same**: {faults}"
        rows.append(f"| {each['app']} | {each['file']} | {result} | {each['at']} |")
    return "\n".join(rows)


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
        "withheld": report.withheld,
        "warnings": report.warnings,
        "checks": [asdict(check) for check in report.checks],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", newline="\n")
