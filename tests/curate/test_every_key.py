"""No setting is dead: every key of a recipe is changed in turn, and something that the program does changes with it.

The keys of `train`, `evaluate` and `export` are in tests/train/test_every_key.py.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from curate.build import build
from curate.check import Given, check_named
from curate.contrast.rows import rows_of
from curate.contrast.sets import requests_for
from curate.contrast.terms import thin_terms
from curate.decisions.queue import needing_review
from curate.engine.engine import engine_of
from curate.generate.step import plan_requests
from curate.job import open_job
from curate.llm import ask
from curate.model import ContrastItem, ContrastSet, Document, Evidence, Finding, Pair, Passage, Stage, Turn, Usage
from curate.plan import plan
from curate.read.read import find_files
from curate.read.step import cut, read
from curate.review.page import settings_of
from curate.screen.judge import judge
from curate.select.balance import balance
from curate.select.split import split
from curate.sources import SourceTexts
from likeness.errors import LikenessError
from likeness.progress import Silent
from likeness.recipe.load import load_recipe
from likeness.recipe.schema import Recipe
from tests.make import keys_of, write_corpus

pytestmark = pytest.mark.slow

CLAUDE = {"provider": "anthropic", "model": "claude-sonnet-5-5", "kinds": [{"kind": "question_answer", "per_passage": 2}]}
CHAT = "12.03.24, 10:00 - Ann: How do you keep the bread from going hard in a week?\n12.03.24, 10:05 - Ida: In a linen bag in the crock, with the cut side down, and never in the ice box.\n"


# --- what is looked at: each gets the changed recipe's path ---


def requests(path: Path) -> list[Any]:
    """What the generator is asked."""
    with open_job(path, Silent()) as job:
        sources = read(job, find_files(job.recipe, path.parent))
        asked = plan_requests(job, sources, cut(job, sources)).values()
        return [(each.kind, each.system, each.user, each.words) for each in asked]


def planned(path: Path) -> dict[str, Any]:
    """What `curate plan` says."""
    return plan(path)


def built(path: Path) -> Any:
    """The build's folder, what each step counted, and the rows; or why nothing was published."""
    try:
        made = build(path, Silent())
    except LikenessError as error:
        return str(error)
    folder = made.folder.datasets / made.version
    rows = {file.relative_to(folder).as_posix(): pq.read_table(file).to_pylist() for file in sorted(folder.rglob("*.parquet"))}
    return made.folder.root.name, [(stage.name, stage.reasons) for stage in made.stages], rows, (folder / "README.md").read_text()


def way_of_asking(path: Path) -> str:
    """Whether requests go out one by one or in a batch."""
    recipe = load_recipe(path)
    asked: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ask, "ask_live", lambda *_: asked.append("live"))
        patch.setattr("curate.llm.batches.ask_in_batches", lambda *_, **__: asked.append("batch"))
        patch.setenv("ANTHROPIC_API_KEY", "none")
        with open_job(path, Silent()) as job:
            sources = read(job, find_files(job.recipe, path.parent))
            one = next(iter(plan_requests(job, sources, cut(job, sources)).values()))
            ask.ask_missing({"a": one}, None, job.ledger, recipe.generate, Usage(), lambda *_: None, wait=False)
    return asked[0]


def contrasted(path: Path) -> Any:
    """Terms that a set is drafted for, and rows that come of sets."""
    recipe = load_recipe(path)
    document = Document("a.md", "a", "I read the Pellow gauge. I fetched the Orlan staff.", "own")
    sources = SourceTexts({"a.md": document}, {"a.md": [Passage("a.md", 0, len(document.text), document.text)]})
    asked = requests_for(recipe, thin_terms([document], []), sources, [])
    item = ContrastItem("statement", "gauge", "What is it?", "It is a float in a pipe.", "It is a clock on a wall.")
    sets = [ContrastSet(str(number), "gauge", str(number), "a.md", (item,), ()) for number in range(9)]
    return sorted(asked), len(rows_of(sets, 20, recipe.contrast.share, {}).pairs)


