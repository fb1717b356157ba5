"""YAML as plain data with line numbers, from files that nobody vouches for.

The nodes are turned into data here and not by the YAML library's constructors, which raise whatever they like for a date that
does not exist, a number of a million digits or a tag of their own. Depth, size and aliases are bounded; nothing makes an object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from likeness.errors import RecipeError

Key = tuple[str | int, ...]
"""The way to a value inside a YAML file: ("generate", "kinds", 0, "words")."""

LARGEST_BYTES = 1_000_000
MOST_VALUES = 20_000
"""Values in one file once its aliases are followed: a recipe has a hundred."""
DEEPEST = 40
LONGEST_NUMBER = 40
"""Characters."""

CORE = "tag:yaml.org,2002:"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


@dataclass
class Tree:
    """Plain data with the file and line that each value comes from."""

    data: dict[str, Any]
    lines: dict[Key, tuple[Path, int]] = field(default_factory=dict)

    def where(self, key: Key) -> str:
        """The file and line of a key, or of the nearest one around it; where the command line says it, the option."""
        path, line = self.origin(key)
        return f"{path}:{line}" if line else path.name

    def origin(self, key: Key) -> tuple[Path, int]:
        """The file and line (from 1) of a key, or of the nearest one around it."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines[key]


def read_yaml(path: Path) -> Tree:
    """The YAML 1.2 mapping in a file.

    Raises:
        RecipeError: there is no such file, it is not YAML or no mapping, or it is larger, deeper or stranger than a recipe is.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        raise RecipeError([f"{path}: there is no such file"], fix=_nearby(path)) from None
    except UnicodeDecodeError as error:
        raise RecipeError([f"{path}: not UTF-8 text (byte {error.start})"], fix="Save it as UTF-8.") from None
    except OSError as error:
        raise RecipeError([f"{path}: cannot be read: {error.strerror}"]) from None
    except ValueError as error:  # a name with a null character
        raise RecipeError([f"{path}: cannot be read: {error}"]) from None
    if len(data) > LARGEST_BYTES:
        raise RecipeError([f"{path}: is larger than {LARGEST_BYTES // 1000:,} kB, which no recipe is"])
    return _Reading(path, text).tree()


def read_setting(setting: str, folder: Path) -> Tree:
    """One `key=value` of the command line, such as `train.lora.r=32`; the value is YAML.

    Args:
        setting: key and value.
        folder: relative paths in the value start here.

    Raises:
        RecipeError: there is no key, or the value is not one YAML value.
    """
    name, equals, value = setting.partition("=")
    keys = tuple(name.strip().split("."))
    if not equals or not all(keys):
        raise RecipeError([f"--set {setting}: expected key=value, such as train.lora.r=32"])
    option = Path(f"--set {name.strip()}".replace("/", " "))
    data = _Reading(option, f"value: {value}").tree().data
    if list(data) != ["value"]:
        raise RecipeError([f"--set {setting}: expected one value"])
    made: Any = data["value"]
    for key in reversed(keys):
        made = {key: made}
    return Tree(made, {keys: (folder / option, 0)})


class _Reading:
    """One file being read."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        self._lines: dict[Key, tuple[Path, int]] = {(): (path, 1)}
        self._values = 0

    def tree(self) -> Tree:
        node = self._composed()
        if not isinstance(node, MappingNode):
            found = "nothing" if node is None else "a list" if isinstance(node, SequenceNode) else repr(node.value)[:60]
            raise self._wrong(1, f"expected `key: value` lines at the top, found {found}")
        return Tree(self._mapping(node, (), ()), self._lines)

    def _composed(self) -> Node | None:
        if deep := re.search(rf"^[^\n#]*(?:[\[{{][ \t]*){{{DEEPEST}}}", self._text, re.MULTILINE):
            raise self._wrong(self._text.count("\n", 0, deep.end()) + 1, f"nested more than {DEEPEST} deep, which no recipe is")
        try:
            node: Node | None = YAML(typ="safe", pure=True).compose(self._text)
            return node
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise self._wrong(mark.line + 1 if mark else 1, f"not YAML: {error.problem or error.context}") from None
        except YAMLError as error:
            said = " ".join(str(error).split())[:200]
            line = re.search(r"line (\d+)", said)
            raise self._wrong(int(line[1]) if line else 1, f"not YAML: {said}") from None
        except RecursionError:
            raise self._wrong(1, f"nested more than {DEEPEST} deep, which no recipe is") from None
        except (ValueError, TypeError, IndexError, AttributeError, KeyError, AssertionError, OverflowError) as error:
            raise self._wrong(1, f"not YAML: {type(error).__name__}") from None  # a fault of the parser's on strange input

    def _value(self, node: Node, at: Key, above: tuple[Node, ...]) -> Any:
        self._values += 1
        if self._values > MOST_VALUES:
            raise self._wrong(_line(node), f"more than {MOST_VALUES:,} values once aliases are followed, which no recipe has")
        if node in above:
            raise self._wrong(_line(node), "an alias that holds itself")
        if len(above) > DEEPEST:
            raise self._wrong(_line(node), f"nested more than {DEEPEST} deep, which no recipe is")
        if isinstance(node, MappingNode):
            return self._mapping(node, at, above)
        if isinstance(node, SequenceNode):
            return self._sequence(node, at, above)
        return self._scalar(node)

    def _mapping(self, node: MappingNode, at: Key, above: tuple[Node, ...]) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        if str(node.tag) not in (f"{CORE}map", "!"):
            raise self._wrong(_line(node), f"the tag {_shown(node)} is not allowed here")
        merged: dict[str, Any] = {}
        for key_node, item in node.value:
            if not isinstance(key_node, ScalarNode):
                raise self._wrong(_line(key_node), "a key has to be a word")
            key = str(key_node.value)
            if CONTROL.search(key):
                raise self._wrong(_line(key_node), "a key with characters that are no text")
            if str(key_node.tag) == f"{CORE}merge" or (key == "<<" and key_node.style is None):
                for source in item.value if isinstance(item, SequenceNode) else [item]:
                    if not isinstance(source, MappingNode):
                        raise self._wrong(_line(item), "`<<` merges mappings only")
                    merged = self._value(source, at, (*above, node)) | merged
                continue
            if key in plain:
                raise self._wrong(_line(key_node), f'not YAML: found duplicate key "{key}"')
            self._lines[*at, key] = (self._path, _line(key_node))
            plain[key] = self._value(item, (*at, key), (*above, node))
        for key in merged.keys() - plain.keys():
            self._lines.setdefault((*at, key), (self._path, _line(node)))
        return merged | plain

    def _sequence(self, node: SequenceNode, at: Key, above: tuple[Node, ...]) -> list[Any]:
        if str(node.tag) not in (f"{CORE}seq", "!"):
            raise self._wrong(_line(node), f"the tag {_shown(node)} is not allowed here")
        items = []
        for index, item in enumerate(node.value):
            self._lines[*at, index] = (self._path, _line(item))
            items.append(self._value(item, (*at, index), (*above, node)))
        return items

    def _scalar(self, node: Node) -> Any:
        text = str(node.value)
        if CONTROL.search(text):
            raise self._wrong(_line(node), "a value with characters that are no text")
        kind = str(node.tag).removeprefix(CORE)
        try:
            match kind:
                case "null":
                    return None
                case "bool":
                    return {"true": True, "false": False}[text.lower()]
                case "int" | "float" if len(text) > LONGEST_NUMBER:
                    raise self._wrong(_line(node), f"a number of {len(text):,} characters")
                case "int":
                    return _whole(text)
                case "float":
                    return float(
                        text.replace("_", "")
                        .replace(".inf", "inf")
                        .replace(".Inf", "inf")
                        .replace(".NaN", "nan")
                        .replace(".nan", "nan")
                    )
                case "str" | "timestamp" | "!":  # a recipe has no dates: what looks like one is a text
                    return text
        except (ValueError, KeyError):
            raise self._wrong(_line(node), f"{text[:60]!r} is no {kind}") from None
        raise self._wrong(_line(node), f"the tag {_shown(node)} is not allowed here")

    def _wrong(self, line: int, what: str) -> RecipeError:
        return RecipeError([f"{self._path}:{line}: {what}"])


def _whole(text: str) -> int:
    digits = text.replace("_", "").lower()
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2], 10)
    return sign * int(digits[2:] if base != 10 else digits, base)


def _line(node: Node) -> int:
    line: int = node.start_mark.line
    return line + 1


def _shown(node: Node) -> str:
    return str(node.tag).replace(CORE, "!!")[:60]


def _nearby(path: Path) -> str:
    recipes = list(_recipes_in(path.parent))[:6]
    return f"In {path.parent} there are: {', '.join(recipes)}." if recipes else "`curate init NAME` writes a first recipe."


def _recipes_in(folder: Path) -> Iterator[str]:
    if folder.is_dir():
        yield from sorted(path.name for path in folder.glob("*.yaml"))
