"""Many prompts at once, held against transformers with one prompt at a time."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from export.sampling import Sampling
from train.evaluate.decoding import draw, generate, log_likelihood

SHARED = [5, 6, 7, 8, 9, 10]
PROMPTS = [[*SHARED, 11, 12, 13, 14, 15, 16, 17], [*SHARED, 20], [*SHARED, 30, 31, 32], SHARED]
GREEDY = Sampling(0.0, 0.0, 1.0)
DRAWN = Sampling(0.9, 0.05, 1.1)
SMALL: dict[str, int] = {
    "vocab_size": 64, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
FAMILIES: dict[str, dict[str, int]] = {
    "llama": {},
    "qwen3": {},
    "gemma2": {"sliding_window": 16},
    "gemma3_text": {"sliding_window": 16},
    "phi3": {},
}


@pytest.fixture(params=FAMILIES)
def model(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(3)
    config = AutoConfig.for_model(request.param, **SMALL, **FAMILIES[request.param])
    made = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for weight in made.parameters():
            weight.mul_(4)  # else every id is as likely as any other
    return made


def alone(model: Any, prompt: list[int], tokens: int) -> list[int]:
    """The greedy continuation, without a cache."""
    ids = list(prompt)
    with torch.inference_mode():
        for _ in range(tokens):
            ids.append(int(model(torch.tensor([ids]), use_cache=False).logits[0, -1].argmax()))
            if ids[-1] == 2:
                break
    return ids[len(prompt) :]


def test_continuations_are_those_of_each_prompt_alone(model: Any) -> None:
    made = generate(model, PROMPTS, 9, {2}, GREEDY, 0, 0)
    assert made == [alone(model, prompt, 9) for prompt in PROMPTS]


def test_the_likelihood_is_that_of_the_whole_text(model: Any) -> None:
    rest = [(0, [3, 4, 5]), (2, [6]), (0, [7, 8]), (3, [9, 10, 11, 12])]
    found = log_likelihood(model, PROMPTS, rest, 0)
    for (number, ids), value in zip(rest, found, strict=True):
        text = PROMPTS[number] + ids
        with torch.inference_mode():
            likely = torch.log_softmax(model(torch.tensor([text])).logits[0].float(), dim=-1)
        wanted = sum(float(likely[len(PROMPTS[number]) - 1 + place, each]) for place, each in enumerate(ids))
        assert value == pytest.approx(wanted, abs=1e-3)
    assert len(found) == 4


def test_an_answer_does_not_depend_on_when_others_end() -> None:
    torch.manual_seed(3)
    llama = AutoModelForCausalLM.from_config(AutoConfig.for_model("llama", **SMALL)).eval()
    whole = generate(llama, PROMPTS, 40, set(), DRAWN, 7, 0)
    stop = whole[1][12]
    cut = generate(llama, PROMPTS, 40, {stop}, DRAWN, 7, 0)
    assert cut == [each[: each.index(stop) + 1] if stop in each else each for each in whole]
    assert len({len(each) for each in cut}) > 1 and whole == generate(llama, PROMPTS, 40, set(), DRAWN, 7, 0)
    assert whole != generate(llama, PROMPTS, 40, set(), DRAWN, 8, 0)


def test_what_is_drawn_follows_the_settings() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]])).repeat(1000, 1)
    chances, nothing = torch.linspace(0, 0.9999, 1000), torch.full((1000, 1), 3)
    counts = torch.bincount(draw(logits, nothing, Sampling(1.0, 0.0, 1.0), chances), minlength=4) / 1000
    assert counts.tolist() == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.01)
    counts = torch.bincount(draw(logits, nothing, Sampling(1.0, 0.4, 1.0), chances), minlength=4) / 1000
    assert counts.tolist() == pytest.approx([0.625, 0.375, 0, 0], abs=0.01), "0.15 is less than 0.4 of the likeliest"
    assert set(draw(logits, torch.zeros((1000, 1), dtype=torch.long), Sampling(0.0, 0.0, 2.0), chances).tolist()) == {1}
