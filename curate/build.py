"""The order of the steps from documents to a dataset, and nothing else."""

from __future__ import annotations

import json
import shlex
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from curate import __version__
from curate.generate.mix import asked_against_got, mix_lines
from curate.generate.requests import Request
from curate.ledger import Ledger, stages_as_json
from curate.model import Finding, Passage, Stage, Usage, content_hash
from curate.read.read import File, find_files, read_sources
from curate.review.decisions import Reviewed
from curate.words import count_of
from recipes.errors import CallError, GateError, LikenessError
from recipes.folders import BuildFolder
from recipes.load import load_control, load_recipe
from recipes.lock import only_one
from recipes.schema import Recipe


class Watcher(Protocol):
    """Whoever is told how a build goes: a terminal, a log, a test."""

    def stage_begins(self, name: str) -> None:
        """A step starts."""

    def progress(self, done: int, total: int, usd: float = 0.0) -> None:
        """How far the step is."""

    def stage_ends(self, stage: Stage) -> None:
        """A step is done."""

    def note(self, text: str) -> None:
        """Something the person should know."""


@dataclass
class Build:
    """What a build came to."""

    folder: BuildFolder
    version: str
    stages: list[Stage] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    counts: dict[str, int] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    mix: list[dict[str, Any]] = field(default_factory=list)
    """Asked against got, by kind: see `curate.generate.mix`."""
    sample: int | None = None
    """How many passages it is of, where it is not of all."""
    unchanged: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "dataset": str(self.folder.datasets / self.version),
            "version": self.version,
            "unchanged": self.unchanged,
            "sample": self.sample,
            "counts": self.counts,
            "stages": stages_as_json(self.stages),
            "checks": self.checks,
            "mix": self.mix,
            "usage": self.usage.as_dict(),
        }

    @classmethod
    def from_row(cls, folder: BuildFolder, row: sqlite3.Row) -> Build:
        """A build that was finished before, as the ledger has it."""
        result = json.loads(row["result"])
        stages = [Stage(**stage) for stage in result["stages"]]
        kept = {name: result.get(name, []) for name in ("checks", "mix")}
        return cls(folder, row["version"], stages, counts=result["counts"], unchanged=True, **kept)


