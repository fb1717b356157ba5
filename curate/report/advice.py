"""What to do next, from the figures: at most six things, the one that concerns most pairs first, each with its command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from curate.check import Check
from curate.report.figures import Figures
from curate.screen.contradictions import CHECK as CONTRADICTIONS
from curate.screen.echo import CHECK as ECHO
from curate.screen.mannerisms import CHECK as MANNERISMS
from curate.screen.voice import CHECK as VOICE
from curate.select.yields import FEW_ROWS, LOW, KindYield
from likeness.metrics.text import count_of

MOST = 6
"""Things to do that a person will read."""

MUCH = 0.1
"""A share of rows from which something is worth a person's time."""

SHORT = 0.9
"""Of the pairs asked for, the share from which a kind is as good as complete."""

COLLAPSED = 0.2
"""Share of all pairs that are of another kind than asked for, from which the mix is not the recipe's any more."""

BEYOND = 2 * 0.05
"""Answers farther from the author than 95 % of their own windows: 5 % is as near as the author, twice that is worth a look."""

HABIT = 2.0
"""Times the author's own rate from which a habit is reported, if it comes once in a thousand words at least."""

ROWS = 8
"""Lines of a table of documents."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do, and the pairs to do it on."""

    title: str
    """What is the matter, in a line."""
    text: str
    """Why, and what helps."""
    command: str
    """What to type for it, or to see it."""
    weight: float = 0.0
    """Share of the pairs asked for that it concerns, in [0, 1] and above 1 where nothing else matters before it."""
    pairs: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    """Its lines, the first of them the head."""
    more: int = 0
    """Lines that the table leaves out."""

    @property
    def rows(self) -> str:
        """The pairs' ids, the first six of them."""
        more = len(self.pairs) - 6
        return ", ".join(self.pairs[:6]) + (f" and {more} more" if more > 0 else "")

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        table = [dict(zip(self.table[0], line, strict=True)) for line in self.table[1:]]
        return {
            "title": self.title,
            "text": f"{self.title}: {self.text}" if self.text else self.title,
            "command": self.command,
            "weight": round(self.weight, 4),
            "pairs": list(self.pairs),
            "table": table,
        }


def advice_on(figures: Figures, recipe: str) -> list[Advice]:
    """What to do, the weightiest first, and last of all to train where the recipe trains.

    Args:
        figures: of the build.
        recipe: the recipe's path, quoted for a shell, for commands to be copied.
    """
    found = [
        *_few_rows(figures, recipe),
        *_expectations(figures, recipe),
        *_awaiting(figures, recipe),
        *_low_yields(figures, recipe),
        *_mix(figures, recipe),
        *_echoes(figures, recipe),
        *_uncovered(figures, recipe),
        *_outside_length(figures, recipe),
        *_voice(figures, recipe),
        *_habits(figures, recipe),
        *_contradictions(figures, recipe),
        *_none_held_out(figures, recipe),
        *_contrasts(figures, recipe),
    ]
    found.sort(key=lambda each: -each.weight)
    if "train" in figures.version.manifest["recipe"]:
        text = "when the above is done" if found else "nothing stands out"
        return [*found[: MOST - 1], Advice("Train on it", text, f"train plan {recipe}")]
    return found[:MOST]


def _rows(figures: Figures) -> int:
    return len(figures.version.rows) or 1


def _few_rows(figures: Figures, recipe: str) -> Iterator[Advice]:
    if (rows := len(figures.version.rows)) < FEW_ROWS:
        text = (
            "nothing can be learnt from so few; a tone shows from about 50. Add documents to `sources`, or ask for more a passage"
        )
        yield Advice(f"The dataset has {count_of(rows, 'row')}", text, f"curate plan {recipe}", weight=3.0)


