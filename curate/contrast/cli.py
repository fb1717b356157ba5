"""The commands of `curate contrast`, and `curate interview`: parse, call, print."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from likeness.arguments import HERE, BuildPlace, Json, RecipeFirst, RecipePath
from likeness.command import Commands, answer, settle_libraries
from likeness.metrics.text import count_of

if TYPE_CHECKING:
    from curate.ledger.ledger import Ledger
    from curate.model import Document, Pair, ThinTerm
    from likeness.recipe.schema import Recipe

Term = Annotated[str, typer.Argument(metavar="TERM", help="A name or term, in any of its forms.")]

HELP = """Find the terms that the sources mention and do not explain, and say what they are.

Example: curate contrast list my-voice/recipe.yaml
"""

app = typer.Typer(cls=Commands, no_args_is_help=True, rich_markup_mode=None)


@app.command(name="list")
def list_(
    recipe: RecipePath = HERE,
    most: Annotated[int, typer.Option("--most", min=1, help="Most terms to show.")] = 40,
    build_place: BuildPlace = None,
    as_json: Json = False,
) -> None:
    """List the thin terms: what the sources mention and do not explain, explain and no pair asks for, or use in two ways.

    Example: curate contrast list my-voice/recipe.yaml
    """
    from curate.contrast.terms import term_lines, thin_terms

    settle_libraries()
    with _opened(recipe) as (_, ledger, documents, pairs):
        terms = thin_terms(documents, pairs, ledger.term_decisions())
        tasks = ledger.contrast_tasks()
    if as_json:
        opened = [{"term": t.term, "question": t.question, "wrong": t.wrong, "run": t.run, "rows": list(t.rows)} for t in tasks]
        answer({"terms": [term.as_dict() for term in terms], "wrong_answers": opened})
        return
    print("\n".join(term_lines(terms[:most])))
    more = len(terms) - most
    print(f"{_counts(terms)}{f'; {more} more with --most {len(terms)}' if more > 0 else ''}")
    for task in tasks:
        print(f"marked as wrong: {task.question} (nearest rows: {', '.join(task.rows) or 'none'})")


@app.command(cls=RecipeFirst)
def add(
    recipe: RecipePath,
    term: Annotated[str, typer.Argument(metavar="[TERM]", help="A name or term, in any of its forms.")] = "",
    explain: Annotated[str, typer.Option(help="What it is, in your own words.")] = "",
    question: Annotated[str, typer.Option(help="With --answer: what was asked.")] = "",
    wrong: Annotated[str, typer.Option("--answer", help="What a model answered, which is wrong.")] = "",
    run: Annotated[str, typer.Option(help="The run that answered.")] = "",
    build_place: BuildPlace = None,
    as_json: Json = False,
) -> None:
    """Add a term that matters, explain one, or open a contrast task for an answer that is wrong.

    Example: curate contrast add my-voice/recipe.yaml "Pellow gauge" --explain "A brass float in a pipe at lock one."
    """
    from curate.contrast.answers import nearest_rows
    from curate.model import ContrastTask, TermDecision
    from likeness.errors import CallError

    settle_libraries()
    explain = explain.strip()
    if not term and not wrong and not explain:
        raise CallError("say which term, or give --question and --answer", fix=f"curate contrast list {shlex.quote(str(recipe))}")
    if explain and not term:
        raise CallError(
            "--explain says what a term is: say which term", fix='Put the term before it: "Pellow gauge" --explain "…"'
        )
    if bool(question) != bool(wrong):
        raise CallError("--question and --answer go together: what was asked, and the wrong answer to it")
    with _opened(recipe) as (_, ledger, documents, pairs):
        places = _mentions(term, documents) if term else 0
        if term and not places and not explain and not wrong:
            raise CallError(
                f"{term!r} is in none of the documents", fix="Write it as it is spelt there, or say what it is with --explain."
            )
        rows = [pair.id for pair in nearest_rows(wrong, question, pairs)] if wrong else []
        with ledger.transaction():
            if term:
                ledger.add_term_decision(TermDecision(term, "add", who="person"))
            if explain:
                ledger.add_term_decision(TermDecision(term, "explain", text=explain, who="person"))
            if wrong:
                ledger.add_contrast_task(ContrastTask(term, question, wrong, run, tuple(rows)))
    if as_json:
        answer({"term": term, "mentions": places, "rows": rows})
        return
    if term:
        print(f"{term}: {count_of(places, 'mention')}; {'explained by you' if explain else 'added'}.")
    if wrong:
        print("The training rows nearest to that answer, which may have caused it:")
        print("\n".join(f"  {row}" for row in rows) or "  none")


@app.command(cls=RecipeFirst)
def merge(
    recipe: RecipePath,
    term: Term,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The term that it is another name of.")],
    build_place: BuildPlace = None,
    as_json: Json = False,
) -> None:
    """Merge two names of one term.

    Example: curate contrast merge my-voice/recipe.yaml "the gauge" "Pellow gauge"
    """
    _decide(recipe, term, "merge", into, as_json)


@app.command(cls=RecipeFirst)
def dismiss(recipe: RecipePath, term: Term, build_place: BuildPlace = None, as_json: Json = False) -> None:
    """Mark a term as unimportant, so that it is not listed again. `add` takes that back.

    Example: curate contrast dismiss my-voice/recipe.yaml "side pond"
    """
    _decide(recipe, term, "dismiss", "", as_json)


def _decide(recipe: Path, term: str, action: Any, into: str, as_json: bool) -> None:
    from curate.decisions.explanations import keys_of, with_merged
    from curate.model import TermDecision
    from likeness.errors import CallError

    settle_libraries()
    with _opened(recipe) as (_, ledger, documents, _pairs):
        for each in filter(None, (term, into)):
            if not _mentions(each, documents):
                fix = f"Write it as it is spelt there; see curate contrast list {shlex.quote(str(recipe))}"
                raise CallError(f"{each!r} is in none of the documents", fix=fix)
        if into and keys_of(term) <= with_merged(keys_of(into), ledger.term_decisions()):
            raise CallError(f"{into!r} is {term!r} already", fix="Name two terms that are not merged yet.")
        ledger.add_term_decision(TermDecision(term, action, into, who="person"))
    if as_json:
        answer({"term": term, "action": action, "into": into})
    else:
        print(f"{term}: {'is ' + into if into else 'not listed again'}. The next build goes by it.")


def _mentions(term: str, documents: list[Document]) -> int:
    from curate.contrast.terms import own_words_only
    from curate.decisions.explanations import keys_of
    from likeness.metrics.distinctive import mentions_of

    found = mentions_of(keys_of(term), [own_words_only(document) for document in documents])
    return max((len(places) for places in found.values()), default=0)


def _counts(terms: list[ThinTerm]) -> str:
    from collections import Counter

    from curate.contrast.in_words import counts_line

    return counts_line(Counter(term.kind for term in terms))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Recipe, Ledger, list[Document], list[Pair]]]:
    """Open the recipe, its ledger, its current documents and the pairs of its newest build."""
    from curate.ledger.ledger import Ledger
    from curate.model import Stage
    from curate.read.read import find_files, read_sources
    from likeness.errors import CallError
    from likeness.recipe.folders import BuildFolder
    from likeness.recipe.load import load_recipe

    recipe = load_recipe(path)
    ledger = Ledger(BuildFolder.of(recipe).ledger)
    try:
        files = find_files(recipe, path.absolute().parent)
        documents = list(read_sources(files, ledger, Stage("read"), lambda *_: None).documents)
        if not documents:
            raise CallError("this recipe has no documents: terms are looked for in the author's own texts", where=str(path))
        number = ledger.newest_pairs()
        pairs = list(ledger.pairs_of(number, "kept", "awaiting", "disputed", "contrast")) if number else []
        yield recipe, ledger, documents, pairs
    finally:
        ledger.close()


def interview(
    recipe: RecipePath = HERE,
    most: Annotated[int, typer.Option("--most", min=1, help="Most questions to ask now.")] = 10,
    retest: Annotated[bool, typer.Option("--retest", help="Ask decisions of a month ago once more.")] = False,
    argilla: Annotated[bool, typer.Option("--argilla", help="Put the questions into Argilla in place of asking here.")] = False,
    build_place: BuildPlace = None,
    as_json: Json = False,
) -> None:
    """Answer questions that the documents leave open: terms, dilemmas, topics, registers, forms. Answers become training rows.

    An empty line ends an answer; an empty answer skips the question; Ctrl-D stops, and all that was said so far is kept.

    Example: curate interview my-voice/recipe.yaml --most 5
    """
    from curate.contrast.interview import agreement, questions, to_retest

    settle_libraries()
    with _opened(recipe) as (loaded, ledger, documents, pairs):
        asked = (to_retest(ledger) if retest else questions(loaded, documents, pairs, ledger))[:most]
        if as_json:
            twice, alike = agreement(ledger.interviewed())
            answer({"questions": [each.as_dict() for each in asked], "asked_twice": twice, "decided_alike": alike})
            return
        if argilla:
            _into_argilla(loaded, ledger, asked, recipe)
            return
        answered = _ask_here(loaded, ledger, asked)
        twice, alike = agreement(ledger.interviewed())
    print(f"{count_of(answered, 'answer')} kept. The next build learns from them: curate build {shlex.quote(str(recipe))}")
    if twice:
        print(f"Of {count_of(twice, 'decision')} asked twice you decided {alike} alike: no model can agree with you more.")


def _ask_here(recipe: Recipe, ledger: Ledger, asked: list[Any]) -> int:
    """Ask the questions in turn, each with follow-up questions; return the number of answers."""
    import getpass

    from curate.contrast.interview import follow_up, keep
    from likeness.errors import LikenessError

    who, answered = getpass.getuser(), 0
    for number, question in enumerate(asked, 1):
        following: Any = question
        while following is not None:
            print(f"\n{number} of {len(asked)} ({following.kind}: {following.why})\n{following.text}")
            for at, choice in enumerate(following.choices, 1):
                print(f"  {at}  {choice}")
            choice, text, stopped = _answer_of(following.choices)
            if stopped and not (text or choice):
                return answered
            kept = keep(ledger, following, text, choice, who)
            answered += bool(text or choice)
            if stopped:
                return answered
            try:
                following = follow_up(recipe, ledger, kept) if text and not kept.retests else None
            except LikenessError as error:
                print(f"note: nothing is asked on: {error}")
                following = None
    return answered


def _answer_of(choices: tuple[str, ...]) -> tuple[str, str, bool]:
    """Read the choice and the text of an answer, as far as they go, and whether the person stops there."""
    choice, stopped = "", False
    lines: list[str] = []
    try:
        if choices:
            first = input("your choice, or a few words of your own: ").strip()
            choice = choices[int(first) - 1] if first in map(str, range(1, len(choices) + 1)) else first
            print("and why:")
        while line := input("> " if not lines else "  ").rstrip():
            lines.append(line)
    except (EOFError, KeyboardInterrupt):
        stopped = True
    return choice, "\n".join(lines), stopped


def _into_argilla(recipe: Recipe, ledger: Ledger, asked: list[Any], path: Path) -> None:
    from curate.decisions.queue import review_of
    from curate.model import Interviewed
    from curate.review import interview as page
    from curate.review.argilla import connect_for

    review = review_of(recipe)
    client, name = connect_for(recipe)
    dataset = page.open_dataset(client, recipe, name)
    new = page.pull(dataset, ledger)
    waiting = [
        (
            Interviewed(
                each.key, each.about, each.kind, each.text, "", follows=each.follows, answered_at=-1, retests=each.retests
            ),
            each.why,
        )
        for each in asked
    ]
    pushed = page.push(dataset, ledger, waiting, "local" if review.argilla == "local" else dataset.url)
    print(f"{count_of(new, 'new answer')}; {count_of(pushed, 'question')} put to you: {dataset.page}")
    print(f"What you answer there comes back with the same command, and with curate review sync {shlex.quote(str(path))}")
