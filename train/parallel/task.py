"""What the processes are handed: all that the training needs, as the command that starts them has made it.

So a recipe that is edited meanwhile changes nothing, and no process makes rows or checks a template again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from export.sampling import Sampling
from likeness.files import write_atomic
from likeness.recipe.schema import Train
from train.data import Row, Rows
from train.evaluate.evaluate import load_profile, load_rows_behind
from train.template import Template
from train.watch.look import Looker

FOLDER = "launch"
"""In a run's folder, while it trains: the task and what the processes wrote on standard error."""


@dataclass(frozen=True)
class Look:
    """What a `Looker` is made of, beside tokenizer and rows."""

    template: Template
    stops: set[int]
    system_prompt: str
    sampling: Sampling
    dataset: Path


@dataclass(frozen=True)
class Task:
    """A training.

    Args:
        settings: the recipe's `train`.
        rows: ids and labels.
        adapter: the folder to write.
        begin: the adapter to go on from.
        look: what the model is looked at with; nothing where losses alone are watched.
    """

    settings: Train
    rows: Rows
    adapter: Path
    begin: Path | None = None
    look: Look | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        rows = {name: [asdict(row) for row in getattr(self.rows, name)] for name in ("train", "replay", "validation")}
        look = self.look and asdict(self.look) | {"stops": sorted(self.look.stops), "dataset": str(self.look.dataset)}
        return {
            "settings": self.settings.model_dump(mode="json", by_alias=True),
            "rows": rows | {"unknown": sorted(self.rows.unknown)},
            "adapter": str(self.adapter),
            "begin": self.begin and str(self.begin),
            "look": look,
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Task:
        """Read what `as_dict` made.

        Args:
            plain: as it comes out of JSON.
        """
        given, look = plain["rows"], plain["look"]
        train, replay, validation = ([Row(**row) for row in given[name]] for name in ("train", "replay", "validation"))
        return cls(
            settings=Train.model_validate(plain["settings"]),
            rows=Rows(train, replay, set(given["unknown"]), validation),
            adapter=Path(plain["adapter"]),
            begin=Path(plain["begin"]) if plain["begin"] else None,
            look=look
            and Look(
                template=Template(**look["template"]),
                stops=set(look["stops"]),
                system_prompt=look["system_prompt"],
                sampling=Sampling(**look["sampling"]),
                dataset=Path(look["dataset"]),
            ),
        )

    def write(self, folder: Path) -> None:
        """Leave it for the processes.

        Args:
            folder: the run's `launch`.
        """
        write_atomic(folder / "task.json", json.dumps(self.as_dict()))

    def looker(self, tokenizer: Any) -> Looker | None:
        """What looks at the model, if anything does.

        Args:
            tokenizer: the base's, with the chat template of the rows.
        """
        if (look := self.look) is None:
            return None
        behind, profile = load_rows_behind(look.dataset), load_profile(look.dataset)
        return Looker(tokenizer, look.template, look.stops, self.rows, behind, look.system_prompt, look.sampling, profile)
