"""What a person may rely on when a recipe is read: the right file, line and key, and every mistake at once."""

import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import jsonschema
import pytest
from ruamel.yaml import YAML

from likeness.errors import RecipeError
from likeness.recipe.expectations import GREAT_EXPECTATIONS
from likeness.recipe.load import load_control, load_recipe
from likeness.recipe.schema import Recipe

ROOT = Path(__file__).parents[2]
# a demo may have been made
READY = sorted(path for path in (ROOT / "recipes").rglob("*.yaml") if "build" not in path.relative_to(ROOT).parts)
RECIPES = [path for path in READY if path.name != "control.yaml"]
CONTROLS = [path for path in READY if path.name == "control.yaml"]

GOOD = """\
name: small
persona:
  name: Ada
  system_prompt: Be brief.
sources:
  - {path: "documents/*.md", rights: own}
generate:
  provider: recorded
  recordings: recorded/*.jsonl
  kinds:
    - {kind: own_words, per_passage: 1}
"""


@pytest.fixture
def write(tmp_path):
    def to(name: str, text: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return path

    return to


def problems(path: Path) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert caught.value.exit_code == 2
    return caught.value.problems


# --- mistakes ---


def test_a_folder_whose_name_is_not_utf8_is_named(write):
    (problem,) = problems(write("caf\udce9/recipe.yaml", GOOD))
    assert problem.endswith("caf\\xe9/recipe.yaml: the path holds a name that is not UTF-8")


def test_all_mistakes_are_reported_at_once_with_the_nearest_spelling(write):
    path = write(
        "recipe.yaml",
        """\
        name: Not A Name
        persona:
          name: Ada
          sistem_prompt: Be brief.
        sources:
          - {path: "*.md", rights: mine}
          - path: mail.mbox
            as: conversation
            rights: own
        passages:
          max_tokens: many
        generate:
          provider: recorder
          kinds:
            - {kind: own_words, per_passage: 1}
            - kind: esay
              per_document: 1
        expect:
          - expect_table_row_count_to_be_betwen: {min_value: 3}
        """,
    )
    expected = {
        1: ["name", "pattern", "'Not A Name'"],
        2: ["persona.system_prompt", "required"],
        4: ["persona.sistem_prompt", "unknown key", "did you mean `system_prompt`?", "description, name, samples, system_prompt"],
        6: ["sources[0].rights", "expected one of own, licensed, public-domain"],
        8: ["sources[1].as", "did you mean `conversations`?"],
        11: ["passages.max_tokens", "integer", "'many'"],
        13: ["generate.provider", "did you mean `recorded`?"],
        16: ["generate.kinds[1].kind", "did you mean `essay`?"],
        18: ["expect", "did you mean `expect_table_row_count_to_be_between`?"],
    }
    told = problems(path)
    assert len(told) == len(expected)
    for (line, words), message in zip(expected.items(), told, strict=True):
        assert message.startswith(f"{path}:{line}: {words[0]}: ")
        assert all(word in message for word in words), message


def test_a_kind_that_says_too_much_or_too_little_is_told_why(write):
    told = problems(
        write(
            "recipe.yaml",
            GOOD.replace(
                "- {kind: own_words, per_passage: 1}",
                "- {kind: essay, per_passage: 1, per_document: 1}\n    - {kind: own_words, per_document: 1}\n"
                "    - {kind: decision, per_document: 1, words: [90, 20]}",
            ),
        )
    )
    assert [message.split(": ", 2)[1] for message in told] == [f"generate.kinds[{i}]" for i in range(3)]
    assert "either `per_passage` or `per_document`" in told[0]
    assert "takes `per_passage`" in told[1]
    assert "fewest < most" in told[2]


@pytest.mark.parametrize("where", ["", "persona", "generate", "train", "export"])
@pytest.mark.parametrize("key", ["api_key", "anthropic_api_key", "hf_token"])
def test_a_secret_has_no_place_in_a_recipe(write, where, key):
    recipe = YAML(typ="safe").load(GOOD) | {"train": {"base_model": "builtin:tiny"}, "export": {}}
    (recipe[where] if where else recipe)[key] = "sk-very-secret"
    told = problems(write("recipe.yaml", json.dumps(recipe)))
    assert len(told) == 1
    assert f"{where}.{key}".lstrip(".") + ": unknown key" in told[0]
    assert "sk-very-secret" not in told[0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("generate:\n", "documents are turned into pairs by `generate`"),
        ("provider: recorded\n  recordings: recorded/*.jsonl", "needs `recordings`"),
        ("own_words, per_passage: 1}", "each kind may appear once"),
        ('{path: "documents/*.md", rights: own}', "needs `author`"),
    ],
)
def test_parts_that_do_not_fit_together_are_told(write, change, told):
    by = {
        "generate:\n": lambda: GOOD[: GOOD.index("generate:")],
        "provider: recorded\n  recordings: recorded/*.jsonl": lambda: GOOD.replace(change, "provider: recorded"),
        "own_words, per_passage: 1}": lambda: GOOD + "    - {kind: own_words, per_passage: 2}\n",
        '{path: "documents/*.md", rights: own}': lambda: GOOD.replace(
            "sources:", "sources:\n  - {path: a.mbox, as: conversations, rights: own}"
        ),
    }[change]()
    assert any(told in message for message in problems(write("recipe.yaml", by)))


