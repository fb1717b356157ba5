"""What a person may rely on of the checks on style and spread. The author here is the demo's lock-keeper.

Every planted row is labelled, the hard ones too; what the checks reach is printed: pytest tests/curate/test_style.py -k table -s
With LIKENESS_CORPUS set to a folder of .xhtml files, the same is asked of that author.
"""

from __future__ import annotations

import json
import os
import random
import re
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from curate.model import Document, Evidence, Pair, Stage, Turn
from curate.read.documents import read_document
from curate.read.passages import cut
from curate.report.coverage import Part, coverage_of, evenness, topics_of
from curate.report.habits import habit_rates
from curate.report.shape import author_shape, kind_shapes
from curate.report.voice import voice_report
from curate.screen.echo import echoes_of, find_echo, like_long
from curate.screen.mannerisms import find_mannerisms
from curate.screen.screen import screen
from curate.screen.shape import find_shape, kind_mix
from curate.screen.voice import find_voice
from curate.sources import SourceTexts
from likeness.metrics.text import paragraphs_of, windows_of
from likeness.recipe.screen import Screen

DEMO = Path(__file__).parents[2] / "recipes/demo"
PLANTED = Path(__file__).parent / "planted"


def pair(response, name="a", kind="question_answer", document="x.md", asked=None):
    return Pair(str(name), kind, (Turn("user", "How so?"),), response, document, words_asked=asked)


def sources_of(documents):
    return SourceTexts({d.path: d for d in documents}, {d.path: cut(d, 350) for d in documents})


def texts(*bodies):
    return sources_of([Document(f"{number}.md", "", body, "own") for number, body in enumerate(bodies)])


@pytest.fixture(scope="module")
def keeper():
    paths = [path for path in sorted((DEMO / "documents").rglob("*")) if path.suffix in (".md", ".html", ".txt")]
    return sources_of([read_document(path, path.name, "own") for path in paths])


