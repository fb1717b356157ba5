"""Read a recipe: YAML with line numbers, `extends` beneath it, and every mistake shown at once."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from likeness.errors import RecipeError
from likeness.files import is_named_in_utf8, name_as_text
from likeness.llama.smollm2 import SMOLLM2
from likeness.recipe.expectations import KNOWN_EXPECTATIONS
from likeness.recipe.schema import LAUNCH_CONFIGS, Control, Recipe
from likeness.recipe.yaml_lines import Key, Tree, read_setting, read_yaml

MOST_PROBLEMS = 20
"""Problems that are listed; of more, their number is said."""


def load_recipe(path: Path, settings: Sequence[str] = ()) -> Recipe:
    """The recipe at `path`, its `extends` merged beneath it and its relative paths made absolute.

    Args:
        path: the recipe's file.
        settings: `key=value` of the command line, merged over it; relative paths in them start from the current folder.

    Raises:
        RecipeError: the file, or one beneath it, is missing, is not YAML or breaks the schema; names every problem.
    """
    if not is_named_in_utf8(path.absolute()):
        raise RecipeError([f"{name_as_text(path.absolute())}: the path holds a name that is not UTF-8"], fix="Rename it.")
    tree = _with_settings(path, settings)
    try:
        recipe = Recipe.model_validate(tree.data)
    except ValidationError as error:
        raise RecipeError(_problems(error, tree, Recipe), fix="`curate schema` prints everything a recipe may say.") from None
    return _with_absolute_paths(recipe, tree).read_from(path.parent.resolve() / path.name)


def name_of(path: Path) -> str | None:
    """What the recipe at `path` is called; None where it cannot be read."""
    try:
        name = _with_bases(path.absolute(), chain=[]).data.get("name")
    except RecipeError:
        return None
    return name if isinstance(name, str) else None


def locate(path: Path, key: Key, settings: Sequence[str] = ()) -> str:
    """The file and line at which a recipe, or one that it extends, says `key`; or the `--set` that does.

    Args:
        path: the recipe.
        key: as a path of names and numbers.
        settings: `key=value` of the command line.
    """
    return _with_settings(path, settings).where(key)


def load_control(path: Path) -> Control:
    """The controlled questions at `path`.

    Raises:
        RecipeError: the file is missing, is not YAML or breaks the schema.
    """
    tree = read_yaml(path)
    try:
        return Control.model_validate(tree.data)
    except ValidationError as error:
        raise RecipeError(_problems(error, tree, Control)) from None


def _with_settings(path: Path, settings: Sequence[str]) -> Tree:
    tree = _with_bases(path.absolute(), chain=[])
    for setting in settings:
        tree = _merge(tree, read_setting(setting, Path.cwd()))
    return tree


def _with_bases(path: Path, chain: list[Path]) -> Tree:
    if path in chain:
        circle = " -> ".join(str(p) for p in [*chain[chain.index(path) :], path])
        raise RecipeError([f"{path}: `extends` runs in a circle: {circle}"])
    tree = read_yaml(path)
    base_name = tree.data.get("extends")
    if base_name is None:
        return tree
    if not isinstance(base_name, str):
        raise RecipeError([f"{tree.where(('extends',))}: `extends` takes the path of one recipe"])
    base_path = (path.parent / base_name).resolve()
    if not base_path.is_file():
        raise RecipeError([f"{tree.where(('extends',))}: extends: there is no recipe {base_path}"])
    return _merge(_with_bases(base_path, [*chain, path]), tree)


def _merge(base: Tree, top: Tree) -> Tree:
    """`top` over `base`: mappings are merged key by key, lists and plain values are replaced whole."""
    lines = dict(base.lines)

    def merge(below: dict[str, Any], above: dict[str, Any], at: Key) -> dict[str, Any]:
        merged = dict(below)
        for key, value in above.items():
            if isinstance(value, dict) and isinstance(merged.get(key), dict):
                merged[key] = merge(merged[key], value, (*at, key))
            else:
                merged[key] = value
                for old in [line for line in lines if line[: len(at) + 1] == (*at, key)]:
                    del lines[old]
        return merged

    data = merge(base.data, top.data, ())
    return Tree(data, lines | top.lines)


def _problems(error: ValidationError, tree: Tree, model: type[BaseModel]) -> list[str]:
    found = []
    for detail in error.errors():
        key = tuple(part for part in detail["loc"] if part != "[key]")
        found.append((tree.origin(key), f"{tree.where(key)}: {_spelled(key)}: {_expectation(detail, key, model)}"))
    found = sorted(found, key=lambda item: (str(item[0][0]), item[0][1]))
    messages = list(dict.fromkeys(message for _, message in found))
    more = len(messages) - MOST_PROBLEMS
    return messages[:MOST_PROBLEMS] + ([f"… and {more} more"] if more > 0 else [])


def _expectation(detail: ErrorDetails, key: Key, model: type[BaseModel]) -> str:
    """What was expected at `key`, in words, with the nearest valid spelling where there is one."""
    match detail["type"]:
        case "extra_forbidden":
            options = _keys_allowed(model, key[:-1])
            return f"unknown key{_nearest(str(key[-1]), options)} (known here: {', '.join(options)})"
        case "missing":
            return "required, and not there"
        case "literal_error":
            options = detail["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
            return f"expected one of {', '.join(options)}{_nearest(str(detail['input']), options)}"
        case "value_error":
            text = str(detail["ctx"]["error"])
            if text.startswith("unknown expectation"):
                return text + _nearest(text.split("'")[1], sorted(KNOWN_EXPECTATIONS))
            return text
        case _:
            message = detail["msg"][0].lower() + detail["msg"][1:]
            return f"{message}, found {_kind_of(detail['input'])}"


def _keys_allowed(model: type[BaseModel], at: Key) -> list[str]:
    current: Any = model
    for part in at:
        current = _inner(current.model_fields[_field_name(current, str(part))].annotation) if isinstance(part, str) else current
    return sorted(info.alias or name for name, info in current.model_fields.items())


def _field_name(model: type[BaseModel], key: str) -> str:
    return next(name for name, info in model.model_fields.items() if key in (name, info.alias))


def _inner(annotation: Any) -> Any:
    """The model inside `list[Model]` or `Model | None`."""
    if typing.get_origin(annotation) in (list, tuple, typing.Union, types.UnionType):
        return next((_inner(a) for a in typing.get_args(annotation) if a is not type(None)), annotation)
    return annotation


def _nearest(word: str, options: list[str]) -> str:
    close = difflib.get_close_matches(word, options, n=1, cutoff=0.5)
    return f"; did you mean `{close[0]}`?" if close else ""


def _spelled(key: Key) -> str:
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the recipe"


def _kind_of(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return repr(value) if len(repr(value)) < 60 else repr(value)[:57] + "..."


def _with_absolute_paths(recipe: Recipe, tree: Tree) -> Recipe:
    """Each relative path resolved against the file it is written in, which may be one that was extended."""

    def resolved(value: str, key: Key) -> str:
        return str(tree.origin(key)[0].parent / value)

    sources = [
        source.model_copy(
            update={
                "path": resolved(source.path, ("sources", index, "path")),
                "exclude": [resolved(glob, ("sources", index, "exclude")) for glob in source.exclude],
            }
        )
        for index, source in enumerate(recipe.sources)
    ]
    update: dict[str, Any] = {"sources": sources}
    if recipe.generate and recipe.generate.recordings:
        recordings = resolved(recipe.generate.recordings, ("generate", "recordings"))
        update["generate"] = recipe.generate.model_copy(update={"recordings": recordings})
    if recipe.generate and any(kind.prompt for kind in recipe.generate.kinds):
        kinds = list(recipe.generate.kinds)
        for number, kind in enumerate(kinds):
            key = ("generate", "kinds", number, "prompt")
            if kind.prompt:
                prompt = resolved(kind.prompt, key)
                if not Path(prompt).is_file():
                    raise RecipeError([f"{tree.where(key)}: prompt: there is no file {prompt}"])
                kinds[number] = kind.model_copy(update={"prompt": prompt})
        update["generate"] = update.get("generate", recipe.generate).model_copy(update={"kinds": kinds})
    if recipe.generate and recipe.generate.provider == "llama-cpp" and recipe.generate.model != SMOLLM2:
        model = Path(resolved(str(Path(recipe.generate.model).expanduser()), ("generate", "model")))
        if not model.is_file():
            raise RecipeError([f"{tree.where(('generate', 'model'))}: generate.model: there is no file {model}"])
        update["generate"] = update.get("generate", recipe.generate).model_copy(update={"model": str(model)})
    if recipe.control:
        control = Path(resolved(recipe.control, ("control",)))
        if not control.is_file():
            raise RecipeError([f"{tree.where(('control',))}: control: there is no file {control}"])
        update["control"] = str(control)
    if recipe.train and recipe.train.backend == "local":
        base = _base_model(recipe.train.base_model, tree.origin(("train", "base_model"))[0].parent)
        update["train"] = recipe.train.model_copy(update={"base_model": base})
    if recipe.train and (launch := recipe.train.launch) and launch.config not in LAUNCH_CONFIGS:
        file = Path(resolved(str(Path(launch.config).expanduser()), ("train", "launch", "config")))
        if not file.is_file():
            raise RecipeError([f"{tree.where(('train', 'launch', 'config'))}: train.launch.config: there is no file {file}"])
        known = update.get("train", recipe.train)
        update["train"] = known.model_copy(update={"launch": launch.model_copy(update={"config": str(file)})})
    return recipe.model_copy(update=update)


def _base_model(name: str, folder: Path) -> str:
    """The base as its recipe means it: a folder or GGUF file by its whole path, what is built in or on the hub by its name.

    Args:
        name: `train.base_model`.
        folder: relative paths start here.
    """
    path = folder / Path(name).expanduser()
    is_local = name.startswith(("./", "../", "/", "~")) or path.suffix == ".gguf" or path.is_dir()
    return str(path) if is_local and not name.startswith("builtin:") else name
