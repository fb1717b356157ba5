"""Writes the pages that follow from the program: recipe.md from the schema, checks/ from the checks, commands.md from the help.

python docs/generate.py            a test asks for it after a change
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

DOCS = Path(__file__).parent
PLANTED = DOCS.parent / "tests/curate/planted"
CORPUS = DOCS.parent / "tests/curate/read"
MADE = "<!-- Written by docs/generate.py; change the program, not this page. -->\n\n"


def pages() -> dict[str, str]:
    """Every generated page, by its path below docs/."""
    return {
        "recipe.md": recipe_page(),
        "checks.md": checks_page(),
        "commands.md": commands_page(),
        "files.md": files_page(),
    } | check_pages()


def recipe_page() -> str:
    """The recipe reference: one section for each model of the schema."""
    from likeness.recipe.schema import Recipe

    parts = [
        "# The recipe\n\nOne YAML file says everything. A key that is not here is refused, with its file, line and the nearest "
        "valid spelling; all mistakes are reported at once. `curate schema` prints this reference as JSON Schema for editors.\n\n"
        "Relative paths count from the recipe's own folder. `extends: ../base.yaml` puts this recipe over another one: mappings "
        "are merged key by key, lists and plain values are replaced whole, and `null` takes away what the base says.\n"
    ]
    for path, model in _sections(Recipe):
        about = (model.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
        parts.append(f"## {path or 'At the top'}\n\n{about}\n\n| key | what it takes | default | |\n| --- | --- | --- | --- |")
        schema = model.model_json_schema(by_alias=True)
        for name, field in schema.get("properties", {}).items():
            required = name in schema.get("required", ())
            default = "required" if required else f"`{json.dumps(field.get('default'), ensure_ascii=False)}`"
            info = next(f for n, f in model.model_fields.items() if name in (n, f.alias))
            if not required and any(hasattr(each, "model_fields") for each in _models_in(info.annotation)):
                default = "see below"
            parts.append(f"| `{name}` | {_takes(field, schema)} | {default} | {_cell(field.get('description', ''))} |")
        parts.append("")
    return MADE + "\n".join(parts).rstrip() + "\n"


def _sections(model: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, model
    for name, field in model.model_fields.items():
        key = field.alias or name
        for inner in _models_in(field.annotation):
            many = "[]" if "list" in str(field.annotation) else ""
            yield from _sections(inner, f"{path}.{key}{many}".lstrip("."))


def _models_in(annotation: Any) -> list[Any]:
    if hasattr(annotation, "model_fields"):
        return [annotation]
    return [model for each in get_args(annotation) for model in _models_in(each)]


def _takes(field: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in field:
        return "keys"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_takes(each, schema) for each in field["anyOf"] if each.get("type") != "null"))
    kind = field.get("type", "anything")
    if kind == "array":
        return f"a list of {_takes(field.get('items', {}), schema)}" if "items" in field else "a list"
    if kind == "object":
        return "keys and values"
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = " and ".join(f"{sign} {field[name]}" for name, sign in bounds.items() if name in field)
    words = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "`true` or `false`"}
    return f"{words.get(kind, kind)}{f' {limits}' if limits else ''}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def checks_page() -> str:
    """All checks in the order in which they run."""
    from curate.check import checks

    lines = [
        "# Checks\n\nEvery pair goes through these checks, in this order; each sees what those before it let "
        "pass. A finding says in words what is wrong and points at it. What everybody would leave out is dropped, the rest "
        "waits for a person in [the review](review.md). Nothing is fetched from a hub for it. How well they do is "
        "measured on rows: see "
        "[figures](figures.md).\n\n| check | what it finds | what it looks at | key under `screen` |\n| --- | --- | --- | --- |"
    ]
    for check in checks():
        scope = "each pair" if check.scope == "row" else "the whole dataset"
        key = f"`{check.key}`" if check.key else ""
        lines.append(f"| [{check.name}](checks/{check.name}.md) | {check.about} | {scope} | {key} |")
    return MADE + "\n".join([*lines, *_measured()]) + "\n"


def _measured() -> list[str]:
    """How often each check is right, on rows in sight and on rows of strangers, from what `measure_checks.py --write` counted."""
    counts = json.loads((DOCS / "measured.json").read_text(encoding="utf-8"))
    lines = [
        "\n## How often they are right\n\nPrecision and recall with 95 % Wilson intervals, on rows that were in sight when the "
        "check was written (seen) and on rows of other authors whose texts nobody read (unseen). Their counts were "
        "looked at while checks were chosen, so that fresh rows may do a little worse. Where there is none, the rows that "
        "were unseen have been read since and count as seen: the first figures on fresh rows are the ones to trust. Counted by "
        "`python tests/unseen/measure_checks.py --write`.\n\n"
        "| check | seen: precision | recall | unseen: precision | recall | unseen rows |\n| --- | --- | --- | --- | --- | --- |"
    ]
    for name in sorted(counts["seen"].keys() | counts["unseen"].keys()):
        unseen = counts["unseen"].get(name)
        cells = [_share(of, part) for part in (counts["seen"].get(name), unseen) for of in ("found", "bad")]
        lines.append(f"| {name} | {' | '.join(cells)} | {unseen['rows'] if unseen else '–'} |")
    return lines


def _share(of: str, counts: dict[str, int] | None) -> str:
    """`.90 (.80–.95)`: Wilson's interval (1927) of the right ones among those found, or among the bad ones."""
    if not counts or not counts[of]:
        return "–"
    right, total, z = counts["right"], counts[of], 1.96
    share, scale = right / total, 1 + z * z / total
    middle = (share + z * z / (2 * total)) / scale
    half = z * ((share * (1 - share) / total + z * z / (4 * total * total)) ** 0.5) / scale
    return f"{share:.2f} ({max(0.0, middle - half):.2f}–{min(1.0, middle + half):.2f})"