def build(recipe_path: Path, watch: Watcher, *, sample: int | None = None, wait: bool = False) -> Build:
    """Build a recipe's dataset: read, cut, generate, screen, validate, publish.

    What has not changed since an earlier build is taken from the ledger; if nothing has, nothing is done.

    Args:
        recipe_path: the recipe's file.
        watch: is told how it goes.
        sample: build this many passages only, end to end, into `dataset/sample`; the newest dataset stays what it was,
            expectations are told but stop nothing, and a later build asks only for the rest.
        wait: stay until the provider's batches have ended.

    Raises:
        CallError: the recipe or a source is wrong.
        GateError: an expectation failed, or batches are under way; the newest dataset stays what it was.
        MachineError: the provider or the machine failed; what was done is kept.
    """
    recipe = load_recipe(recipe_path)
    control = load_control(Path(recipe.control)).questions if recipe.control else []
    files = find_files(recipe, recipe_path.absolute().parent)
    folder = BuildFolder.of(recipe.name)
    with only_one(folder.root, "build"):
        ledger = Ledger(folder.ledger)
        try:
            fetch_decisions(recipe, ledger, watch)
            fingerprint = fingerprint_of(recipe, files, ledger)
            if sample is None and (done := _finished(ledger, folder, fingerprint)):
                lay_out(recipe, recipe_path, ledger, watch)  # the server may have been down
                return done
            made = Build(folder, version="", sample=sample)
            number = ledger.begin_build(fingerprint, sample)

            with _stage(made, watch, "read") as stage:
                sources = read_sources(files, ledger, stage, watch.progress)
                stage.rows_in = len(files)
                stage.rows_out = len(sources.documents) + len(sources.pairs)

            passages: dict[str, list[Passage]] = {}
            pairs = list(sources.pairs)
            requests: list[Request] = []
            usd_by_kind: dict[str, float] = {}
            if recipe.generate:
                from curate.generate.generate import NOT_RECORDED, generate_pairs, make_provider
                from curate.generate.requests import requests_for, sample_of
                from curate.generate.rewrite import write_anew
                from curate.read.passages import cut

                with _stage(made, watch, "cut") as stage:
                    for document in sources.documents:
                        passages[document.path] = cut(document, recipe.passages.max_tokens)
                    with ledger.transaction():
                        for document in sources.documents:
                            ledger.add_passages(document, passages[document.path])
                    stage.rows_in = len(sources.documents)
                    stage.rows_out = sum(map(len, passages.values()))

                provider = make_provider(recipe.generate)
                samples = voice_samples(ledger, passages)
                requests = list(requests_for(recipe, sources.documents, passages, samples))
                if sample:
                    requests = sample_of(requests, passages, sample)

            from curate.validate.frame import COSTLY, frame_of
            from curate.validate.suite import make_suite, validate

            suite = make_suite(recipe, recipe_path)  # before anything is paid for: it may be wrong

            if recipe.generate:
                with _stage(made, watch, "generate") as stage:
                    ask = partial(generate_pairs, ledger=ledger, stage=stage, progress=watch.progress, wait=wait)
                    generated = ask(requests, provider, settings=recipe.generate)
                    missing = stage.reasons.get(NOT_RECORDED, 0)
                    ledger.carry_decisions(generated.pairs)
                    write_anew(generated, recipe, ledger.decisions(), sources.documents, ask)
                    pairs += generated.pairs
                    made.usage, usd_by_kind = generated.usage, generated.usd_by_kind
                    stage.rows_in, stage.rows_out = len(generated.requests), len(generated.pairs)
                if missing:
                    watch.note(
                        f"note: {missing} of {len(requests)} requests have no recording, so nothing was made of those passages; "
                        "`provider: anthropic` has Claude write the pairs"
                    )

            from curate.generate.rewrite import not_written_anew
            from curate.review.decisions import apply_decisions, verdict_of
            from curate.review.history import earlier_versions
            from curate.review.queue import needing_review, review_of
            from curate.screen.screen import screen
            from curate.screen.sources import SourceTexts

            review = review_of(recipe)
            ledger.carry_decisions(pairs)
            decisions = ledger.decisions()
            verdicts = {pair.id: verdict_of(decisions.get(pair.id, ()), review.min_submitted) for pair in pairs}
            refused = [pair for pair in pairs if verdicts[pair.id] in ("reject", "rewrite")]
            for line in not_written_anew(pairs, [pair for pair in refused if verdicts[pair.id] == "rewrite"], recipe):
                watch.note(line)
            texts = SourceTexts({d.path: d for d in sources.documents}, passages, [question.question for question in control])
            with _stage(made, watch, "screen") as stage:
                judged = [pair for pair in pairs if verdicts[pair.id] not in ("reject", "rewrite")]
                # What a person approved passes, and what one asked for anew is shown to them, whatever the checks say.
                spared = {
                    pair.id for pair in judged if verdicts[pair.id] == "approve" or (pair.replaces and review.pairs != "none")
                }
                passed, findings = screen(judged, recipe.screen, texts, stage, spared)
                stage.rows_in, stage.rows_out = len(judged), len(passed)

            if recipe.screen.judge:
                from curate.screen.judge import judge

                with _stage(made, watch, "judge") as stage:
                    undecided = [pair for pair in passed if verdicts[pair.id] != "approve"]
                    found, usage = judge(undecided, by_pair(findings), texts, recipe, ledger, watch.progress, wait=wait)
                    findings += found
                    made.usage.add(usage)
                    stage.rows_in = stage.rows_out = len(passed)
                    stage.reasons = {"with claims that its passage does not bear out": len(found)} if found else {}

            is_reviewed = recipe.review is not None or bool(decisions)
            with _stage(made, watch, "review") if is_reviewed else nullcontext(Stage("review")) as stage:
                changed = earlier_versions(pairs, decisions, ledger)
                needing = needing_review(passed, by_pair(findings), review, changed) if recipe.review else set()
                private = {finding.pair for finding in findings if finding.check == "private_data"}
                reviewed = apply_decisions(passed + refused, needing, decisions, review.min_submitted, private)
                barred = {finding.pair for finding in findings if finding.severity == "drop"}
                kept = reviewed.published(review.awaiting == "keep", barred, [pair.id for pair in pairs])
                stage.rows_in, stage.rows_out = len(passed) + len(refused), len(kept)
                stage.reasons = reviewed.counted()

            from curate.publish.balance import balance
            from curate.publish.split import split

            left_out: list[Finding] = []
            if recipe.balance:
                with _stage(made, watch, "balance") as stage:
                    stage.rows_in = len(kept)
                    kept, left_out = balance(kept, recipe.balance, by_pair(findings), recipe.screen.echo.times, texts, stage)
                    stage.rows_out = len(kept)
            with _stage(made, watch, "split") if recipe.split.validation else nullcontext(Stage("split")) as stage:
                sides = split(kept, recipe.split, stage)
                stage.rows_in, stage.rows_out = len(kept), len(sides.pairs)
            if recipe.split.validation and (note := sides.note()):
                watch.note(f"note: {note}")
            left_out += sides.left_out
            gone = {finding.pair for finding in left_out}
            reviewed.leave_out(gone)

            with ledger.transaction():
                for state, standing in reviewed.by_state(passed).items():
                    ledger.add_pairs(number, standing, state)
                ledger.add_pairs(number, [pair for pair in passed if pair.id in gone], "left out")
                left = {pair.id for pair in passed + refused}
                ledger.add_pairs(number, [pair for pair in pairs if pair.id not in left], "dropped")
                ledger.add_findings(number, findings + left_out)
            waiting = len(reviewed.awaiting) + len(reviewed.disputed)
            arrived = lay_out(recipe, recipe_path, ledger, watch) if sample is None else 0
            written = [pair for pair in pairs if not pair.replaces]  # what stands in place of another was not asked for twice
            made.mix = asked_against_got(requests, written, sides.pairs, usd_by_kind)
            watch.note("\n".join(mix_lines(made.mix)))
            held = bool(waiting) and review.awaiting == "hold" and sample is None
            if held or not sides.pairs:
                raise nothing_published(recipe_path, reviewed, arrived, held=held, sample=sample)

            with _stage(made, watch, "validate") as stage:
                measured = [column for column in COSTLY if column in str(recipe.expect)]
                frame = frame_of(sides, texts, by_pair(findings), reviewed, measured)
                outcomes = validate(frame, suite, folder.report / "expectations")
                stage.rows_in = stage.rows_out = len(frame)
                made.checks = [_check(outcome) for outcome in outcomes]
                stage.reasons = _counted(
                    "expectation held" if check["success"] else "expectation failed" for check in made.checks
                )
            _gate(made.checks, folder.report / "expectations" / "index.html", watch, enforced=sample is None)

            from curate.publish.dataset import publish

            with _stage(made, watch, "publish") as stage:
                facts = {name: made.as_dict()[name] for name in ("stages", "checks", "mix", "sample")}
                made.version, made.counts = publish(sides, reviewed.contrasts, control, recipe, sources.files, facts, folder)
                stage.rows_in = stage.rows_out = len(sides.pairs)
                stage.reasons = {side: rows for side, rows in made.counts.items() if side != "control"}
            if sample is None:
                from curate.report.page import write_report

                watch.stage_begins("report")
                write_report(recipe_path, folder, ledger, number, made.as_dict())
            ledger.finish_build(number, made.version, made.as_dict())
            return made
        finally:
            ledger.close()