def test_a_key_given_twice_is_refused_with_its_line(write):
    (told,) = problems(write("recipe.yaml", GOOD + "name: other\n"))
    assert told.startswith(f"{write('x', '').parent / 'recipe.yaml'}:12: ")
    assert 'duplicate key "name"' in told


def test_broken_yaml_is_told_with_its_line(write):
    path = write("recipe.yaml", "name: small\npersona: {name: [}\n")
    (told,) = problems(path)
    assert told.startswith(f"{path}:2: not YAML: ")


def test_a_file_that_is_not_utf_8_is_told_so(write):
    path = write("recipe.yaml", "name: small # für\n".encode("latin-1"))
    (told,) = problems(path)
    assert told == f"{path}: not UTF-8 text (byte 15)"


@pytest.mark.parametrize(("text", "found"), [("- a\n- b\n", "a list"), ("", "nothing"), ("just words\n", "'just words'")])
def test_a_file_that_is_no_mapping_is_told_what_it_is(write, text, found):
    path = write("recipe.yaml", text)
    assert problems(path)[0].startswith(f"{path}:1: expected `key: value` lines")
    assert found in problems(path)[0] or found == "a list"


def test_a_missing_recipe_is_told_with_the_recipes_that_are_there(write):
    path = write("recipe.yaml", GOOD).with_name("recpie.yaml")
    with pytest.raises(RecipeError, match=r"there is no such file\nIn .* there are: recipe\.yaml"):
        load_recipe(path)


def test_a_missing_control_file_is_told_where_it_is_named(write):
    path = write("recipe.yaml", GOOD + "control: questions.yaml\n")
    assert problems(path) == [f"{path}:12: control: there is no file {path.with_name('questions.yaml')}"]


def test_control_questions_are_checked_like_recipes(write):
    path = write(
        "control.yaml",
        """\
        questions:
          - {id: one, question: Who are you?, about: voyce}
          - id: two
            question: ""
            about: facts
        """,
    )
    with pytest.raises(RecipeError) as caught:
        load_control(path)
    assert [message.split(": ")[0] for message in caught.value.problems] == [f"{path}:2", f"{path}:4"]
    assert "did you mean `voice`?" in caught.value.problems[0]
    path.write_text("questions:\n- {id: a, question: A?, about: facts}\n- {id: a, question: B?, about: facts}\n")
    with pytest.raises(RecipeError, match="repeated: a"):
        load_control(path)


# --- extends ---


def test_extends_merges_mappings_deeply_and_replaces_lists(write):
    write("base/base.yaml", GOOD + "train:\n  base_model: builtin:tiny\n  sft: {epochs: 5, batch_size: 4}\n  lora: {r: 4}\n")
    path = write(
        "own/recipe.yaml",
        """\
        extends: ../base/base.yaml
        name: mine
        generate:
          kinds:
            - {kind: essay, per_document: 2}
        train:
          sft: {epochs: 1}
        """,
    )
    recipe = load_recipe(path)
    assert recipe.name == "mine"
    assert recipe.persona.name == "Ada"
    assert [kind.kind for kind in recipe.generate.kinds] == ["essay"]
    assert recipe.generate.provider == "recorded"
    assert (recipe.train.sft.epochs, recipe.train.sft.batch_size, recipe.train.lora.r) == (1, 4, 4)