def _expectations(figures: Figures, recipe: str) -> Iterator[Advice]:
    """Those that failed; a term that an echo below names too is told of there, with its cure."""
    echoed = [echo.phrase for echo, _ in figures.echoes]
    for check in figures.result["checks"]:
        if check["success"]:
            continue
        if check["expectation"] == "expect_term_share_to_be_at_most" and any(
            f"'{phrase}'" in check["observed"] for phrase in echoed
        ):
            continue
        arguments = ", ".join(f"{key} {value}" for key, value in check["arguments"].items())
        what = "An expectation" if check["severity"] == "critical" else "An expectation that only warns"
        text = f"{check['expectation']} ({arguments}): {check['observed']}"
        share = len(check["rows"]) / _rows(figures)
        weight = max(share, 0.05) + (1.0 if check["severity"] == "critical" else 0.0)
        first = f"curate show {check['rows'][0]}" if check["rows"] else f"curate report {recipe}"
        yield Advice(f"{what} does not hold", text, first, weight, tuple(check["rows"]))


def _awaiting(figures: Figures, recipe: str) -> Iterator[Advice]:
    if waiting := figures.reviewing.awaiting:
        share = len(waiting) / max(1, len(figures.written))
        if figures.review_asked:
            title, text, weight = count_of(len(waiting), "pair", "await") + " review", "the recipe wants them seen", share
        else:
            title = count_of(len(waiting), "pair") + " with a finding"
            text, weight = "nobody has looked at them yet, and the recipe does not ask for it", share / 4
        yield Advice(title, text, f"curate review {recipe}", weight, waiting)


def _low_yields(figures: Figures, recipe: str) -> Iterator[Advice]:
    """Each kind of which most is missing by itself, with its cause; the others, of which some is missing, in one table."""
    asked = sum(each.asked for each in figures.yields) or 1
    low = [each for each in figures.yields if each.share < LOW]
    for each in low:
        title = f"{each.kind} yields {each.share:.0%}: {each.kept:,} of {count_of(each.asked, 'pair')}"
        yield Advice(title, f"{each.why}. {_capital(each.cure)}", _see(each, recipe), 0.2 + (each.asked - each.kept) / asked)
    short = sorted((each for each in figures.yields if LOW <= each.share < SHORT), key=lambda each: each.kept - each.asked)
    if short:
        missing = sum(each.asked - each.kept for each in short)
        first = short[0]
        lines = [(each.kind, f"{each.kept:,} of {each.asked:,}", each.why) for each in short]
        if len(short) == 1:
            title, text = f"{first.kind} has {first.kept:,} of {count_of(first.asked, 'pair')} asked for", f"{first.why}. "
        else:
            title, text = f"{missing:,} pairs that were asked for are missing in {count_of(len(short), 'kind')}", ""
        table = (("kind", "in the dataset", "why not more"), *lines) if len(short) > 1 else ()
        yield Advice(title, text + _capital(first.cure), _see(first, recipe), missing / asked, table=table)


def _see(each: KindYield, recipe: str) -> str:
    """The command that shows what is missing, or, where it was never written, what another build would ask."""
    written = next(iter(each.lost), "") in ("awaiting review", "disputed by reviewers")
    if written:
        return f"curate review {recipe}"
    return f"curate show --recipe {recipe} --kind {each.kind} --worst"


def _mix(figures: Figures, recipe: str) -> Iterator[Advice]:
    """The kinds' shares beside those asked for: half the sum of the differences is what is of another kind than it should be."""
    mix = [row for row in figures.result["mix"] if row["asked"]]
    away = sum(abs(row["share_kept"] - row["share_asked"]) for row in mix) / 2
    if away > COLLAPSED:
        lines = [(row["kind"], f"{row['share_asked']:.0%}", f"{row['share_kept']:.0%}") for row in mix]
        most = max(mix, key=lambda row: row["share_kept"])
        text = f"The kind {most['kind']} has grown to {most['share_kept']:.0%} of the dataset; the model will answer as it does."
        text += " Bring the kinds that lack up first, or hold the others back with `balance`"
        yield Advice(
            f"The mix is not what the recipe asks for: {away:.0%} of the pairs are of another kind",
            text,
            f"curate status {recipe}",
            away,
            table=(("kind", "asked", "got"), *lines),
        )