def fetch_decisions(recipe: Recipe, ledger: Ledger, watch: Watcher) -> None:
    """Bring what reviewers decided since into the ledger. A server that is not there is told of and stops nothing."""
    if recipe.review is None and not ledger.anything_on_desk():
        return
    from curate.review.desk import NotRunning
    from curate.review.sync import pull

    try:
        if ledger.anything_on_desk():
            pull(recipe, ledger)
    except NotRunning:
        pass
    except LikenessError as error:
        watch.note(f"warning: decisions could not be fetched, those fetched before count: {error}")


def lay_out(recipe: Recipe, recipe_path: Path, ledger: Ledger, watch: Watcher) -> int:
    """Lay what needs a person on the reviewers' desk and say where; gives how many decisions were found there.

    A server that is not there is told of and stops nothing.
    """
    if recipe.review is None and not ledger.anything_on_desk():
        return 0
    from curate.review.desk import NotRunning
    from curate.review.sync import standing, sync

    so_far = standing(recipe, ledger)
    waiting = so_far.awaiting + so_far.disputed
    if not waiting and not ledger.anything_on_desk():
        return 0
    try:
        synced = sync(recipe, ledger, watch.progress)
    except NotRunning:
        if waiting:
            watch.note(f"{count_of(waiting, 'pair', 'await')} review: {review_command(recipe_path)}")
    except LikenessError as error:
        watch.note(f"warning: the pairs could not be laid out for review: {error}")
    else:
        if synced.decisions:  # somebody was quick, or the ledger that had them is lost
            arrived = count_of(synced.decisions, "decision")
            watch.note(f"note: {arrived} arrived while this was built; the next build goes by them")
        if waiting := synced.awaiting + synced.disputed:
            watch.note(f"{count_of(waiting, 'pair', 'await')} review at {synced.url}: {review_command(recipe_path)}")
        return synced.decisions
    return 0


