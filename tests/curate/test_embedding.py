"""A sentence model run with NumPy: the same vectors as transformers makes, and what the check `reworded` does with them."""

import json
from pathlib import Path

import numpy as np
import pytest

from curate.model import Pair, Turn
from curate.screen.reworded import find_reworded
from likeness.metrics.embedding import Embedding, embedding, model_folder

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