def check_pages() -> dict[str, str]:
    """One page a check: its reasons, rows that it finds and rows that it leaves alone, and how to change it."""
    from curate.check import checks

    found = {}
    for check in checks():
        parts = [
            f"# {check.name.replace('_', ' ')}\n\n{check.about}\n\n## Reasons\n\n| code | in a build's counts |\n| --- | --- |"
        ]
        parts += [f"| `{code}` | {words} |" for code, words in check.reasons.items()]
        if check.example:
            parts.append(f"\n## Found, and left alone\n\n{check.example}")
        elif examples := _examples(check.name):
            parts += ["\n## Found, and left alone\n\n| | question | answer |\n| --- | --- | --- |", *examples]
        else:
            raise ValueError(f"{check.name} has no example: write rows to {PLANTED}/{check.name}.jsonl")
        parts.append("\n## Changing it\n")
        if check.settings:
            for name, field in check.settings.model_json_schema(by_alias=True)["properties"].items():
                default = json.dumps(field.get("default"), ensure_ascii=False)
                parts.append(f"- `screen.{check.key}.{name}` ({default} by default): {_cell(field.get('description', ''))}")
        else:
            parts.append("It has no setting: it always runs. A person's approval in the review overrules it.")
        found[f"checks/{check.name}.md"] = MADE + "\n".join(parts).rstrip() + "\n"
    return found


def _examples(check: str) -> list[str]:
    path = PLANTED / f"{check}.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []
    short = [row for row in rows if len(row["response"]) < 400]
    rows = short or rows  # a voice shows in long answers only
    bad = [row for row in rows if row.get("bad") or row.get("label") == "bad"][:3]
    good = [row for row in rows if row.get("bad") is False or row.get("label") == "good"][:3]
    shown = [("found", row) for row in bad] + [("left alone", row) for row in good]
    return [f"| {what} | {_question(row)} | {_text(row['response'])} |" for what, row in shown]