def review_command(recipe_path: Path) -> str:
    """What opens the review, as it is to be typed."""
    return f"curate review {shlex.quote(str(recipe_path))}"


def nothing_published(recipe_path: Path, reviewed: Reviewed, arrived: int, *, held: bool, sample: int | None) -> GateError:
    """Why there is no dataset: all is dropped or rejected, or a person has yet to look at what is not.

    Args:
        recipe_path: for the commands to be typed.
        reviewed: the pairs after the decisions.
        arrived: decisions that came too late for them.
        held: whether the recipe publishes nothing while a pair awaits review.
        sample: how many passages the build is of, where it is not of all.
    """
    waiting = len(reviewed.awaiting) + len(reviewed.disputed)
    if not waiting:
        return GateError("no pair is left to publish", mend="The lines above say why each was left out.")
    if arrived:
        mend = f"Build again to go by them: curate build {shlex.quote(str(recipe_path))}"
        return GateError("nothing is published without the decisions that arrived while this was built", mend=mend)
    if held:
        why, mend = "this recipe publishes nothing before", "`awaiting: leave_out` publishes without them."
    else:
        why = "no other pair is left to publish" if reviewed.rejected else "nothing is decided yet"
        mend = "`awaiting: keep` publishes them all the same."
    begin = "Build without --sample to review them." if sample else f"Review: {review_command(recipe_path)}"
    return GateError(f"{count_of(waiting, 'pair', 'await')} review, {why}", where="review.awaiting", mend=f"{begin}\n{mend}")


