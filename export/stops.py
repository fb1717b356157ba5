"""Where a merged model stops: the mark that it learnt to end a reply with, in every file where a program looks for it.

transformers, vLLM and mlx-lm stop at the ids of generation_config.json, older programs at config.json's, and others at the
tokenizer's end token. A base model often names only the end of a document there, while its chat template ends turns otherwise.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from export.model_files import load_tokenizer
from export.probe import turn_end
from export.sampling import FILE as GENERATION
from likeness.files import write_atomic

CONFIG = "config.json"


def declared_stops(folder: Path) -> list[int]:
    """The ids that a model's folder says to stop at: those of generation_config.json, or else of config.json."""
    for name in (GENERATION, CONFIG):
        ids = _read(folder / name).get("eos_token_id")
        if ids is not None:
            return list(ids) if isinstance(ids, list) else [ids]
    return []


def write_end(folder: Path, end: int | None = None) -> None:
    """Have a model's folder say that a reply ends with a mark. Nothing is written where it says so already.

    Args:
        folder: the model's; its other stops stay, behind this one.
        end: the mark's id; the one that its chat template ends replies with where none is given.
    """
    tokenizer = load_tokenizer(folder)
    end = turn_end(tokenizer) if end is None else end
    if end is None:
        return
    known = declared_stops(folder)
    if end not in known and tokenizer.eos_token_id != end:
        _rename(folder, tokenizer, end)
    if end not in known or _read(folder / GENERATION).get("eos_token_id") is None:
        own = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
        stops = list(dict.fromkeys([end, *known, *own]))
        for name in (GENERATION, CONFIG):
            _write(folder / name, _read(folder / name) | {"eos_token_id": stops if len(stops) > 1 else end})


def _rename(folder: Path, tokenizer: Any, end: int) -> None:
    """Make the mark the tokenizer's end token, unless that would change what the tokenizer or its template writes."""
    settings = _read(folder / "tokenizer_config.json")
    templates = [file.read_text(encoding="utf-8") for file in folder.rglob("*.jinja")]
    if "eos_token" in f"{settings.get('chat_template')}{templates}" or getattr(tokenizer, "add_eos_token", False):
        return
    mark = tokenizer.convert_ids_to_tokens(end)
    _write(folder / "tokenizer_config.json", settings | {"eos_token": mark})
    if "eos_token" in (special := _read(folder / "special_tokens_map.json")):
        _write(folder / "special_tokens_map.json", special | {"eos_token": mark})


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return found


def _write(file: Path, settings: dict[str, Any]) -> None:
    write_atomic(file, json.dumps(settings, indent=2, ensure_ascii=False) + "\n")
