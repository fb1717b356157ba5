"""A recipe never crashes the loader: whatever a file holds, it is loaded, or refused with file and line."""

import random
import time
from pathlib import Path

import pytest

from likeness.errors import RecipeError
from likeness.recipe.load import MOST_PROBLEMS, load_recipe

ROOT = Path(__file__).parents[2]
GOOD = """\
name: small
persona: {name: a, system_prompt: b}
sources:
  - {path: "*.md", rights: own}
generate:
  provider: anthropic
  kinds:
    - {kind: question_answer, per_passage: 1}
"""
LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
HOSTILE = {
    "a date that does not exist": GOOD + "control: 2024-99-99\n",
    "a tag with a wrong value": GOOD + "split: {seed: !!int abc}\n",
    "a tag that makes objects": GOOD + "split: {seed: !!python/object/apply:os.system [ls]}\n",
    "a tag of somebody's own": GOOD + "split: !secret {seed: 1}\n",
    "binary": GOOD + "split: {seed: !!binary aGVsbG8=}\n",
    "a set": GOOD + "balance: !!set {a, b}\n",
    "brackets without end": GOOD + "balance: " + "[" * 5000 + "\n",
    "mappings a thousand deep": GOOD + "balance: " + "{a: " * 1000 + "1" + "}" * 1000 + "\n",
    "indentation a thousand deep": GOOD + "balance:\n" + "".join(" " * n + "a:\n" for n in range(1, 1000)),
    "billions of laughs": LAUGHS + GOOD,
    "an alias that holds itself": GOOD + "balance: &b {terms: *b}\n",
    "merges of aliases": "x: &x {a: 1}\n" + GOOD + "balance: {<<: [*x, *x], <<: *x}\n",
    "a merge of a word": GOOD + "balance: {<<: word}\n",
    "a surrogate": GOOD + 'control: "\\ud800"\n',
    "a null character": GOOD + 'control: "\\0"\n',
    "a number of a million digits": GOOD + "split: {seed: " + "9" * 1_000_000 + "}\n",
    "a hexadecimal number without digits": GOOD + "split: {seed: 0x}\n",
    "a key that is a list": GOOD + "? [a, b]\n: 1\n",
    "a key that is nothing": GOOD + "~: 1\n",
    "infinity": GOOD + "split: {validation: .inf}\n",
    "not a number": GOOD + "screen: {echo: {times: .nan}}\n",
    "true for a number": GOOD + "split: {seed: true}\n",
    "a blank name": GOOD.replace("name: a", 'name: "  "'),
    "an inverted expectation": GOOD + "expect: [{expect_table_row_count_to_be_between: {min_value: 9, max_value: 3}}]\n",
    "two documents": GOOD + "---\n" + GOOD,
    "a directive of the future": "%YAML 9.9\n---\n" + GOOD,
    "an unknown directive": "%TAG ! tag:evil.example,2024:\n---\nname: !x y\n",
    "tabs": GOOD + "\tsplit: {seed: 1}\n",
    "a million lines": GOOD + "# nothing\n" * 200_000,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_yaml_is_refused_with_file_and_line(what, tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(HOSTILE[what], encoding="utf-8", errors="surrogatepass")
    began = time.process_time()
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert time.process_time() - began < 3
    assert all(problem.startswith(str(path)) for problem in caught.value.problems)
    assert len(str(caught.value)) < 2000


def test_at_most_twenty_problems_are_listed(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(GOOD + "".join(f"key{n}: 1\n" for n in range(50)), encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert len(caught.value.problems) == MOST_PROBLEMS + 1
    assert caught.value.problems[-1] == "… and 30 more"


def mutated(text: str, chance: random.Random) -> str:
    """A recipe with something wrong in it, as a person, an editor or an attacker would leave it."""
    odd = ["&a", "*a", "!!int", "!!float x", "<<: *a", "[", "]", "{", "}", "'", '"', "|", ">", "%", "@", "`", "?", ":", "- ", "\t",
           "\0", "\ud800", "\u2028", "😀", "~", "null", "0x", "1e999", ".nan", "2024-13-45", "9" * 50, "-", "---\n", "...\n", "#", "\\"]  # fmt: skip
    lines = text.split("\n")
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        line = lines[at]
        spot = chance.randint(0, len(line))
        match chance.randint(0, 6):
            case 0:
                lines[at] = line[:spot] + chance.choice(odd) + line[spot:]
            case 1:
                del lines[at]
                lines = lines or [""]
            case 2:
                lines.insert(at, lines[chance.randrange(len(lines))])
            case 3:
                lines[at] = line[:spot]
            case 4:
                lines[at] = " " * chance.randint(0, 9) + line.lstrip()
            case 5:
                key, _, _ = line.partition(":")
                lines[at] = f"{key}: {chance.choice(odd)}"
            case 6:
                lines[at] = line.replace(":", chance.choice(["", " :", "=", ": :"]), 1)
    return "\n".join(lines)


def fuzz(folder: Path, count: int, seed: int) -> int:
    """Load so many mutated recipes; gives how many were refused."""
    chance = random.Random(seed)
    texts = [
        path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "recipes").rglob("*.yaml"))
        if "build" not in path.relative_to(ROOT).parts
    ]
    path = folder / "recipe.yaml"
    refused = 0
    for _ in range(count):
        text = mutated(chance.choice(texts), chance)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            load_recipe(path)
        except RecipeError:
            refused += 1
    return refused


@pytest.mark.slow
def test_two_thousand_mutated_recipes_are_loaded_or_refused(tmp_path):
    assert fuzz(tmp_path, 2000, seed=7) > 1000