def runs_on(path: Path) -> tuple[str, int | None]:
    """Where steps run, and in how many processes."""
    with engine_of(load_recipe(path)) as engine:
        return type(engine).__name__, getattr(engine, "workers", None)


def context(path: Path) -> int:
    """Tokens that the local model is loaded for."""
    from curate.generate.providers import make_provider

    return make_provider(load_recipe(path).generate)._context


TEXT = "I bake on Tuesdays and Fridays, and I have done so since the flood took the shop next door. " * 60
PASSAGE = Passage("a.md", 0, len(TEXT), TEXT)


def pair(name: str, response: str, question: str = "How do you bake your bread?", **more: Any) -> Pair:
    more = {"words_asked": (10, 20), "evidence": Evidence("a.md", 0, 20, TEXT[:20])} | more
    return Pair(name, "question_answer", (Turn("user", question),), response, "a.md", **more)


def found_by(check: str, pairs: list[Pair], sources: SourceTexts | None = None) -> Callable[[Path], Any]:
    """What one check finds under the recipe's settings."""

    def observe(path: Path) -> Any:
        given = Given(pairs, sources or SourceTexts(), load_recipe(path).screen)
        return [(finding.pair, finding.severity, finding.message) for finding in check_named(check).find(given)]

    return observe


def demo_found_by(check: str) -> Callable[[Path], Any]:
    """The same on the demo, which has enough writing to know its author by."""

    def observe(path: Path) -> Any:
        demo = Path(__file__).parents[2] / "recipes/demo"
        shutil.copytree(demo, path.parent / "demo", dirs_exist_ok=True, ignore=shutil.ignore_patterns("build"))
        files = sorted((demo / "documents").rglob("*.md"))
        from curate.read.documents import read_document

        sources = SourceTexts({file.name: read_document(file, file.name, "own") for file in files})
        rows = [
            json.loads(line) for file in sorted((demo / "recorded").glob("*.jsonl")) for line in file.read_text().splitlines()
        ]
        pairs = [
            Pair(str(number), row["kind"], (Turn("user", row["instruction"]),), row["response"], "a.md")
            for number, row in enumerate(rows)
            if row["kind"] == "question_answer"
        ]
        return found_by(check, pairs, sources)(path)

    return observe


def judged(path: Path) -> Any:
    """What the judge is asked, and of which model."""
    recipe = load_recipe(path)
    asked: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("curate.screen.judge.ask_missing", lambda keyed, *_, **__: asked.extend(keyed))
        patch.setenv("ANTHROPIC_API_KEY", "none")
        with open_job(path, Silent()) as job:
            sources = SourceTexts(passages={"a.md": [PASSAGE]})
            judge([pair("a", "Yes."), pair("b", "No.")], {"a": [FLAG]}, sources, recipe, job.ledger, lambda *_: None)
    return asked


FLAG = Finding("a", "voice", "warning", 1.0, "far")
PAIRS = [pair(str(number), f"Answer {number}.") for number in range(40)]


def reviewed(path: Path) -> Any:
    """Which pairs a person has to see."""
    recipe = load_recipe(path)
    return recipe.review and needing_review(PAIRS, {"3": [FLAG]}, recipe.review)


def reviewers(path: Path) -> Any:
    """How many answers Argilla waits for, in which workspace of which server."""
    from curate.review import sync

    recipe = load_recipe(path)
    seen: list[Any] = []

    class Stop(Exception):
        pass

    def dataset(client: Any, workspace: str, name: str, settings: Any, needed: int, **_: Any) -> None:
        seen.extend([client, workspace, needed])
        raise Stop

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sync, "ReviewDataset", dataset)
        patch.setattr(sync, "connect_for", lambda recipe: (recipe.review.argilla, recipe.name))
        with open_job(path, Silent()) as job, pytest.raises(Stop):
            sync.sync(recipe, job.ledger)
    assert settings_of(recipe)
    return seen


def balanced(path: Path) -> Any:
    recipe = load_recipe(path)
    return [each.id for each in balance(PAIRS, recipe.balance, {}, 3.0, SourceTexts(), Stage("balance"))[0]]


