"""The interview: it asks the person what the documents leave open, and their answers become training rows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import ChoiceLoader, PackageLoader
from pydantic import BaseModel, ConfigDict

from curate.contrast.question_forms import rare_forms
from curate.contrast.sets import ASK
from curate.contrast.terms import thin_terms
from curate.generate.providers import make_provider
from curate.job import Job
from curate.ledger.ledger import Ledger
from curate.llm.answers import answer_in
from curate.llm.ask import ask_missing, key_of
from curate.llm.prompts import SHARED, environment
from curate.llm.request import Request, as_object
from curate.model import Decision, Document, Interviewed, Pair, Turn, Usage, content_hash
from curate.read.passages import HEADING_MARK, cut
from likeness.metrics.distinctive import tongue_of_text
from likeness.metrics.shared_questions import SAME, shared_questions
from likeness.metrics.text import count_of, count_words
from likeness.recipe.schema import ControlQuestion, Recipe

AFTER_DAYS = 28
"""Days after which a decision may be asked again: long enough to have forgotten the wording of the answer."""
FEWEST_WORDS = 3
"""Shortest answer that becomes a row; "Yes." teaches no voice."""
REGISTER = "how you write in a situation that your texts are not about"
Kind = Literal["term", "topic", "decision", "register", "form", "follow_up"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the person."""

    key: str
    kind: Kind
    about: str
    text: str
    why: str
    """Why it is asked, as a sentence."""
    choices: tuple[str, ...] = ()
    """The possible answers to a dilemma."""
    follows: int | None = None
    retests: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        shown = {"key": self.key, "kind": self.kind, "about": self.about, "question": self.text, "why": self.why}
        return shown | ({"choices": list(self.choices)} if self.choices else {})


class FollowUp(BaseModel):
    """A follow-up question of the generator."""

    model_config = ConfigDict(extra="forbid")
    question: str


@cache
def _templates() -> dict[str, Any]:
    from ruamel.yaml import YAML

    path = Path(__file__).with_name("interview.yaml")
    read: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return read


def questions(recipe: Recipe, documents: Sequence[Document], pairs: Sequence[Pair], ledger: Ledger) -> list[Question]:
    """The questions to ask: the kinds take turns, and within a kind the most needed question comes first. None is asked twice.

    Args:
        recipe: its passages show the topics.
        documents: of the author.
        pairs: those that exist already.
        ledger: has the questions that were asked before.
    """
    asked = {each.key for each in newest(ledger.interviewed()) if each.answered_at >= 0}
    tongue = tongue_of_text(documents[0].text) if documents else "en"
    templates = _templates()[tongue]
    by_kind: list[list[Question]] = [
        list(_about_terms(documents, pairs, ledger)),
        [_dilemma(entry) for entry in templates["dilemmas"]],
        list(_about_topics(recipe, documents, pairs, templates["topic"])),
        [_question("register", "register", text, REGISTER) for text in templates["registers"]],
        list(_about_forms(pairs, templates["forms"])),
    ]
    left = [[each for each in group if each.key not in asked] for group in by_kind]
    longest = max(map(len, left), default=0)
    return [group[at] for at in range(longest) for group in left if at < len(group)]


def _question(kind: Kind, about: str, text: str, why: str, **more: Any) -> Question:
    return Question(content_hash("interview", kind, about, text, length=12), kind, about, text, why, **more)


def _about_terms(documents: Sequence[Document], pairs: Sequence[Pair], ledger: Ledger) -> Iterator[Question]:
    sets = ledger.contrast_sets()
    asks = {each.key: each.ask for each in sets if each.ask}
    drafted = {each.key for each in sets if not each.ask}
    for term in thin_terms(documents, pairs, ledger.term_decisions()):
        if term.kind != "unanswered" and term.key not in drafted:
            tongue = tongue_of_text(term.mentions[0].quote if len(term.mentions[0].quote) > 200 else documents[0].text)
            text = asks.get(term.key) or ASK[tongue].format(term=term.term)
            yield replace(_question("term", term.term, ASK[tongue].format(term=term.term), term.why), text=text)


def _dilemma(entry: Sequence[str]) -> Question:
    text, *choices = entry
    why = "a decision: it becomes a controlled question, and is not trained on"
    return _question("decision", "decision", text, why, choices=tuple(choices))


