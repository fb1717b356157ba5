"""What an importance matrix says of a model, and that llama.cpp's quantizer listens to it."""

import numpy as np
import pytest
import torch
from gguf import GGUFReader, dequantize
from transformers import AutoModelForCausalLM

from export.gguf.convert import convert
from export.gguf.imatrix import FEWEST_TOKENS, measure_importance, save_importance
from export.gguf.quantize import KINDS, ROUNDED_BY_IMPORTANCE, quantize
from export.model_files import load_tokenizer
from export.probe import ids, render
from likeness.llama.process import LlamaError
from tests.export.tiny_models import FAMILIES, ROWS

pytestmark = pytest.mark.slow

MANY = ROWS * 20
OF_LAYERS = "blk."


@pytest.mark.parametrize("name", FAMILIES)
def test_every_matrix_of_every_layer_has_a_number_for_each_column(name, family, tmp_path):
    folder = family(name)
    rows = [[{"role": role, "content": text * 8} for role, text in (("user", "Who are you? "), ("assistant", "A walker. "))]] * 40
    importance = measure_importance(folder, rows)
    file = GGUFReader(convert(folder, tmp_path / "model.gguf"))
    matrices = {
        tensor.name: int(tensor.shape[0])
        for tensor in file.tensors
        if len(tensor.shape) > 1 and tensor.name.startswith(OF_LAYERS)
    }
    assert {name: len(vector) for name, vector in importance.items()} == matrices
    assert all(vector.isfinite().all() and vector.max() > 0 for vector in importance.values())


def test_it_is_the_mean_square_of_what_a_matrix_meets(taught):
    one = measure_importance(taught, MANY)["blk.0.attn_q.weight"]
    tokenizer, model = load_tokenizer(taught), AutoModelForCausalLM.from_pretrained(taught, dtype=torch.float32)
    met = [
        model.model.layers[0].input_layernorm(model.model.embed_tokens(torch.tensor(ids(tokenizer, render(tokenizer, row)))))
        for row in MANY
    ]
    torch.testing.assert_close(one, torch.cat(met).square().mean(0).detach())


@pytest.mark.parametrize("kind", sorted(ROUNDED_BY_IMPORTANCE))
def test_columns_that_matter_are_rounded_with_more_care(kind, taught, tmp_path):
    """Half of the columns of one matrix are said to matter a thousand times as much: their rounding must become finer."""
    full = convert(taught, tmp_path / "model.gguf")
    importance = measure_importance(taught, MANY)
    name = "blk.1.ffn_up.weight"
    importance[name] = torch.ones(len(importance[name]))
    importance[name][::2] = 1000.0
    by = save_importance(importance, tmp_path / "importance.safetensors")

    def error(file):
        exact, rounded = (next(t for t in GGUFReader(path).tensors if t.name == name) for path in (full, file))
        distance = dequantize(rounded.data, rounded.tensor_type) - exact.data.astype(np.float32)
        return float((distance[:, ::2] ** 2).mean())

    with_care, without = quantize(full, tmp_path / "with.gguf", kind, by), quantize(full, tmp_path / "without.gguf", kind)
    assert error(with_care) < 0.98 * error(without)


def test_eight_bits_are_the_same_with_and_without(taught, tmp_path):
    full = convert(taught, tmp_path / "model.gguf")
    by = save_importance(measure_importance(taught, MANY), tmp_path / "importance.safetensors")
    assert KINDS.keys() - ROUNDED_BY_IMPORTANCE == {"q8_0"}
    with_care, without = quantize(full, tmp_path / "with.gguf", "q8_0", by), quantize(full, tmp_path / "without.gguf", "q8_0")
    assert with_care.read_bytes() == without.read_bytes()


def test_numbers_for_another_model_are_refused(taught, tmp_path):
    full = convert(taught, tmp_path / "model.gguf")
    other = {name: vector[:-1].clone() for name, vector in measure_importance(taught, MANY).items()}
    with pytest.raises(LlamaError):
        quantize(full, tmp_path / "q.gguf", "q4_k_m", save_importance(other, tmp_path / "importance.safetensors"))
    assert not (tmp_path / "q.gguf").exists()


def test_a_few_words_say_nothing(taught):
    assert sum(len(ids(load_tokenizer(taught), row[-1]["content"])) for row in ROWS[:1]) < FEWEST_TOKENS
    assert measure_importance(taught, ROWS[:1]) is None
    assert measure_importance(taught, []) is None
