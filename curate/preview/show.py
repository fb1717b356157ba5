"""A preview for people: in the terminal, and as one HTML page that needs nothing beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from curate.model import OWN_WORDS
from curate.preview.preview import FilePreview, Piece, Preview
from likeness.files import write_atomic
from likeness.metrics.text import count_of
from likeness.recipe.folders import BuildFolder

MOST_IN_TERMINAL = 40
"""Passages that a terminal shows; the page has them all."""
SHOWN_OF_GONE = 160
"""Characters of something left out that a terminal shows."""


def write_page(shown: Preview, folder: BuildFolder) -> Path:
    """Write `passages.html` into the recipe's build folder, and give its path.

    Raises:
        MachineError: the folder cannot be written to.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("curate.preview"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template("passages.html.j2").render(shown=shown, own=OWN_WORDS, count_of=count_of)
    path = folder.root / "passages.html"
    write_atomic(path, page)
    return path


def print_preview(shown: Preview) -> None:
    """Every file with its figures, then the passages."""
    console = Console(highlight=False)
    for file in shown.files:
        print_figures(console, file)
    for path in shown.skipped:
        console.print(f"[bold]skipped:[/] {escape(path)}")
    left = MOST_IN_TERMINAL
    for file in shown.files:
        passages = sum(part.number > 0 for part in file.parts)
        if left >= passages:
            print_parts(console, file)
            left -= passages
        else:
            console.print(f"\n{escape(file.path)}: {count_of(passages, 'passage')}, on the page")
    for pair in shown.pairs[: MOST_IN_TERMINAL // 4]:
        console.print(Panel(Text(pair.instruction), title=f"{escape(pair.document)}: asked", title_align="left"))
        console.print(Panel(Text(pair.response), title="answered", title_align="left"))
    if shown.pairs_in_all or shown.left_out:
        why = " · ".join(f"{count:,} {reason}" for reason, count in shown.left_out.items())
        console.print(f"{count_of(shown.pairs_in_all, 'pair')} from conversations and ready pairs" + (f"; {why}" if why else ""))


def print_file(file: FilePreview) -> None:
    """One file with its figures and passages."""
    console = Console(highlight=False)
    print_figures(console, file)
    print_parts(console, file)


def print_figures(console: Console, file: FilePreview) -> None:
    """One file's figures, and what a person should know of it."""
    console.print(f"[bold]{escape(file.path)}[/]: {figures(file)}")
    for note in file.notes:
        console.print(f"  [bold]note:[/] {escape(note)}")


def figures(file: FilePreview) -> str:
    """`12,000 characters, 9,000 kept, left out: comments 2,500, navigation 400; markup 100; 14 passages`."""
    left = ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in file.left_out.items())
    passages = sum(part.number > 0 for part in file.parts)
    parts = [
        f"{file.characters:,} characters, {file.kept:,} kept",
        f"left out: {left}" if left else "nothing left out",
        f"marks and blanks {file.markup:,}" if file.markup else "",
        count_of(passages, "passage"),
    ]
    return "; ".join(filter(None, parts))


def print_parts(console: Console, file: FilePreview) -> None:
    """The passages of a file, and what lies between them."""
    passages = sum(part.number > 0 for part in file.parts)
    for part in file.parts:
        body = Text("\n\n").join(_styled(piece) for piece in part.pieces)
        if part.number:
            title = f"{file.path}: passage {part.number} of {passages}, {part.tokens:,} tokens"
            console.print(Panel(body, title=escape(title), title_align="left"))
        else:
            console.print(body)


def _styled(piece: Piece) -> Text:
    """What is kept as it is, with its kind where it is nobody's own words; what is left out struck through, with the reason."""
    if not piece.reason:
        if piece.kind and piece.kind not in OWN_WORDS:
            return Text.assemble((f"[{piece.kind}]\n", "dim"), piece.text)
        return Text(piece.text)
    words = " ".join(piece.text.split())
    more = f" … ({piece.characters:,} characters)" if len(words) > SHOWN_OF_GONE or piece.characters > len(piece.text) else ""
    return Text.assemble(
        (f"[left out, {piece.reason.replace('_', ' ')}] ", "dim"), (words[:SHOWN_OF_GONE], "strike dim"), (more, "dim")
    )


def samples_as_yaml(samples: Sequence[tuple[str, str]]) -> str:
    """Voice samples as a recipe fixes them: to be put into the file, and edited."""
    lines = ["persona:", "  samples:"]
    for path, text in samples:
        if path:
            lines.append(f"    # {' '.join(path.split())}")
        if text[:1].isspace():  # the first line of a block says how far all are indented
            lines.append(f"    - {json.dumps(text, ensure_ascii=False)}")
        else:
            lines.append("    - |-")
            lines += [f"      {line}".rstrip() for line in text.split("\n")]
    return "\n".join(lines)
