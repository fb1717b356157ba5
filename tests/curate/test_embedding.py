"""A sentence model run with NumPy: the same vectors as transformers makes, and what the check `reworded` does with them."""

import json
from pathlib import Path

import numpy as np
import pytest

from curate.model import Pair, Turn
from curate.screen.contamination import find_contamination
from curate.screen.reworded import find_reworded
from curate.screen.standalone import find_dependent
from curate.sources import SourceTexts
from likeness.metrics.embedding import Embedding, embedding, model_folder
from likeness.metrics.meant import Reading
from likeness.metrics.sentences import Classifier

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    *"how do i sharpen a chisel what is the best way to put an edge on bread stone and oil".split(),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A BERT of two layers with random weights, as transformers writes it."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("bert")
    words = {word: at for at, word in enumerate(dict.fromkeys(WORDS))}
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=160,
    )
    BertModel(config).eval().save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", words["[SEP]"]), ("[CLS]", words["[CLS]"]))
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.mark.slow
def test_vectors_are_those_that_transformers_makes(folder):
    import torch
    from transformers import BertModel

    texts = ["How do I sharpen a chisel?", "The best way to put an edge on", "bread", "stone and oil " * 60]
    model = Embedding(folder)
    made = model.vectors(texts)
    reference, theirs = BertModel.from_pretrained(folder).eval(), []
    for text in texts:
        ids = torch.tensor([model._tokenizer.encode(text).ids])
        with torch.no_grad():
            mean = reference(input_ids=ids).last_hidden_state.mean(dim=1)[0]
        theirs.append((mean / mean.norm()).numpy())
    assert np.abs(made - np.array(theirs)).max() < 1e-5
    assert np.allclose(np.linalg.norm(made, axis=1), 1)
    assert (model.vectors(texts[::-1])[::-1] == made).all()


class Meaning:
    """Stands in for a model in which only the first letter of a text has a meaning."""

    def vectors(self, texts):
        return np.eye(26, dtype=np.float32)[[ord(text[0].lower()) - 97 for text in texts]]


def test_a_rewording_without_a_word_in_common_is_a_warning_that_says_why():
    rows = [
        ("How is a chisel sharpened?", "Keep it flat."),
        ("Hone blades by what method?", "Kind stones do it."),
        ("How old?", "Ten."),
    ]
    pairs = [Pair(str(n), "question_answer", (Turn("user", asked),), said, "a.md") for n, (asked, said) in enumerate(rows)]
    assert list(find_reworded(pairs, "drop")) == []
    (finding,) = find_reworded(pairs, "drop", Meaning())
    assert finding.severity == "warning" and "meaning 1.00" in finding.message
    assert finding.pair in {"0", "1"}


def test_a_model_is_used_where_it_is_named_and_texts_are_not_too_many(tmp_path, monkeypatch):
    monkeypatch.setenv("LIKENESS_EMBEDDING", "off")
    assert model_folder() is None and embedding() is None
    monkeypatch.setenv("LIKENESS_EMBEDDING", str(tmp_path))
    assert model_folder() is None, "no weights there"
    (tmp_path / "model.safetensors").touch()
    (tmp_path / "config.json").write_text(json.dumps({}), encoding="utf-8")
    assert model_folder() == tmp_path
    assert embedding(20_001) is None


ASKED_AGAIN = [
    ("What made you leave the classroom for good?", "Why did you give up teaching?"),
    ("How come you never got behind the wheel?", "Why didn't you learn to drive?"),
    ("Which dish would you put in front of guests you barely know?", "What do you cook for strangers?"),
    ("By what method do you restore the edge of a blunt tool?", "How do you sharpen a chisel?"),
    ("Tell me about the person who raised you.", "What was your mother like?"),
    ("When is it right to break off work on a project that goes nowhere?", "How do you know that it is time to quit?"),
    ("In what manner do you turn down an invitation?", "How do you say no to a party?"),
    ("What would get you out of bed before dawn?", "Why would you rise early?"),
]
ASKED_BESIDE = [
    ("Why did you take up teaching?", "Why did you give up teaching?"),
    ("How do you clean a chisel?", "How do you sharpen a chisel?"),
    ("Where do boats moor in winter?", "What was your mother like?"),
    ("What was your father like?", "What was your mother like?"),
    ("What do you eat among strangers?", "How do you sharpen a chisel?"),
    ("Who taught you to drive?", "What do you cook for strangers?"),
    ("Welche Bücher liest du im Winter?", "How do you say no to a party?"),
    ("Warum hast du aufgehört zu unterrichten?", "Why did you give up teaching?"),
]