@pytest.fixture(scope="module")
def recorded():
    """What was written for the demo in the keeper's voice: 231 responses."""
    found = []
    for path in sorted((DEMO / "recorded").glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        if path.stem != "flawed":
            found += [
                pair(row["response"], f"{path.stem}{i}", row["kind"], path.stem)
                for i, row in enumerate(rows)
                if row.get("response")
            ]
    assert len(found) > 200
    return found


def planted(name):
    rows = [json.loads(line) for line in (PLANTED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    return [pair(row["response"], i) for i, row in enumerate(rows)], {
        str(i) for i, row in enumerate(rows) if row["label"] == "bad"
    }


CHECKS = {
    "voice": lambda rows, sources: find_voice(rows, 0.99, sources),
    "mannerisms": lambda rows, sources: find_mannerisms(rows, 3.0, sources),
    "shape": find_shape,
}


@pytest.mark.parametrize(
    ("check", "precision", "recall"), [("voice", 0.95, 0.95), ("mannerisms", 0.95, 0.87), ("shape", 0.95, 0.9)]
)
def test_table_of_what_each_check_finds_and_leaves_alone(check, precision, recall, keeper):
    rows, bad = planted(check)
    assert min(len(bad), len(rows) - len(bad)) >= 20
    findings = list(CHECKS[check](rows, keeper))
    assert findings
    tell(check, len(rows) - len(bad), len(bad), {finding.pair for finding in findings}, bad, precision, recall)
    for finding in findings:
        assert finding.severity == "warning"
        assert finding.span is None or rows[int(finding.pair)].response[finding.span.start : finding.span.end].strip()


def tell(check, good, bad_rows, found, bad, precision, recall):
    reached = len(found & bad) / len(found), len(found & bad) / len(bad)
    print(f"\n| {check} | {good} good | {bad_rows} bad | precision {reached[0]:.2f} | recall {reached[1]:.2f} |")
    assert reached[0] >= precision, sorted(found - bad)
    assert reached[1] >= recall, sorted(bad - found)


# voice


@pytest.mark.slow
def test_what_the_author_writes_next_passes_as_their_voice(keeper):
    """Each quarter of the documents is judged by the other three."""
    paths = sorted(keeper.documents)
    far, seen = 0, 0
    for quarter in range(4):
        known = sources_of([keeper.documents[path] for i, path in enumerate(paths) if i % 4 != quarter])
        new = [keeper.documents[path].text for path in paths[quarter::4]]
        rows = [pair(text, f"{n}-{i}") for n in (60, 120, 240) for i, text in enumerate(windows_of(new, n))]
        far += len(list(find_voice(rows, 0.99, known)))
        seen += len(rows)
    assert seen > 300
    assert far / seen < 0.04


def test_no_length_is_much_more_suspect_than_another(keeper):
    voice = keeper.author.voice
    for words in (30, 60, 120, 240, 480):
        own = list(windows_of([document.text for document in keeper.documents.values()], words))
        assert (voice.percentiles(own) > 0.95).mean() < 0.13, words
        assert (voice.percentiles(own) > 0.99).mean() <= 0.05, words


def test_flat_prose_on_the_same_matter_is_told_from_the_author(keeper):
    voice = keeper.author.voice
    flat = [row.response for row in planted("flat_essays")[0]]
    assert (voice.percentiles(flat) > 0.99).mean() == 1.0


def test_answers_in_the_authors_voice_raise_hardly_a_warning(keeper, recorded):
    assert len(list(find_voice(recorded, 0.99, keeper))) <= 0.02 * len(recorded)
    assert len(list(find_mannerisms(recorded, 3.0, keeper))) == 0
    assert len(list(find_shape(recorded, keeper))) == 0


def test_with_too_little_writing_nobody_is_judged_and_the_report_says_so():
    little = texts("I bake on Tuesdays and I have done so since the flood. " * 40)
    rows, _ = planted("voice")
    assert list(find_voice(rows, 0.99, little)) == list(find_voice(rows, 0.99, SourceTexts())) == []
    report = voice_report(rows, little)
    assert (report.judged, report.median) == (0, None)
    assert "480 words" in report.note
    assert not list(find_mannerisms(rows, 3.0, SourceTexts()))
    assert not list(find_shape(rows, SourceTexts()))


def test_what_people_wrote_and_what_is_too_short_is_not_judged(keeper):
    flat = planted("flat_essays")[0][0].response
    assert list(find_voice([pair(flat)], 0.99, keeper))
    assert not list(find_voice([pair(flat, kind=kind) for kind in ("own_words", "conversation", "pair")], 0.99, keeper))
    assert not list(find_voice([pair(" ".join(flat.split()[:29]))], 0.99, keeper))
    assert list(find_voice([pair(f"{flat} {flat} " * 8)], 0.99, keeper))  # longer than the longest stretch


def test_the_message_is_for_a_reviewer(keeper):
    (found,) = find_voice([planted("flat_essays")[0][0]], 0.99, keeper)
    assert found.message == "not your voice: farther from your writing than any of your own text of this length"
    (found, *_) = find_voice([pair(text) for text in windows_of([keeper.documents["drought-summer.md"].text], 60)], 0.9, keeper)
    assert re.fullmatch(
        r"not your voice: farther from your writing than 9\d(\.\d)? % of your own text of this length", found.message
    )


def test_the_report_on_a_dataset_tells_its_voice_from_a_flat_one(keeper, recorded):
    near, far = voice_report(recorded, keeper), voice_report(planted("flat_essays")[0], keeper)
    assert near.judged == len(recorded)
    assert 0.4 < near.median < 0.75
    assert near.beyond_95 < 0.1
    assert far.median > 0.99
    assert far.beyond_95 == 1.0
    assert near.delta < 1.15 * near.delta_own  # Burrows's Delta, of the whole
    assert far.delta > 1.3 * far.delta_own
    assert json.loads(json.dumps(near.as_dict()))["note"] == ""


# mannerisms


def test_who_loves_dashes_may_have_them(keeper):
    dashes = "The gate held — barely — and I stood there — wet to the skin — and thought of my uncle. "
    assert list(find_mannerisms([pair(dashes)], 3.0, keeper))
    fond = texts(
        *(d.text.replace(" and ", " — and "[: 3 if i % 9 else 7]) for i, d in enumerate(keeper.documents.values())), dashes * 60
    )
    assert not list(find_mannerisms([pair(dashes)], 3.0, fond))


def test_a_stock_word_of_the_authors_own_is_no_habit(keeper):
    woven = pair("The tapestry hung in the realm of moths. I mended the tapestry and put it in the sun.")
    assert list(find_mannerisms([woven], 3.0, keeper))
    weaver = texts(*(d.text for d in keeper.documents.values()), "A tapestry is a wall that you can roll up. My realm is wool.")
    assert not list(find_mannerisms([woven], 3.0, weaver))


def test_the_message_shows_what_was_found_and_how_often_the_author_has_it(keeper):
    (found,) = find_mannerisms([pair("Let us delve. A rich tapestry, a testament to gates. I went in to supper.")], 3.0, keeper)
    assert "“delve”, “tapestry”, “testament”" in found.message
    assert "where you have none" in found.message
    assert (found.span.part, found.span.start, found.span.end) == ("response", 7, 12)


def test_habits_too_small_for_one_row_show_in_the_rates(keeper):
    rates = {
        rate.habit: rate
        for rate in habit_rates([pair(f"I waited, perhaps. I saw gate {n}, and it held.", n) for n in range(50)], keeper)
    }
    assert rates["hedges"].responses == pytest.approx(100)
    assert rates["hedges"].yours < 5
    assert habit_rates([], keeper) == habit_rates([pair("x y")], SourceTexts()) == []


# shape


def test_an_author_who_makes_lists_may_have_lists():
    listed = pair("What you need:\n\n- a jar\n- a spoon")
    prose = "I keep a jar on a nail and measure what it catches. " * 20
    assert [f.message for f in find_shape([listed], texts(prose))] == ["a list, which your documents have nowhere"]
    assert not list(find_shape([listed], texts(prose, "Every Monday:\n\n- grease the racks\n- wipe the ladders")))


def test_headings_are_held_against_the_authors_sections():
    answer = pair("## Waiting\n\n" + "The water comes up in its own time. " * 8)
    long, short = "# A\n\n" + "The gate held and I went in. " * 60, "# A\n\nThe gate held.\n\n## B\n\nI went in."
    (found,) = find_shape([answer], texts(long))
    assert found.message.startswith("a heading for every 66 words")
    assert not [found for found in find_shape([answer], texts(short)) if "heading" in found.message]


def test_the_shape_of_a_dataset_is_told_by_kind_beside_the_authors():
    rows = [pair("word " * n, n, asked=(10, 50)) for n in range(1, 101)]
    rows += [pair("- one\n- two\n\nthree", f"e{n}", "essay") for n in range(100)]
    essay, answer = kind_shapes(rows)
    assert (answer.kind, answer.pairs, answer.share, answer.asked) == ("question_answer", 100, 0.5, (10, 50))
    assert answer.words == (5, 25, 50, 75, 95)
    assert answer.outside == pytest.approx(0.59)
    assert (essay.asked, essay.outside, essay.with_list, answer.with_list) == (None, 0.0, 1.0, 0.0)
    author = author_shape(texts("# A\n\none two three\n\nfour", "- x\n- y\n\nfive six"))
    assert author.document_words == (2, 2, 2, 4, 4)
    assert (author.document_paragraphs, author.with_list) == ((1, 1, 1, 2, 2), 0.5)
    assert author_shape(SourceTexts()) is None
    assert json.dumps([essay.as_dict(), author.as_dict()])


def test_a_mix_of_kinds_is_measured_against_the_one_asked_for():
    assert kind_mix(["a", "a", "b", "b"], {"a": 1, "b": 1}) == 0.0
    assert kind_mix(["a", "a", "a", "b"], {"a": 1, "b": 1}) == 0.25
    assert kind_mix(["c"], {"a": 2}) == 1.0


# echo

TERMS = """golden thread|quiet compass|slow lantern|inner harbour|sacred pause|still point|gentle hand|liminal|stewardship|cadence
|tether|at its heart|the shape of care|a kind of prayer|in the grammar of|what the river knows|this is how we|the weight of small
|between breath and|the long patience|holds what it holds""".replace("\n", "").split("|")
OPENINGS = {"opening": ["Here is truth.", "Listen closely now,"], "closing": ["And that endures.", "So it goes."]}


def echoing(recorded, seed=17):
    """The demo's answers with an echo planted in 8 to 30 of a hundred; the last three hide: too few, or never twice the same."""
    draw = random.Random(seed)
    responses = [row.response for row in recorded]
    bad = []
    for number, term in enumerate(TERMS):
        for i in draw.sample(range(len(responses)), round((0.09 + 0.01 * number) * len(responses))):
            words = responses[i].split()
            words.insert(draw.randrange(3, len(words) - 3), term)
            responses[i] = " ".join(words)
        bad.append(term)
    for n, opening in enumerate(OPENINGS["opening"]):
        for i in range(n, len(responses), 11):
            responses[i] = f"{opening} {responses[i]}"
        bad.append(" ".join(opening.casefold().strip(".,").split()))
    for n, closing in enumerate(OPENINGS["closing"]):
        for i in range(n + 5, len(responses), 9):
            responses[i] = f"{responses[i]} {closing}"
        bad.append(" ".join(closing.casefold().strip(".,").split()))
    things = ["rope", "gate", "lamp", "stone", "bread", "water", "clay", "boat", "pole"]
    for i in range(3, len(responses), 8):
        one, other = draw.sample(things, 2)
        responses[i] = f"{responses[i]} It was never the {one} but always the {other}."
    bad.append("it was never the … but always the …")
    for i in range(0, len(responses), 40):  # hard: in 2.5 of a hundred
        responses[i] += " I am a keeper of thresholds."
    bad.append("keeper of thresholds")
    for i, turn in zip(
        range(2, len(responses), 7), ["carries its burden", "carried his burdens", "carrying her load"] * 99, strict=False
    ):
        words = responses[i].split()
        words.insert(9, f"who {turn}" if i % 2 else f"that had {turn}")  # hard: one image, never in the same words
        responses[i] = " ".join(words)
    bad.append("carries burden")
    rows = [pair(text, row.id, row.kind, row.document) for row, text in zip(recorded, responses, strict=True)]
    return rows, bad


def test_table_of_planted_echoes_and_ordinary_phrases(keeper, recorded):
    rows, bad = echoing(recorded)
    told = [echo.phrase for echo in echoes_of(rows, 0.15, 3.0, keeper)]
    found = {term for term in bad if any(f" {a} " in f" {b} " for phrase in told for a, b in ((phrase, term), (term, phrase)))}
    wrong = {phrase for phrase in told if not any(f" {a} " in f" {b} " for t in bad for a, b in ((phrase, t), (t, phrase)))}
    tell("echo", "all else", len(bad), found | wrong, set(bad), 0.9, 0.9)


def test_answers_without_an_echo_have_none(keeper, recorded):
    assert echoes_of(recorded, 0.15, 3.0, keeper) == []


def test_an_authors_own_writing_does_not_echo(keeper):
    """Every other stretch of the documents as a response, the rest as sources: nothing ordinary may be called an echo."""
    stretches = list(windows_of([document.text for document in keeper.documents.values()], 60))
    rows = [pair(text, i) for i, text in enumerate(stretches[::2])]
    assert len(rows) > 100
    assert [echo.phrase for echo in echoes_of(rows, 1.0, 3.0, texts(*stretches[1::2]))] == []


def test_without_the_named_pairs_or_with_as_many_more_the_echo_is_gone(keeper, recorded):
    rows = [
        pair(f"{row.response}{' Mind the golden thread.' * (i % 4 == 0)}", row.id, row.kind, row.document)
        for i, row in enumerate(recorded)
    ]
    (echo,) = echoes_of(rows, 0.15, 3.0, keeper)
    assert echo.phrase.endswith("golden thread")
    findings = list(find_echo(rows, 0.15, 3.0, keeper))
    assert len(findings) == echo.rows_over
    named = {finding.pair for finding in findings}
    left = [row for row in rows if row.id not in named]
    assert sum("golden thread" in row.response for row in left) <= echo.allowed * len(left) + 1e-9
    assert echo.rows / (len(rows) + echo.pairs_to_add) <= echo.allowed
    assert echo.rows / (len(rows) + echo.pairs_to_add - 1) > echo.allowed
    by_id = {row.id: row.response for row in rows}
    assert all(by_id[f.pair][f.span.start : f.span.end].casefold().endswith("golden thread") for f in findings)


def test_a_pet_term_is_capped_however_fond_the_author_is_of_it():
    author = f"{'slack water ' * 3}{'boat gate lamp ' * 3}" * 99
    rows = [pair(f"{'slack water' if n < 30 else 'lamp'} {'x' * n}", n) for n in range(100)]
    (echo,) = echoes_of(rows, 0.15, 3.0, texts(author))
    assert (echo.phrase, echo.rows, echo.allowed, echo.rows_over) == ("slack water", 30, 0.15, 18)
    assert not [e for e in echoes_of(rows, 0.3, 3.0, texts(author)) if "slack" in e.phrase]


def test_the_authors_own_words_are_dropped_last_and_where_to_ask_is_said():
    rows = [pair("Golden thread.", n, "own_words" if n < 12 else "question_answer", f"{n % 3}.md") for n in range(24)]
    rows += [pair("Nothing.", n, document="3.md") for n in range(24, 100)]
    (echo,) = echoes_of(rows, 0.15, 3.0, SourceTexts())
    assert echo.rows_over == 11
    assert echo.ask_more_of[0] == "3.md"
    assert {int(finding.pair) for finding in find_echo(rows, 0.15, 3.0, SourceTexts())} <= set(range(12, 24))


def test_a_handful_of_rows_echoes_nothing():
    assert echoes_of([pair("slack water", n) for n in range(7)], 0.15, 3.0, SourceTexts()) == []
    assert echoes_of([], 0.15, 3.0, SourceTexts()) == []
    assert echoes_of([pair("", n) for n in range(20)], 0.15, 3.0, texts("A word. " * 99)) == []


def test_shares_are_compared_between_texts_of_like_length():
    stretches = list(like_long(texts("one two three " * 40), ["a b c", "a b c d e f"]))
    lengths = [len(stretch.split()) for stretch in stretches]
    assert {*lengths[:2]} == {*lengths[2:4]} == {3, 6}


def test_the_same_rows_in_another_order_have_the_same_shares(keeper, recorded):
    responses = [row.response for row in recorded]
    assert list(like_long(keeper, responses)) == list(like_long(keeper, responses[::-1]))


# coverage


def quoting(document, start, name):
    return Pair(
        str(name), "question_answer", (Turn("user", "?"),), "Yes.", document, Evidence(document, start, start + 4, "quot")
    )


def test_what_nothing_was_made_of_is_named(keeper):
    paths = sorted(keeper.documents)
    rows = []
    for path in paths[2:]:
        for passage in keeper.passages[path]:
            rows += [quoting(path, passage.start, f"{path}{passage.start}{n}") for n in range(3)]
    headings = Counter(passage.heading for passage in keeper.passages[paths[5]])
    silent = next(passage for passage in keeper.passages[paths[5]] if headings[passage.heading] == 1)
    rows = [row for row in rows if (row.document, row.evidence.start) != (paths[5], silent.start)]
    rows += [quoting(paths[1], keeper.passages[paths[1]][0].start, "lonely")]
    found = coverage_of(rows, keeper)
    amounts = {part.name: part.amount for part in found.documents}
    assert [name for name, amount in amounts.items() if amount == "none"] == [paths[0]]
    assert [name for name, amount in amounts.items() if amount == "few"] == [paths[1]]
    warnings = found.warnings()
    assert any(warning.startswith(f"no pair comes from {paths[0]}") for warning in warnings)
    assert any(warning.startswith(f"few pairs (1) come from {paths[1]}") for warning in warnings)
    assert any(f"{paths[5]}: {silent.heading}" in warning for warning in warnings)
    assert found.passages_without == len(keeper.passages[paths[0]]) + len(
        keeper.passages[paths[1]]
    )  # less the one, and the silent one
    assert found.placed == len(rows)
    assert json.dumps(found.as_dict())


def test_evenness_goes_by_words():
    def parts(*sizes):
        return [Part(str(i), words, pairs, 0.0) for i, (words, pairs) in enumerate(sizes)]

    assert evenness(parts((100, 10), (200, 20), (50, 5))) == 1.0
    assert evenness(parts((100, 0), (100, 20))) == 0.5
    assert evenness(parts(*[(1, 0)] * 99, (1, 5))) == pytest.approx(0.01)
    assert evenness(parts((100, 10), (900, 90), (1, 4))) > 0.95  # a heading of one word upsets nothing
    assert evenness(parts((100, 10))) is evenness(parts((100, 0), (10, 0))) is None


def test_passages_about_one_thing_are_one_topic():
    about = {
        "bees": "The hive hummed and the queen laid in the comb while drones of the swarm took nectar, honey and wax {}.",
        "ships": "The schooner tacked and the mast bent while sailors of the crew reefed canvas, anchor and keel {}.",
        "bread": "The dough rose and the oven glowed while loaves of the baker took flour, yeast and crust {}.",
    }
    passages = [(name, text.format(f"number{i}")) for name, text in about.items() for i in range(10)]
    named = topics_of([text for _, text in passages])
    assert len(set(named)) == 3
    assert len({(name, topic) for (name, _), topic in zip(passages, named, strict=True)}) == 3
    assert topics_of(["a few"] * 3) == ["all"] * 3


def test_nothing_to_cover_is_no_error():
    found = coverage_of([pair("Yes.")], SourceTexts())
    assert (found.documents, found.warnings(), found.document_evenness, found.placed) == ((), [], None, 0)


# all together


def test_style_warns_and_drops_nobody(keeper):
    rows = planted("voice")[0] + [pair(row.response, f"s{row.id}") for row in planted("shape")[0] if len(row.response) > 20]
    stage = Stage("screen")
    kept, findings = screen(rows, Screen(), keeper, stage)
    style = [finding for finding in findings if finding.check in ("voice", "mannerisms", "shape", "echo")]
    assert {finding.check for finding in style} >= {"voice", "mannerisms", "shape"}
    assert {finding.severity for finding in style} == {"warning"}
    assert {finding.pair for finding in style} <= {row.id for row in kept}


@pytest.mark.slow
def test_the_demos_echo_is_found_and_its_reviewer_is_spared(curate, tmp_path):
    curate(tmp_path, "build", str(DEMO), "--build", "build")
    database = sqlite3.connect(tmp_path / "build/demo/ledger.db")
    found = database.execute("select check_name, pair, message from findings where severity = 'warning'").fetchall()
    echoes = [message for check, _, message in found if check == "echo"]
    assert len(echoes) == 8
    assert all(message.startswith("“slack water” is in 57 of 335 responses") for message in echoes)
    assert len({row for check, row, _ in found if check in ("voice", "mannerisms", "shape")}) <= 5


def corpora():
    return ["the keeper", *filter(None, [os.environ.get("LIKENESS_CORPUS")])]


@pytest.mark.parametrize("corpus", corpora())
def test_half_an_authors_writing_passes_by_the_rest_and_flat_prose_fails(corpus, keeper):
    documents = [keeper.documents[path] for path in sorted(keeper.documents)]
    if corpus != "the keeper":
        paths = sorted(Path(corpus).expanduser().glob("*.xhtml"))
        documents = [read_document(path, path.name, "public-domain") for path in paths]
    known, new = sources_of(documents[::2]), [document.text for document in documents[1::2]]
    rows = [pair(text, i) for i, text in enumerate(windows_of(new, 120))]
    paragraphs = [pair(p, i) for i, p in enumerate(p for text in new for p in paragraphs_of(text) if len(p.split()) >= 30)]
    flat = planted("flat_essays")[0]
    for name, check in CHECKS.items():
        own, whole, foreign = (len(list(check(each, known))) / len(each) for each in (rows, paragraphs, flat))
        print(
            f"{name}: {own:.1%} of {len(rows)} stretches, {whole:.1%} of {len(paragraphs)} paragraphs, {foreign:.0%} of flat essays"
        )
        assert max(own, whole) < 0.06
    assert len(list(find_voice(flat, 0.99, known))) == len(flat)