def _echoes(figures: Figures, recipe: str) -> Iterator[Advice]:
    """The echo that most pairs must go for, and the others in a table."""
    if not figures.echoes:
        return
    what = {"phrase": "is in", "opening": "opens", "closing": "closes", "template": "is how a sentence is built in"}
    ordered = sorted(figures.echoes, key=lambda each: -len(each[1]))
    echo, pairs = ordered[0]
    usual = f"{echo.source_share:.0%} of equally long windows of your texts" if echo.source_share else "none of your texts"
    text = f"{echo.allowed:.0%} are allowed, and {usual} have it; a model says it oftener still."
    if pairs:
        more = f", from {echo.ask_more_of[0]} first" if echo.ask_more_of else ""
        others = count_of(echo.pairs_to_add, "pair")
        text += f" Leave out or reword {count_of(len(pairs), 'row')}, or ask for {others} of other matter{more};"
        text += " `balance: {terms: …}` leaves them out for you"
    lines = [
        (f"“{each.phrase}”", f"{each.share:.0%}", f"{each.allowed:.0%}", str(len(ids))) for each, ids in ordered[1 : ROWS + 1]
    ]
    yield Advice(
        f"“{echo.phrase}” {what[echo.form]} {echo.share:.0%} of the answers",
        text,
        f"curate show --recipe {recipe} --check {ECHO.name}",
        max(echo.share - echo.allowed, len(pairs) / _rows(figures)),
        tuple(dict.fromkeys(pair for _, ids in ordered for pair in ids)),
        table=(("also said too often", "answers", "allowed", "rows too many"), *lines) if lines else (),
        more=max(0, len(ordered) - 1 - ROWS),
    )


def _uncovered(figures: Figures, recipe: str) -> Iterator[Advice]:
    """Passages without a pair, all documents in one table, those that lack most first."""
    bare: list[tuple[int, int, int, str]] = []
    total = sum(part.words for parts in figures.passages.values() for part in parts) or 1
    for path, parts in figures.passages.items():
        without = [part.words for part in parts if not part.pairs]
        if without:
            bare.append((sum(without), len(without), len(parts), path))
    if not bare:
        return
    bare.sort(reverse=True)
    words = sum(each[0] for each in bare)
    passages = count_of(sum(each[1] for each in bare), "passage")
    where = bare[0][3] if len(bare) == 1 else count_of(len(bare), "document")
    lines = [(path, f"{number} of {of}", f"{size:,}") for size, number, of, path in bare[:ROWS]]
    yield Advice(
        f"{passages} of {where} ({words:,} words) {'has' if passages.startswith('1 ') else 'have'} no pair",
        _capital(_cure_of_coverage(figures)),
        f"curate plan {recipe}",
        words / total,
        table=(("document", "passages without a pair", "words"), *lines) if len(bare) > 1 else (),
        more=max(0, len(bare) - ROWS),
    )


def _cure_of_coverage(figures: Figures) -> str:
    """What brings pairs to passages that have none."""
    generate = figures.version.manifest["recipe"].get("generate") or {}
    if not any("per_passage" in kind for kind in generate.get("kinds", ())):
        return "no kind is asked for per passage; give one per_passage, or raise per_document"
    if generate["provider"] == "recorded":
        return "record answers for them, or have Claude write them"
    if (unlucky := sum(each.asked - each.kept for each in figures.yields)) and figures.checks:
        worst = figures.checks[0]
        if worst.dropped > unlucky / 2:
            return f"most of what was written of them was dropped by the check {worst.name.replace('_', ' ')}; see it below"
    return "raise per_passage; what was written of them and did not pass is with the checks below"


def _outside_length(figures: Figures, recipe: str) -> Iterator[Advice]:
    """Kinds whose answers are of another length than asked for, in one."""
    off = sorted(
        (kind for kind in figures.kinds if kind.asked and kind.outside > MUCH), key=lambda kind: -kind.outside * kind.pairs
    )
    if not off:
        return
    first = off[0]
    assert first.asked
    lines = [
        (kind.kind, f"{kind.outside:.0%}", f"{kind.asked[0]} to {kind.asked[1]}", str(kind.words[2]))
        for kind in off
        if kind.asked
    ]
    yield Advice(
        f"{first.outside:.0%} of the {first.kind} answers are outside the {first.asked[0]} to {first.asked[1]} words asked for",
        f"the middle one has {first.words[2]}, and a model answers as long as its rows do. Lower screen.length.slack to leave"
        " them out, or ask for the `words` that you get",
        f"curate show --recipe {recipe} --kind {first.kind}",
        sum(kind.outside * kind.pairs for kind in off) / _rows(figures) / 2,
        table=(("kind", "outside", "words asked", "middle one"), *lines) if len(off) > 1 else (),
    )


