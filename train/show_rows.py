"""Rows as the model reads them: what it reads in grey, what it learns in green; the token that ends a reply has its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Literal

from train.data import IGNORED, Row

Role = Literal["read", "learnt", "stop"]
STYLES: dict[Role, str] = {"read": "bright_black", "learnt": "green", "stop": "black on green"}


def parts(row: Row, tokenizer: Any, stop: int) -> Iterator[tuple[Role, str]]:
    """A row's text in pieces of one role each.

    Args:
        row: ids and labels.
        tokenizer: that made them.
        stop: the id of the mark that ends a reply.
    """

    def role(pair: tuple[int, int]) -> Role:
        token, label = pair
        return "read" if label == IGNORED else "stop" if token == stop else "learnt"

    for kind, pairs in groupby(zip(row.ids, row.labels, strict=True), role):
        ids = [token for token, _ in pairs]
        yield kind, tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)


def on_terminal(rows: Sequence[Row], tokenizer: Any, stop: int, coloured: bool = True) -> list[Any]:
    """Rows as coloured texts for rich; without colour, what is learnt is in ⟦ ⟧.

    Args:
        rows: to be shown.
        tokenizer: that made them.
        stop: the id of the mark that ends a reply.
        coloured: whether the terminal shows colours.
    """
    from rich.text import Text

    shown = []
    for row in rows:
        text = Text(f"{row.id}: {len(row.ids)} tokens, loss on {row.learnt}\n", style="bold")
        for kind, piece in parts(row, tokenizer, stop):
            text.append(piece if coloured or kind == "read" else f"⟦{piece}⟧", style=STYLES[kind])
        shown.append(text.append("\n"))
    return shown


def as_html(rows: Sequence[Row], tokenizer: Any, stop: int, title: str) -> str:
    """Rows as one self-contained page.

    Args:
        rows: to be shown.
        tokenizer: that made them.
        stop: the id of the mark that ends a reply.
        title: the page's.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(loader=PackageLoader("train"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    entries = [{"row": row, "parts": list(parts(row, tokenizer, stop))} for row in rows]
    return environment.get_template("rows.html.j2").render(title=title, entries=entries)
