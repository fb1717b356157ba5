"""Read a recipe: YAML with line numbers, `extends` beneath it, and every mistake told at once."""

from __future__ import annotations

import difflib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from recipes.errors import RecipeError
from recipes.expectations import KNOWN_EXPECTATIONS
from recipes.schema import Control, Recipe

Key = tuple[str | int, ...]
"""The way to a value inside a YAML file: ("generate", "kinds", 0, "words")."""


@dataclass
class Tree:
    """Plain data with the file and line that each value comes from."""

    data: dict[str, Any]
    lines: dict[Key, tuple[Path, int]] = field(default_factory=dict)

    def where(self, key: Key) -> str:
        """The file and line of a key, or of the nearest one around it."""
        path, line = self.origin(key)
        return f"{path}:{line}"

    def origin(self, key: Key) -> tuple[Path, int]:
        """The file and line (from 1) of a key, or of the nearest one around it."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines[key]


def load_recipe(path: Path) -> Recipe:
    """The recipe at `path`, its `extends` merged beneath it and its relative paths made absolute.

    Raises:
        RecipeError: the file, or one beneath it, is missing, is not YAML or breaks the schema; names every problem.
    """
    tree = _with_bases(path.absolute(), chain=[])
    try:
        recipe = Recipe.model_validate(tree.data)
    except ValidationError as error:
        raise RecipeError(_problems(error, tree, Recipe), mend="`curate schema` prints everything a recipe may say.") from None
    return _with_absolute_paths(recipe, tree)


def locate(path: Path, key: Key) -> str:
    """The file and line at which a recipe, or one that it extends, says `key`."""
    return _with_bases(path.absolute(), chain=[]).where(key)


def load_control(path: Path) -> Control:
    """The controlled questions at `path`.

    Raises:
        RecipeError: the file is missing, is not YAML or breaks the schema.
    """
    tree = _read_yaml(path)
    try:
        return Control.model_validate(tree.data)
    except ValidationError as error:
        raise RecipeError(_problems(error, tree, Control)) from None


def _with_bases(path: Path, chain: list[Path]) -> Tree:
    if path in chain:
        circle = " -> ".join(str(p) for p in [*chain[chain.index(path) :], path])
        raise RecipeError([f"{path}: `extends` runs in a circle: {circle}"])
    tree = _read_yaml(path)
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


def _read_yaml(path: Path) -> Tree:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecipeError([f"{path}: there is no such file"], mend=_nearby(path)) from None
    except UnicodeDecodeError as error:
        raise RecipeError([f"{path}: not UTF-8 text (byte {error.start})"], mend="Save it as UTF-8.") from None
    except OSError as error:
        raise RecipeError([f"{path}: cannot be read: {error.strerror}"]) from None
    try:
        loaded = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise RecipeError([f"{path}:{line}: not YAML: {error.problem or error.context}"]) from None
    except YAMLError as error:
        raise RecipeError([f"{path}: not YAML: {error}"]) from None
    if not isinstance(loaded, CommentedMap):
        raise RecipeError([f"{path}:1: expected `key: value` lines at the top, found {_kind_of(loaded)}"])
    lines: dict[Key, tuple[Path, int]] = {(): (path, 1)}
    data = _plain(loaded, (), path, lines)
    return Tree(data, lines)


def _plain(value: Any, at: Key, path: Path, lines: dict[Key, tuple[Path, int]]) -> Any:
    """Ruamel's containers as dicts and lists, noting each key's line."""
    if isinstance(value, CommentedMap):
        plain: dict[str, Any] = {}
        for key, item in value.items():
            line = value.lc.key(key)[0] if key in (value.lc.data or {}) else lines[at][1] - 1  # merged keys have none
            lines[(*at, str(key))] = (path, line + 1)
            plain[str(key)] = _plain(item, (*at, str(key)), path, lines)
        return plain
    if isinstance(value, CommentedSeq):
        items = []
        for index, item in enumerate(value):
            lines[(*at, index)] = (path, value.lc.item(index)[0] + 1)
            items.append(_plain(item, (*at, index), path, lines))
        return items
    # ruamel keeps the spelling of numbers and strings in subclasses; pydantic wants the plain ones
    for plain_type in (bool, int, float, str):
        if isinstance(value, plain_type):
            return plain_type(value)
    return value


def _problems(error: ValidationError, tree: Tree, model: type[BaseModel]) -> list[str]:
    found = []
    for detail in error.errors():
        key = tuple(part for part in detail["loc"] if part != "[key]")
        found.append((tree.origin(key), f"{tree.where(key)}: {_spelled(key)}: {_expectation(detail, key, model)}"))
    return [message for _, message in sorted(found, key=lambda item: (str(item[0][0]), item[0][1]))]


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


def _nearby(path: Path) -> str:
    recipes = sorted(p.name for p in path.parent.glob("*.yaml"))[:6] if path.parent.is_dir() else []
    return f"In {path.parent} there are: {', '.join(recipes)}." if recipes else "`curate init NAME` writes a first recipe."


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
    if recipe.generate and recipe.generate.provider == "llama-cpp":
        model = Path(resolved(str(Path(recipe.generate.model).expanduser()), ("generate", "model")))
        if not model.is_file():
            raise RecipeError([f"{tree.where(('generate', 'model'))}: generate.model: there is no file {model}"])
        update["generate"] = update.get("generate", recipe.generate).model_copy(update={"model": str(model)})
    if recipe.control:
        control = Path(resolved(recipe.control, ("control",)))
        if not control.is_file():
            raise RecipeError([f"{tree.where(('control',))}: control: there is no file {control}"])
        update["control"] = str(control)
    if recipe.train and recipe.train.base_model.startswith(("./", "../", "/", "~")):
        base = Path(recipe.train.base_model).expanduser()
        folder = base if base.is_absolute() else Path(resolved(str(base), ("train", "base_model")))
        update["train"] = recipe.train.model_copy(update={"base_model": str(folder)})
    return recipe.model_copy(update=update)