def test_extends_takes_a_part_away_with_null(write):
    write("base.yaml", GOOD + "train: {base_model: builtin:tiny}\n")
    assert load_recipe(write("recipe.yaml", "extends: base.yaml\ntrain: null\n")).train is None


def test_extends_reaches_over_several_recipes(write):
    write("a/one.yaml", GOOD)
    write("b/two.yaml", "extends: ../a/one.yaml\npassages: {max_tokens: 99}\n")
    recipe = load_recipe(write("c/three.yaml", "extends: ../b/two.yaml\nname: three\n"))
    assert (recipe.name, recipe.passages.max_tokens, recipe.persona.name) == ("three", 99, "Ada")


def test_paths_are_relative_to_the_file_that_they_are_written_in(write, tmp_path):
    write("base/control.yaml", "questions:\n- {id: a, question: A?, about: facts}\n")
    write("base/base.yaml", GOOD + "control: control.yaml\n")
    recipe = load_recipe(write("own/one.yaml", "extends: ../base/base.yaml\n"))
    assert recipe.sources[0].path == str(tmp_path / "base/documents/*.md")
    assert recipe.generate.recordings == str(tmp_path / "base/recorded/*.jsonl")
    assert recipe.control == str(tmp_path / "base/control.yaml")
    recipe = load_recipe(
        write("own/two.yaml", 'extends: ../base/base.yaml\nsources:\n- {path: "*.txt", exclude: [not.txt], rights: own}\n')
    )
    assert recipe.sources[0].path == str(tmp_path / "own/*.txt")
    assert recipe.sources[0].exclude == [str(tmp_path / "own/not.txt")]
    assert recipe.control == str(tmp_path / "base/control.yaml")


def test_a_mistake_is_told_in_the_file_that_it_was_made_in(write):
    base = write("base.yaml", GOOD.replace("rights: own", "rights: mine") + "passages: {max_tokens: 1}\n")
    path = write("recipe.yaml", "extends: base.yaml\nnaem: x\npassages:\n  max_tokens: 2\n")
    assert [message.split(": ")[0] for message in problems(path)] == [f"{base}:6", f"{path}:2", f"{path}:4"]


def test_extends_in_a_circle_is_told_with_the_circle(write):
    one = write("one.yaml", "extends: two.yaml\n")
    two = write("two.yaml", "extends: one.yaml\n")
    (told,) = problems(one)
    assert f"{one} -> {two} -> {one}" in told


def test_a_missing_base_is_told_where_it_is_named(write):
    path = write("recipe.yaml", "name: x\nextends: bse.yaml\n")
    assert problems(path) == [f"{path}:2: extends: there is no recipe {path.with_name('bse.yaml')}"]


# --- what is ready, and what editors see ---


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_ready_recipe_loads_and_names_its_schema(path):
    assert load_recipe(path).name
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")