@pytest.mark.slow
def test_controlled_questions_without_a_shared_word_are_found(monkeypatch):
    monkeypatch.delenv("LIKENESS_EMBEDDING")
    model = embedding()
    assert model, "it comes with likeness[meaning], a part of likeness[all]"

    def found(rows, meaning):
        return [
            bool(list(find_contamination([Pair("a", "advice", (Turn("user", one),), "Slowly.", "d.md")], [other], meaning)))
            for one, other in rows
        ]

    assert sum(found(ASKED_AGAIN, None)) <= 3 < 5 <= sum(found(ASKED_AGAIN, model))
    assert sum(found(ASKED_BESIDE, model)) <= 1


@pytest.mark.slow
def test_the_cosines_of_a_text_do_not_hang_on_those_beside_it(folder):
    texts = ["how do i sharpen a chisel", "bread and oil", "stone", "what is the best way to put an edge on"]
    alone = [list(Embedding(folder).nearest([text], texts, -1, 4)) for text in texts]
    assert [*Embedding(folder).nearest(texts, texts, -1, 4)] == [near for (near,) in alone]
    assert all(near[place] == 1 for place, (near,) in enumerate(alone))


LEANING = [
    "What colour was the second door?",
    "Who won the argument in the end?",
    "Where had the letter been hidden?",
    "Which version did the committee prefer?",
    "How long did the repair take?",
    "What did the neighbours say about the smell?",
    "Why had the ferry been late?",
    "What was written on the lid?",
]
STANDING = [
    "How long does a scab take to heal?",
    "What do you do on the first warm day of spring?",
    "Which tools does a beginner in carpentry need?",
    "Why do people keep letters from friends?",
    "What is the best way to end an argument?",
    "How do ferries manage in fog?",
    "Where do swallows go in winter?",
    "What would you say to a nervous student before an examination?",
]
"""Written for this test: none of them was learnt from."""


@pytest.mark.slow
def test_what_a_question_means_tells_whether_it_leans_on_something(monkeypatch):
    monkeypatch.delenv("LIKENESS_EMBEDDING")
    model = embedding()

    def found(questions, meaning):
        pairs = [Pair(str(n), "advice", (Turn("user", each),), "Slowly.", "d.md") for n, each in enumerate(questions)]
        return len(list(find_dependent(pairs, SourceTexts(), meaning)))

    assert found(LEANING, model) >= 6
    assert found(STANDING, model) <= 1


def test_open_sentences_are_read_by_the_model_that_was_learnt_with():
    classifier = Classifier({"open": 1.0, "shut": -9.0}, 0.0, {}, {"bias": 3.0, "words": 0.0, "vector": [0.0]})

    class Model:
        packaged = True

        def __init__(self):
            self.read = []

        def vectors(self, texts):
            self.read += texts
            return np.zeros((len(texts), 1), dtype=np.float32)

    model = Model()
    reading = Reading(classifier, model, 0.2)
    reading.read(["the door is open wide", "the door is shut now, all shut"])
    assert model.read == ["the door is open wide"]
    assert reading.probability("the door is open wide") == 0.95
    assert reading.probability("the door is shut now, all shut") < 0.2
    assert reading.probability("die Türe steht open und ist weit") != 0.95, "of another language"
    model.packaged = False
    assert Reading(classifier, model, 0.2).probability("the door is open wide") < 0.7
