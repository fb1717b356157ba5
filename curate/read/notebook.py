"""Read Jupyter notebooks: their text and code. What a cell put out is a program's, and left out."""

from __future__ import annotations

import json
import re
from typing import Any

from curate.read.markdown import read_markdown
from curate.read.reading import Reading, Unreadable

ATTACHED = re.compile(r"!\[[^\[\]\n]{0,300}\]\(attachment:[^()\s]{1,300}\)")


def read_notebook(text: str) -> Reading:
    """The cells of a notebook of format 4 (nbformat), and of 3, in their order.

    Raises:
        Unreadable: it is no notebook.
    """
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = None
    cells = whole.get("cells") if isinstance(whole, dict) else None
    if cells is None and isinstance(whole, dict) and isinstance(sheets := whole.get("worksheets"), list):
        cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells") or []]
    if not isinstance(cells, list):
        raise Unreadable("is no Jupyter notebook, or is damaged; open it there and save it again")
    reading = Reading()
    for cell in cells:
        if not isinstance(cell, dict):
            continue
        said = _joined(cell.get("source", cell.get("input")))
        if cell.get("cell_type") == "markdown":
            reading.append(read_markdown(ATTACHED.sub("", said)))
        elif cell.get("cell_type") == "code":
            reading.add("code", said.strip("\n"))
            for output in cell.get("outputs") or []:
                reading.leave_out("output", _shown(output))
        elif said.strip():
            reading.leave_out("raw_cell", said)
    return reading


def _joined(lines: Any) -> str:
    if isinstance(lines, list):
        return "".join(line for line in lines if isinstance(line, str))
    return lines if isinstance(lines, str) else ""


def _shown(output: Any) -> str:
    """What a person saw below a cell, where it was text."""
    if not isinstance(output, dict):
        return ""
    data = output.get("data")
    plain = data.get("text/plain") if isinstance(data, dict) else output.get("traceback")
    return _joined(output.get("text")) or _joined(plain)