def fingerprint_of(recipe: Recipe, files: Sequence[File], ledger: Ledger) -> str:
    """Everything that decides what a build comes to."""
    beside = [Path(recipe.control)] if recipe.control else []
    if recipe.generate and recipe.generate.recordings:
        import glob

        beside += map(Path, sorted(glob.glob(recipe.generate.recordings, recursive=True)))
    prompts = sorted(Path(__file__).parent.glob("generate/prompts/*.j2"))
    if recipe.generate:
        prompts += [Path(kind.prompt) for kind in recipe.generate.kinds if kind.prompt]
    contents = [content_hash(path.read_text(encoding="utf-8", errors="replace")) for path in [*beside, *prompts]]
    left_out = {"recordings", "concurrency", "budget_usd", "mode", "per_minute", "price"}
    if recipe.generate and recipe.generate.provider == "llama-cpp":
        from curate.generate.llama_local import model_sha256

        contents.append(model_sha256(Path(recipe.generate.model)))
        left_out.add("model")
    # How it is trained changes no dataset. Where files lie does not either: a checkout may be moved.
    elsewhere: Any = {
        "train": True,
        "export": True,
        "sources": True,
        "control": True,
        "generate": dict.fromkeys(left_out, True) | {"kinds": {"__all__": {"prompt"}}},
    }
    said = recipe.model_dump(mode="json", exclude=elsewhere)
    sources = [(file.name, file.sha256, file.source.as_, file.source.author, file.source.rights) for file in files]
    return content_hash(__version__, said, sources, contents, ledger.decisions_made(), length=64)


def _finished(ledger: Ledger, folder: BuildFolder, fingerprint: str) -> Build | None:
    """The newest finished build, if it is of just this and its dataset is still there."""
    row = ledger.newest_build(finished=True)
    if row is None or row["fingerprint"] != fingerprint:
        return None
    try:
        if folder.dataset().name != row["version"]:
            return None
    except CallError:
        return None
    return Build.from_row(folder, row)


def voice_samples(ledger: Ledger, passages: dict[str, list[Passage]]) -> list[str]:
    """The author's prose that prompts show. An earlier choice stands while its documents do: see `Ledger.voice_samples`."""
    from curate.generate.requests import choose_voice_samples

    chosen = ledger.voice_samples()
    if chosen is None or any(path not in passages for path, _ in chosen):
        chosen = choose_voice_samples(passages)
        ledger.add_voice_samples(chosen)
    return [text for _, text in chosen]


@contextmanager
def _stage(made: Build, watch: Watcher, name: str) -> Iterator[Stage]:
    stage = Stage(name)
    watch.stage_begins(name)
    began = time.monotonic()
    yield stage
    stage.seconds = time.monotonic() - began
    made.stages.append(stage)
    watch.stage_ends(stage)


def by_pair(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    """Findings by the pair they are about."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.pair, []).append(finding)
    return found


def _check(outcome: Any) -> dict[str, Any]:
    return {
        "expectation": outcome.name,
        "arguments": outcome.kwargs,
        "severity": outcome.severity,
        "success": outcome.success,
        "observed": outcome.observed,
        "rows": list(outcome.rows),
        "mend": outcome.mend,
    }


def _counted(reasons: Iterator[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    return counts


def _gate(checks: Sequence[dict[str, Any]], docs: Path, watch: Watcher, *, enforced: bool) -> None:
    """Let the build go on, or stop it; where the gate is not enforced, it only tells.

    Raises:
        GateError: a critical expectation failed.
    """
    failed = [check for check in checks if not check["success"]]
    for check in failed:
        if check["severity"] != "critical" or not enforced:
            watch.note(f"warning: {told(check)}")
    critical = [check for check in failed if check["severity"] == "critical"]
    if critical and enforced:
        raise GateError(
            "\n".join(told(check) for check in critical),
            where=f"{len(critical)} of {len(checks)} expectations failed; nothing was published",
            mend=f"`curate show PAIR` shows a row with its passage. All of it: {docs}",
        )


def told(check: dict[str, Any]) -> str:
    """A failed expectation: what was seen, in which rows, and beneath it what to do."""
    arguments = ", ".join(f"{key} {value}" for key, value in check["arguments"].items())
    rows = f"; rows: {', '.join(check['rows'][:5])}" + (" …" if len(check["rows"]) > 5 else "") if check["rows"] else ""
    mend = f"\n    {check['mend']}" if check["mend"] else ""
    return f"{check['expectation']} ({arguments}): {check['observed']}{rows}{mend}"