def _voice(figures: Figures, recipe: str) -> Iterator[Advice]:
    if figures.voice.beyond_95 is not None and figures.voice.beyond_95 > BEYOND:
        yield Advice(
            f"{figures.voice.beyond_95:.0%} of the written answers are farther from your style than 95 % of your own text",
            f"5 % would be as near as you are yourself. {_capital(VOICE.cure)}, and look at these first",
            f"curate show --recipe {recipe} --check {VOICE.name} --worst",
            figures.voice.beyond_95,
            _pairs_of(VOICE, figures),
        )


def _habits(figures: Figures, recipe: str) -> Iterator[Advice]:
    """The generator's habits, the one that is most above the author's rate first, the others in a table."""
    told = [habit for habit in figures.habits if habit.responses >= 1 and habit.responses > HABIT * habit.yours]
    told.sort(key=lambda habit: habit.yours - habit.responses)
    if told:
        first = told[0]
        lines = [(habit.habit, f"{habit.responses:.1f}", f"{habit.yours:.1f}") for habit in told]
        yield Advice(
            f"A habit of the generator's, {first.habit}, comes {first.responses:.1f} times in a thousand words",
            f"you have {first.yours:.1f}. {_capital(MANNERISMS.cure)}",
            f"curate show --recipe {recipe} --check {MANNERISMS.name} --worst",
            min(0.3, 0.02 * (first.responses - first.yours)),
            _pairs_of(MANNERISMS, figures),
            table=(("habit", "answers", "you"), *lines) if len(told) > 1 else (),
        )


def _contradictions(figures: Figures, recipe: str) -> Iterator[Advice]:
    if pairs := _pairs_of(CONTRADICTIONS, figures):
        yield Advice(
            f"{count_of(len(pairs), 'answer')} to a question that another pair answers otherwise",
            CONTRADICTIONS.cure,
            f"curate show --recipe {recipe} --check {CONTRADICTIONS.name}",
            2 * len(pairs) / _rows(figures),
            pairs,
        )


def _none_held_out(figures: Figures, recipe: str) -> Iterator[Advice]:
    if not figures.result["counts"]["validation"]:
        text = "training cannot watch its loss: raise split.validation, or add a document"
        yield Advice("No row is held out", text, f"curate status {recipe}", 0.1)


def _contrasts(figures: Figures, recipe: str) -> Iterator[Advice]:
    """Terms that answers use and the sources do not explain; what preference rows would teach beside their contrast."""
    unexplained = [term.term for term in figures.thin if term.kind == "unexplained" and term.risk == "high"]
    if unexplained:
        shown = ", ".join(unexplained[:6]) + (" and others" if len(unexplained) > 6 else "")
        title = f"Answers say what your texts do not explain: {shown}"
        text = "a model makes up what it half knows. Say what it is, in the review or in the interview"
        yield Advice(title, text, f"curate interview {recipe}", 0.25)
    if figures.preferences is None:
        return
    if problems := figures.preferences.problems:
        text = "; ".join(problems)
        yield Advice("The preference rows teach more than their contrast", text, f"curate contrast list {recipe}", 0.3)
    if leaked := figures.preferences.leaked:
        title = f"{count_of(len(leaked), 'preference row')} with a question that is held out"
        yield Advice(title, "training leaves them out", f"curate contrast list {recipe}", 0.05, tuple(leaked))


def _pairs_of(check: Check, figures: Figures) -> tuple[str, ...]:
    return next((tuple(row.pair for row in each.worst) for each in figures.checks if each.name == check.name), ())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def as_lines(advice: Sequence[Advice]) -> list[str]:
    """For a terminal: each thing, its command, and its table."""
    lines: list[str] = []
    for number, each in enumerate(advice, 1):
        lines.append(f"{number}. {each.title}{': ' + each.text if each.text else ''}.")
        widths = [max(len(line[column]) for line in each.table) for column in range(len(each.table[0]))] if each.table else []
        lines += [
            "     " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in each.table
        ]
        lines += [f"     and {each.more} more"] if each.more else []
        lines.append(f"   {each.command}")
    return lines