def divided(path: Path) -> Any:
    rows = [
        Pair(str(number), "pair", (Turn("user", f"Question {number} of {number * 7}?"),), f"Answer {number}.", f"{number % 8}.md")
        for number in range(64)
    ]
    return [each.id for each in split(rows, load_recipe(path).split, Stage("split")).validation]


# --- how each key is changed: what is looked at, and two values of it (with what else the recipe then says) ---

GOOD = {"path": "documents/*", "rights": "own"}
BAD = {"path": "m.gguf", "rights": "own"}
LONG = "We bake in the night, all of us. " * 4
KEYS: dict[str, tuple[Callable[[Path], Any], dict[str, Any], dict[str, Any]]] = {
    "name": (built, {"name": "village"}, {"name": "town"}),
    "extends": (requests, {}, {"extends": "base.yaml"}),
    "persona.name": (requests, {"persona.name": "the baker"}, {"persona.name": "the miller"}),
    "persona.description": (requests, {"persona.description": "Short."}, {"persona.description": "Long."}),
    "persona.system_prompt": (built, {"persona.system_prompt": "You bake."}, {"persona.system_prompt": "You mill."}),
    "persona.samples": (requests, {}, {"persona.samples": ["I bake when it is dark, and I say no more than I have to."]}),
    "sources.unreadable": (built, {"sources": [BAD, GOOD]}, {"sources": [BAD | {"unreadable": "skip"}, GOOD]}),
    "sources.path": (requests, {}, {"sources.path": "documents/bread.md"}),
    "sources.as": (built, {"sources": [{"path": "rows.jsonl", "rights": "own", "as": "pairs"}]},
                   {"sources": [{"path": "documents/*.*", "rights": "own"}]}),
    "sources.author": (built, {"sources": [{"path": "chat.txt", "as": "conversations", "author": "Ida", "rights": "own"}]},
                       {"sources": [{"path": "chat.txt", "as": "conversations", "author": "Ann", "rights": "own"}]}),
    "sources.rights": (built, {"sources.rights": "own"}, {"sources.rights": "licensed"}),
    "sources.exclude": (requests, {}, {"sources.exclude": ["documents/bread.md"]}),
    "passages.max_tokens": (requests, {"passages.max_tokens": 50}, {"passages.max_tokens": 400}),
    "generate.provider": (planned, {"generate": CLAUDE}, {}),
    "generate.model": (planned, {"generate": CLAUDE}, {"generate": CLAUDE | {"model": "claude-haiku-5-5"}}),
    "generate.context": (context, {"generate": CLAUDE | {"provider": "llama-cpp", "model": "m.gguf", "context": 512}},
                         {"generate": CLAUDE | {"provider": "llama-cpp", "model": "m.gguf"}}),
    "generate.recordings": (built, {}, {"generate.recordings": "recorded/few.jsonl"}),
    "generate.mode": (way_of_asking, {"generate": CLAUDE}, {"generate": CLAUDE | {"mode": "batch"}}),
    "generate.concurrency": (planned, {"generate": CLAUDE | {"concurrency": 1}}, {"generate": CLAUDE | {"concurrency": 2}}),
    "generate.per_minute.requests": (planned, {"generate": CLAUDE}, {"generate": CLAUDE | {"per_minute": {"requests": 1}}}),
    "generate.per_minute.input_tokens": (planned, {"generate": CLAUDE},
                                         {"generate": CLAUDE | {"per_minute": {"input_tokens": 9}}}),
    "generate.per_minute.output_tokens": (planned, {"generate": CLAUDE},
                                          {"generate": CLAUDE | {"per_minute": {"output_tokens": 9}}}),
    "generate.price.input": (planned, {"generate": CLAUDE | {"price": {"input": 1, "output": 1}}},
                             {"generate": CLAUDE | {"price": {"input": 900, "output": 1}}}),
    "generate.price.output": (planned, {"generate": CLAUDE | {"price": {"input": 1, "output": 1}}},
                              {"generate": CLAUDE | {"price": {"input": 1, "output": 900}}}),
    "generate.budget_usd": (planned, {"generate": CLAUDE}, {"generate": CLAUDE | {"budget_usd": 3}}),
    "generate.kinds.kind": (requests, {"generate.kinds.kind": "decision"}, {"generate.kinds.kind": "essay"}),
    "generate.kinds.per_passage": (requests, {"generate.kinds": [{"kind": "essay", "per_passage": 1}]},
                                   {"generate.kinds": [{"kind": "essay", "per_passage": 2}]}),
    "generate.kinds.per_document": (requests, {"generate.kinds": [{"kind": "essay", "per_document": 1}]},
                                    {"generate.kinds": [{"kind": "essay", "per_document": 2}]}),
    "generate.kinds.words": (requests, {"generate.kinds.words": [10, 20]}, {"generate.kinds.words": [10, 30]}),
    "generate.kinds.prompt": (requests, {}, {"generate.kinds.prompt": "own.md.j2"}),
    "contrast.terms": (contrasted, {"contrast": {"terms": 1}}, {"contrast": {"terms": 2}}),
    "contrast.share": (contrasted, {"contrast": {"share": 0.1}}, {"contrast": {"share": 0.45}}),
    "screen.duplicates.near": (found_by("duplicates", [pair("a", LONG + "And then we sleep."), pair("b", LONG + "Then we eat a bit.")]),
                               {"screen.duplicates.near": 0.31}, {"screen.duplicates.near": 1.0}),
    "screen.duplicates.reworded": (found_by("reworded", [pair("a", "The loaf rises in the crock all night long."),
                                                         pair("b", "All night long the loaf rises, in the crock.")]),
                                   {"screen.duplicates.reworded": "flag"}, {"screen.duplicates.reworded": "drop"}),
    "screen.length.slack": (found_by("length", [pair("a", "word " * 25)]), {"screen.length.slack": 0.0}, {"screen.length.slack": 1.0}),
    "screen.private_data.action": (found_by("private_data", [pair("a", "Write to ida@bread.example, please.")]),
                                   {"screen.private_data.action": "flag"}, {"screen.private_data.action": "drop"}),
    "screen.private_data.names": (found_by("private_data", [pair("a", "Ask Tom Rudge.")]), {}, {"screen.private_data.names": ["Tom Rudge"]}),
    "screen.voice.farther_than": (demo_found_by("voice"), {"screen.voice.farther_than": 0.51}, {"screen.voice.farther_than": 0.999}),
    "screen.mannerisms.surprise": (demo_found_by("mannerisms"), {"screen.mannerisms.surprise": 0.1}, {"screen.mannerisms.surprise": 50.0}),
    "screen.echo.max_share": (demo_found_by("echo"), {"screen.echo.max_share": 0.02}, {"screen.echo.max_share": 0.9}),
    "screen.echo.times": (demo_found_by("echo"), {"screen.echo.times": 1.0}, {"screen.echo.times": 50.0}),
    "screen.judge.model": (judged, {"generate": CLAUDE, "screen": {"judge": {"model": "claude-haiku-5-5"}}},
                           {"generate": CLAUDE, "screen": {"judge": {"model": "claude-sonnet-5-5"}}}),
    "screen.judge.pairs": (judged, {"generate": CLAUDE, "screen": {"judge": {"model": "claude-haiku-5-5", "pairs": "all"}}},
                           {"generate": CLAUDE, "screen": {"judge": {"model": "claude-haiku-5-5", "pairs": "flagged"}}}),
    "review.argilla": (reviewers, {"review": {"argilla": "local"}}, {"review": {"argilla": "https://a.example"}}),
    "review.workspace": (reviewers, {"review": {"workspace": "one"}}, {"review": {"workspace": "two"}}),
    "review.min_submitted": (reviewers, {"review": {"min_submitted": 1}}, {"review": {"min_submitted": 2}}),
    "review.pairs": (reviewed, {"review": {"pairs": "flagged"}}, {"review": {"pairs": 0.5}}),
    "review.awaiting": (built, {"review": {"pairs": 0.5, "awaiting": "keep"}}, {"review": {"pairs": 0.5, "awaiting": "leave_out"}}),
    "expect": (built, {}, {"expect": [{"expect_table_row_count_to_be_between": {"min_value": 5000}}]}),
    "balance.per_document": (balanced, {"balance": {"per_document": 3}}, {"balance": {"per_document": 30}}),
    "balance.per_kind": (balanced, {"balance": {"per_kind": {"question_answer": 3}}}, {"balance": {"per_kind": {"question_answer": 9}}}),
    "balance.terms": (balanced, {"balance": {"per_document": 50}}, {"balance": {"terms": {"answer": 0.2}}}),
    "split.validation": (divided, {"split": {"validation": 0.1}}, {"split": {"validation": 0.4}}),
    "split.by": (divided, {"split": {"by": "document"}}, {"split": {"by": "pair"}}),
    "split.seed": (divided, {"split": {"seed": 1, "by": "pair"}}, {"split": {"seed": 2, "by": "pair"}}),
    "control": (built, {}, {"control": "other.yaml"}),
    "engine": (runs_on, {"engine": "here"}, {"engine": "processes"}),
    "worker_gb": (runs_on, {"worker_gb": 1e6}, {"worker_gb": 1e-6}),
}  # fmt: skip
COSTS = {"generate.price.cache_write": 1, "generate.price.cache_read": 2}
"""What a cached prompt costs is looked at apart: a plan's prompt has to be long enough to be cached."""


