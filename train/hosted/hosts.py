"""What is known of each host: the form of its rows, its limits, its prices, and until when it takes jobs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from likeness.errors import CallError

FILE = Path(__file__).with_name("hosts.toml")


@dataclass(frozen=True)
class Host:
    """A host.

    `form` is that of its rows; `preferences`: it takes rows of right and wrong answers, always in OpenAI's form. `one_turn`: a
    row has one question. `weights`: an answer can be marked as not to be learnt. `alternates`: questions and answers take turns.
    `prices` are US dollars for a million tokens trained on once, by the beginning of a model's name.
    """

    name: str
    title: str
    key: str
    form: Literal["openai", "bedrock"]
    fewest_rows: int
    most_rows: int
    most_megabytes: int
    most_tokens: int
    note: str
    source: str
    prices: dict[str, float] = field(default_factory=dict)
    preferences: bool = False
    url: str = ""
    starts_jobs: bool = False
    one_turn: bool = False
    weights: bool = False
    alternates: bool = False
    ends: str = ""

    def price_of(self, model: str) -> float | None:
        """US dollars for a million trained tokens of a model; None where none is listed. The longest name that fits counts."""
        fitting = [name for name in self.prices if model.startswith(name)]
        return self.prices[max(fitting, key=len)] if fitting else None

    def check_open(self, today: date) -> None:
        """See that it still takes jobs.

        Raises:
            CallError: it has stopped.
        """
        if self.ends and today > date.fromisoformat(self.ends):
            fix = "Take another host, or `backend: local`."
            raise CallError(f"{self.title} has taken no new jobs since {self.ends}", where="train.hosted.host", fix=fix)


@cache
def hosts() -> dict[str, Host]:
    """All hosts, by name."""
    listed = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: Host(name, **facts) for name, facts in listed.items() if isinstance(facts, dict)}


@cache
def as_of() -> str:
    """The day of the list."""
    return str(tomllib.loads(FILE.read_text(encoding="utf-8"))["as_of"])
