"""The dataset folder's rows, made fit for a model: rendered with its template, the too long ones left out and counted."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recipes.errors import CallError

Message = dict[str, str]


@dataclass
class Rows:
    """What is trained on, held out and asked."""

    train: Any
    """A `datasets.Dataset` with prompt and completion, as `curate build` published it."""
    validation: Any | None
    control: list[dict[str, Any]]
    too_long: list[str] = field(default_factory=list)
    """Ids of rows with more tokens than fit."""
    tokens: int = 0
    """In the training rows, prompt and completion."""


def load_rows(dataset: Path, tokenizer: Any, max_length: int) -> Rows:
    """The rows of a dataset folder.

    Args:
        dataset: a folder that `curate build` published.
        tokenizer: of the base model, with its chat template.
        max_length: most tokens of a row. A longer one would lose its end, and with it the stop token that it teaches.

    Raises:
        CallError: the model's template cannot render the rows, or none is short enough.
    """
    import datasets

    datasets.disable_progress_bars()
    files = {split: str(path) for split in ("train", "validation") if (path := dataset / "sft" / f"{split}.parquet").is_file()}
    loaded = datasets.load_dataset("parquet", data_files=files)
    rows = Rows(train=None, validation=None, control=_control(dataset))
    for split in files:
        lengths = [_tokens(row, tokenizer) for row in loaded[split]]
        fits = [index for index, length in enumerate(lengths) if length <= max_length]
        ids = loaded[split]["id"]
        rows.too_long += [ids[index] for index in range(len(lengths)) if index not in set(fits)]
        if split == "train":
            rows.tokens = sum(lengths[index] for index in fits)
        setattr(rows, split, loaded[split].select(fits) if fits else None)
    if rows.train is None:
        raise CallError(f"no row has at most {max_length} tokens", where="train.sft.max_length", mend="Raise it.")
    return rows


def _tokens(row: dict[str, Any], tokenizer: Any) -> int:
    try:
        return len(tokenizer.apply_chat_template(row["prompt"] + row["completion"], tokenize=True, return_dict=False))
    except Exception as error:
        raise CallError(
            f"the base model's chat template cannot render row {row['id']}: {error}",
            where="train.base_model",
            mend="Choose an instruction-tuned model whose template takes system, user and assistant messages.",
        ) from None


def _control(dataset: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    path = dataset / "control" / "test.parquet"
    return pq.read_table(path).to_pylist() if path.is_file() else []


def check_stop_token(labels: list[int], tokenizer: Any) -> None:
    """See that a row teaches the model to stop: a stop token is among what the loss is on, at its end.

    Raises:
        CallError: it is not; such a model never stops talking.
    """
    trained = [token for token in labels if token != -100]
    if tokenizer.eos_token_id not in trained[-3:]:
        told = tokenizer.decode(trained[-3:]) if trained else "nothing"
        raise CallError(
            f"the model would not learn to stop: its replies are to end on {tokenizer.eos_token!r}, and the rows end on {told!r}",
            where="train.base_model",
            mend="Choose a model whose chat template ends each turn with its end token.",
        )


def read_manifest(dataset: Path) -> dict[str, Any]:
    """A dataset's manifest."""
    manifest: dict[str, Any] = json.loads((dataset / "manifest.json").read_text(encoding="utf-8"))
    return manifest