@pytest.mark.parametrize("path", CONTROLS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_ready_control_file_loads(path):
    assert load_control(path).questions


def test_the_demo_asks_at_least_24_controlled_questions():
    assert len(load_control(ROOT / "recipes/demo/control.yaml").questions) >= 24


def test_the_schema_is_json_schema_and_accepts_every_ready_recipe():
    command = [Path(sys.executable).with_name("curate"), "schema"]
    schema = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in RECIPES:
        written = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        if "extends" not in written:
            validator.validate(written)
    demo = YAML(typ="safe").load((ROOT / "recipes/demo/recipe.yaml").read_text(encoding="utf-8"))
    assert not validator.is_valid(demo | {"api_key": "x"})


def test_the_schema_beside_the_recipes_is_the_one_that_the_command_prints():
    command = [Path(sys.executable).with_name("curate"), "schema"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads((ROOT / "recipes/recipe.schema.json").read_text(encoding="utf-8")) == json.loads(printed)


def test_no_section_of_the_schema_is_open_to_unknown_keys():
    definitions = Recipe.model_json_schema(by_alias=True)["$defs"]
    sections = {name: each for name, each in definitions.items() if "properties" in each}
    assert len(sections) > 20
    assert [name for name, each in sections.items() if each.get("additionalProperties") is not False] == []


def test_the_known_expectations_are_those_of_the_library_without_sql():
    import great_expectations.expectations.core as core
    from great_expectations.expectations.expectation import Expectation

    classes = [each for each in vars(core).values() if isinstance(each, type) and issubclass(each, Expectation)]
    offered = {each.expectation_type for each in classes} - {""}
    sql = {name for name in offered if re.search(r"_query_|_other_table|_like_pattern|^unexpected_rows", name)}
    assert len(sql) == 7
    assert set(GREAT_EXPECTATIONS) == offered - sql
    assert list(GREAT_EXPECTATIONS) == sorted(GREAT_EXPECTATIONS)


def test_the_readmes_recipe_is_one():
    (example,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    Recipe.model_validate(YAML(typ="safe").load(example))


# --- --set ---

TRAINED = GOOD + "train:\n  base_model: builtin:tiny\n  lora: {r: 4}\n"


def test_set_changes_one_key_and_leaves_the_rest(write):
    path = write("recipe.yaml", TRAINED)
    recipe = load_recipe(path, ["train.lora.r=32", "train.lora.target_modules=[q_proj, v_proj]", "persona.name=Grace Hopper"])
    assert (recipe.train.lora.r, recipe.train.lora.alpha, recipe.train.base_model) == (32, 32, "builtin:tiny")
    assert recipe.train.lora.target_modules == ["q_proj", "v_proj"]
    assert (recipe.persona.name, recipe.persona.system_prompt) == ("Grace Hopper", "Be brief.")
    assert load_recipe(path, ["train=null"]).train is None


def test_a_mistake_in_set_names_the_option_and_the_nearest_key(write):
    path = write("recipe.yaml", TRAINED)
    with pytest.raises(RecipeError) as refused:
        load_recipe(path, ["train.lora.rr=3", "train.seed=x", "train.sft.epochs=1"])
    assert "--set train.lora.rr: train.lora.rr: unknown key; did you mean `r`?" in str(refused.value)
    assert "--set train.seed: train.seed:" in str(refused.value)
    for setting in ("train.seed", "=3", "train..seed=3", "train.seed=[", "train.seed=1\nname: x"):
        with pytest.raises(RecipeError, match="--set "):
            load_recipe(path, [setting])


def test_a_path_in_set_starts_from_the_current_folder(write, tmp_path, monkeypatch):
    path = write("own/recipe.yaml", TRAINED)
    monkeypatch.chdir(tmp_path)
    recipe = load_recipe(path, ["train.base_model=./some/model.gguf"])
    assert recipe.train.base_model == str(tmp_path / "some/model.gguf")
    assert recipe.sources[0].path == str(tmp_path / "own/documents/*.md")


def test_a_base_beside_the_recipe_is_found_from_any_folder(write, tmp_path, monkeypatch):
    path = write("own/recipe.yaml", TRAINED.replace("builtin:tiny", "org/model"))
    (tmp_path / "own/org/model").mkdir(parents=True)
    (tmp_path / "other/org/name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "other")
    assert load_recipe(path).train.base_model == str(tmp_path / "own/org/model")
    for set_to, base in (
        ("m.gguf", str(tmp_path / "other/m.gguf")),
        ("org/name", str(tmp_path / "other/org/name")),
        ("org/model", "org/model"),  # a name of the hub: nothing is called so in the current folder
        ("builtin:tiny", "builtin:tiny"),
    ):
        assert load_recipe(path, [f"train.base_model={set_to}"]).train.base_model == base
    hosted = write("own/hosted.yaml", GOOD + "train: {backend: hosted, hosted: {host: openai}, base_model: org/model}\n")
    assert load_recipe(hosted).train.base_model == "org/model"
    extending = write("sub/recipe.yaml", "extends: ../own/recipe.yaml\n")
    assert load_recipe(extending).train.base_model == str(tmp_path / "own/org/model")


def test_a_layer_by_name_needs_no_list_and_all_layers_take_one(write):
    path = write("recipe.yaml", TRAINED)
    for said, meant in (("q_proj", ["q_proj"]), ("[all-linear]", "all-linear"), (".*q_proj", ".*q_proj")):
        assert load_recipe(path, [f"train.lora.target_modules={said}"]).train.lora.target_modules == meant
    with pytest.raises(RecipeError, match="`all-linear` takes all of them: write it alone"):
        load_recipe(path, ["train.lora.target_modules=[all-linear, lm_head]"])