def _question(row: dict[str, Any]) -> str:
    """The question, with what else the check looked at: the words that were asked for, or another pair."""
    asked = _text(row["instruction"]) if len(row.get("instruction", "")) > 1 or row.get("instruction") == "?" else "–"
    if "words" in row:
        asked += f" ({row['words'][0]} to {row['words'][1]} words)"
    if "other" in row:
        asked += f"<br>beside: {_text(row['other'][0])} {_text(row['other'][1])}"
    return asked


def _text(text: str) -> str:
    visible = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text.replace("\n", " "))
    return visible.translate({ord(mark): f"&#{ord(mark)};" for mark in "\\`*_{}[]<>#|&"})


def commands_of(program: str) -> Iterator[str]:
    """The commands of a program, in the order of its help: a group, such as `review`, and then its own, such as `review up`."""

    def walk(command: Any, path: str) -> Iterator[str]:
        for name, inner in getattr(command, "commands", {}).items():
            yield path + name
            yield from walk(inner, f"{path}{name} ")

    yield from walk(_command(program), "")


def help_of(program: str, command: str) -> str:
    """What `--help` prints for one of `commands_of`, or for the program itself where `command` is empty."""
    from click.testing import CliRunner

    arguments, env = [*command.split(), "--help"], {"COLUMNS": "100"}
    return CliRunner().invoke(_command(program), arguments, prog_name=program, env=env, catch_exceptions=False).output


def _command(program: str) -> Any:
    from typer.main import get_command

    return get_command(importlib.import_module(f"{program}.cli").app)


def files_page() -> str:
    """What is read of each file of the tests' corpus, as its golden file says."""
    lines = [
        "# Files as they are read\n\nThe tests hold small files of every kind that people have, each with what is right to read "
        "in it. This page is written from them: what is kept and as what, and what is left out and why.\n\n"
        "## Documents\n\n| file | kept as | left out |\n| --- | --- | --- |"
    ]
    for folder in sorted((CORPUS / "golden").iterdir()):
        source = next(path for path in folder.iterdir() if path.name != "right.txt")
        right = (folder / "right.txt").read_text(encoding="utf-8")
        kept = dict.fromkeys(re.findall(r"^\[([a-z]+)\] ", right, re.MULTILINE))
        gone = dict.fromkeys(re.findall(r"^\(([a-z_]+)\) ", right, re.MULTILINE))
        lines.append(f"| {folder.name} ({source.suffix}) | {', '.join(kept)} | {', '.join(gone).replace('_', ' ')} |")
    for title, kind in (("Mail", "mail"), ("Chats", "chat"), ("Ready pairs", "pairs")):
        lines.append(f"\n## {title}\n\n| case | pairs | left out, or why it is refused |\n| --- | --- | --- |")
        for folder in sorted((CORPUS / "golden_conversations").glob(f"{kind}-*")):
            right = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
            why = ", ".join(f"{count} {reason}" for reason, count in right.get("reasons", {}).items())
            what = f"refused: {_text(right['refused'])}" if "refused" in right else why
            lines.append(f"| {folder.name.removeprefix(f'{kind}-').replace('-', ' ')} | {len(right.get('pairs', ()))} | {what} |")
    return MADE + "\n".join(lines) + "\n"


def commands_page() -> str:
    """What every command's `--help` says."""
    parts = [
        "# Commands\n\nThe recipe is the first argument. Everything may be run again: what has not changed is not "
        "done again, and nothing is paid for twice. `--json` prints one JSON object on standard output and everything else "
        "on standard error. Exit codes: 0 done, 1 a gate failed or work remains, 2 the call or the recipe is "
        "wrong, 3 a provider, server or machine "
        "failed, 130 stopped. `--debug` shows a traceback.\n"
    ]
    for program in ("curate", "train"):
        for command in commands_of(program):
            parts.append(f"## {program} {command}\n\n```text\n{help_of(program, command).strip()}\n```\n")
    return MADE + "\n".join(parts)


if __name__ == "__main__":
    for name, text in pages().items():
        path = DOCS / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