def _about_topics(recipe: Recipe, documents: Sequence[Document], pairs: Sequence[Pair], template: str) -> Iterator[Question]:
    """Questions about the sections with the fewest pairs for their length, the fewest first."""
    sections: list[tuple[float, str, str]] = []
    for document in documents:
        quoted = [pair.evidence for pair in pairs if pair.evidence and pair.evidence.document == document.path]
        passages = cut(document, recipe.passages.max_tokens)
        words, rows = Counter[str](), Counter[str]()
        for passage in passages:
            heading = HEADING_MARK.sub("", passage.heading, count=1).strip() or document.title
            words[heading] += count_words(passage.text)
            rows[heading] += sum(passage.start <= each.start < passage.end for each in quoted)
        sections += [(rows[name] / max(1, words[name]), name, document.path) for name in words if words[name] >= 80]
    for share, name, path in sorted(sections):
        yield _question("topic", name, template.format(about=name), f"{path}: {1000 * share:.1f} pairs for a thousand words")


def _about_forms(pairs: Sequence[Pair], forms: Mapping[str, Sequence[str]]) -> Iterator[Question]:
    """Questions of the forms that few pairs ask, the rarest first."""
    for name, count, number in rare_forms(pairs, {name: pattern for name, (pattern, _) in forms.items()}):
        yield _question("form", name, forms[name][1], f"{count} of {number} questions ask so: {name}")


def follow_up(recipe: Recipe, ledger: Ledger, said: Interviewed) -> Question | None:
    """The follow-up to an answer: drafted by the generator if the recipe has one that can be asked, else from a template.

    Args:
        recipe: the recipe.
        ledger: of the recipe.
        said: the answer.

    Raises:
        As `curate.llm.ask.ask_missing` does.
    """
    if said.kind == "follow_up" or count_words(said.answer) < FEWEST_WORDS:
        return None
    text = _drafted(recipe, ledger, said) or _from_template(said)
    return _question("follow_up", said.about, text, f"it follows “{said.question}”", follows=said.id)


def _from_template(said: Interviewed) -> str:
    choices: list[str] = _templates()[tongue_of_text(said.answer)]["follow_up"][said.kind]
    return choices[int(content_hash("follow", said.key, length=4), 16) % len(choices)]


def _drafted(recipe: Recipe, ledger: Ledger, said: Interviewed) -> str:
    if recipe.generate is None or recipe.generate.provider == "recorded":
        return ""
    import os

    if recipe.generate.provider == "anthropic" and not os.environ.get("ANTHROPIC_API_KEY"):
        return ""
    template = environment(ChoiceLoader([PackageLoader("curate.contrast", "prompts"), SHARED])).get_template("follow_up.md.j2")
    user = template.render(question=said.question, answer=said.answer, persona=recipe.persona)
    request = Request(
        kind="follow_up",
        document="interview",
        passage=None,
        start=0,
        material=said.answer,
        count=1,
        words=(5, 40),
        system="You interview a person, kindly and exactly.",
        user=user,
        schema=as_object(question={"type": "string"}),
        shape=FollowUp,
    )
    provider = make_provider(recipe.generate)
    key = key_of(request, provider.identity(request))
    live = recipe.generate.model_copy(update={"mode": "live"})  # the person waits for it
    ask_missing({key: request}, provider, ledger, live, Usage(), lambda *_: None, wait=False)
    answer = answer_in(ledger.responses(key), FollowUp)
    return answer.question.strip() if isinstance(answer, FollowUp) else ""


def keep(ledger: Ledger, question: Question, answer: str, choice: str, who: str) -> Interviewed:
    """Store an answer. An empty answer records that the question was skipped, so that it is not asked again.

    Args:
        ledger: of the recipe.
        question: the question.
        answer: the text of the answer.
        choice: the choice that was picked, if any.
        who: the person who answered.
    """
    said = Interviewed(
        key=question.key,
        about=question.about,
        kind=question.kind,
        question=question.text,
        answer=answer.strip(),
        choice=choice,
        who=who,
        follows=question.follows,
        retests=question.retests,
    )
    number = ledger.add_interviewed(said)
    return replace(said, id=number)


def newest(said: Sequence[Interviewed]) -> list[Interviewed]:
    """Of each person's answers to one question the last, which corrects or takes back those before it.

    It has the number of the first of them, and so have references to any of them.

    Args:
        said: in the order of their numbers.
    """
    first: dict[int | None, int] = {}
    numbers: dict[tuple[str, str, int | None], int] = {}
    last: dict[int, Interviewed] = {}
    for each in said:
        retests = first.get(each.retests, each.retests)
        number = first[each.id] = numbers.setdefault((each.key, each.who, retests), each.id)
        last[number] = replace(each, id=number, retests=retests, follows=first.get(each.follows, each.follows))
    return list(last.values())