def write_recipe(folder: Path, changes: dict[str, Any]) -> Path:
    """The small corpus with the changes; a dotted key goes into the first item of a list."""
    path = write_corpus(folder)
    (folder / "base.yaml").write_text("name: base\npassages: {max_tokens: 50}\n", encoding="utf-8")
    (folder / "own.md.j2").write_text('{% include "_document.md.j2" %}\nAsk one thing.\n', encoding="utf-8")
    (folder / "chat.txt").write_text(CHAT, encoding="utf-8")
    (folder / "m.gguf").write_bytes(b"GGUF")
    few = (folder / "recorded/all.jsonl").read_text(encoding="utf-8").splitlines()[:5]
    (folder / "recorded/few.jsonl").write_text("\n".join(few) + "\n", encoding="utf-8")
    (folder / "other.yaml").write_text('questions: [{id: one, about: voice, question: "Why do you get up so early?"}]\n')
    rows = [{"instruction": f"What is {n}?", "output": f"It is the number {n}, which comes after {n - 1}."} for n in range(9)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    data = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    data["generate"]["recordings"] = "recorded/all.jsonl"
    for key, value in changes.items():
        at, (*parents, last) = data, key.split(".")
        for parent in parents:
            at = at.setdefault(parent, {})
            at = at[0] if isinstance(at, list) else at
        at[last] = value
    if "extends" in changes:
        data.pop("passages", None)
    if any(source.get("as", "documents") != "documents" for source in data["sources"]):
        data.pop("generate")
        data.pop("expect", None)
    YAML().dump(data, path)
    return path


def test_the_table_has_every_key_of_the_schema():
    keys = {key for key in keys_of(Recipe) if not key.startswith(("train.", "export.", "evaluate."))}
    assert keys == set(KEYS) | set(COSTS)


@pytest.mark.parametrize("key", KEYS)
def test_a_change_of_the_key_changes_what_happens(key, tmp_path, monkeypatch):
    observe, one, other = KEYS[key]
    seen = []
    for name, changes in (("one", one), ("other", other)):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        seen.append(observe(write_recipe(folder, changes)))
    assert seen[0] != seen[1]


@pytest.mark.parametrize("key", COSTS)
def test_what_the_cache_costs_is_taken_from_the_recipe(key, tmp_path):
    from curate.llm.prices import price_of

    generate = load_recipe(write_recipe(tmp_path, {"generate": CLAUDE | {"price": {"input": 1, "output": 1}}})).generate
    changed = generate.model_copy(update={"price": generate.price.model_copy(update={key.split(".")[-1]: 77.0})})
    assert price_of(changed).cost(0, 0, cache_write=9, cache_read=9) > price_of(generate).cost(0, 0, cache_write=9, cache_read=9)