def to_retest(ledger: Ledger, now: float | None = None, days: int = AFTER_DAYS) -> list[Question]:
    """Decisions that are old enough to be asked once more, the oldest first.

    Args:
        ledger: has the answers.
        now: seconds since 1970; the current time if None.
        days: the least age of an answer.
    """
    said = newest(ledger.interviewed())
    again = {each.retests for each in said if each.retests}
    before = (now or time.time()) - 86_400 * days
    return [
        Question(each.key, each.kind, each.about, each.question, "asked once more", choices=_choices(each), retests=each.id)
        for each in said
        if each.choice and not each.retests and each.id not in again and each.answered_at <= before
    ]


def _choices(said: Interviewed) -> tuple[str, ...]:
    known = (entry for tongue in _templates().values() for entry in tongue["dilemmas"])
    return next((tuple(entry[1:]) for entry in known if entry[0] == said.question), ())


def agreement(said: Sequence[Interviewed]) -> tuple[int, int]:
    """The number of decisions that were asked twice, and the number of those that were decided alike.

    No model can agree with a person more often than the person does.
    """
    said = newest(said)
    first = {each.id: each for each in said}
    twice = [(first[each.retests], each) for each in said if each.retests in first and each.choice and first[each.retests].choice]
    return len(twice), sum(_plain(one.choice) == _plain(other.choice) for one, other in twice)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .!")


def pairs_of(said: Sequence[Interviewed]) -> list[Pair]:
    """Pairs from all answers that are long enough, in the person's own words. A follow-up has the earlier exchange before it.

    Decisions make no pairs: they are controlled questions, which are never trained on. Follow-ups to decisions do.
    """
    said = newest(said)
    by_id = {each.id: each for each in said}
    found = []
    for each in said:
        if each.kind == "decision" or each.retests or each.answered_at < 0 or count_words(each.answer) < FEWEST_WORDS:
            continue
        before = by_id.get(each.follows or 0)
        turns: list[Turn] = []
        if before and before.answer and before.kind != "decision":
            turns = [Turn("user", before.question), Turn("assistant", before.answer)]
        question = each.question if turns or before is None else f"{before.question} {each.question}"
        name = content_hash("interview", each.key, each.answer, length=12)
        found.append(
            Pair(
                id=f"interview-{name}",
                kind="interview",
                prompt=(*turns, Turn("user", question)),
                response=each.answer,
                document=f"interview/{each.follows or each.id}",
            )
        )
    return found


def control_of(said: Sequence[Interviewed]) -> list[ControlQuestion]:
    """The decisions as controlled questions, each with the person's choice, and the choice when they were asked again.

    Where several people decided the same, the last decision is used, so that each question has one id.
    """
    said = newest(said)
    again = {each.retests: each.choice for each in said if each.retests}
    found = {}
    for each in said:
        if each.kind == "decision" and each.choice and not each.retests:
            choices, retest = list(_choices(each)), again.get(each.id, "")
            if {each.choice, retest} - {"", *choices}:  # the person's own words: there are no choices to compare
                choices = []
            found[each.key] = ControlQuestion(
                id=f"decision-{each.key}",
                question=each.question,
                about="decision",
                answer=each.answer,
                choices=choices,
                choice=each.choice,
                retest=retest,
            )
    return list(found.values())


def without_answered(job: Job, pairs: Sequence[Pair], interviewed: Sequence[Pair]) -> list[Pair]:
    """Drop the generator's pairs whose question the person has answered in the interview: that answer is better.

    Args:
        job: the build.
        pairs: of the generator.
        interviewed: pairs of the interview.
    """
    if not interviewed:
        return list(pairs)
    asked = [pair.instruction for pair in interviewed]
    shared = shared_questions([(pair.instruction, "") for pair in pairs], asked)
    gone = {each.row for each in shared if each.score >= SAME}
    if gone:
        job.watch.note(f"note: {count_of(len(gone), 'pair')} left out, because the interview answers the same")
    return [pair for at, pair in enumerate(pairs) if at not in gone]


def interviewed_pairs(job: Job) -> list[Pair]:
    """The interview's pairs for a build, approved by the person who answered; decisions become controlled questions."""
    said = newest(job.ledger.interviewed())
    pairs = pairs_of(said)
    who = {f"interview/{each.follows or each.id}": each.who for each in said}
    with job.ledger.transaction():
        for pair in pairs:
            job.ledger.add_decision(Decision(pair.id, who.get(pair.document) or "person", "applied", "approve"))
    known = {question.id for question in job.control}
    job.control += [question for question in control_of(said) if question.id not in known]
    return pairs
