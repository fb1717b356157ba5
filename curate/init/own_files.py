"""A recipe over somebody's own files: it points at them where they are, and brings questions to ask of every model."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curate.init.questions import propose_questions
from curate.init.ready import free_folder, in_yaml
from curate.init.unread import unread_kinds
from curate.model import Document
from curate.read.documents import READABLE, Unreadable, holds_words, read_document
from curate.read.reading import OthersSpeak
from likeness.errors import CallError
from likeness.files import atomic_folder, is_named_in_utf8, name_as_text
from likeness.llama.smollm2 import SMOLLM2
from likeness.metrics.text import count_of, count_words
from likeness.recipe.folders import holds_results
from likeness.recipe.ready import ready_recipes

MOST_LEFT_OUT = 20
"""Files that cannot be read and are named under `exclude`; of more, something else is the matter."""

MAIL = frozenset({".mbox", ".mbx", ".eml", ".emlx"})
FEW_DOCUMENTS = 10
"""Documents below which whole ones are too much to hold out."""


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """What was found and written."""

    recipe: Path
    documents: list[Document]
    suffixes: dict[str, int]
    """Files that are read, by the end of their name."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Files of these kinds that cannot be read, and why."""
    unread: dict[str, str] = field(default_factory=dict)
    """Files of other kinds, by number and suffix, and what to save them as."""
    talks: list[Path] = field(default_factory=list)
    """Mail and chats: the author's turns in them can be learnt where it is known who that is."""
    questions: int = 0

    @property
    def words(self) -> int:
        """Of all documents."""
        return sum(count_words(document.text) for document in self.documents)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "recipe": str(self.recipe),
            "documents": len(self.documents),
            "words": self.words,
            "suffixes": self.suffixes,
            "left_out": self.unread | self.left_out,
            "conversations": [name_as_text(path) for path in self.talks],
            "questions": self.questions,
        }

    def lines(self) -> list[str]:
        """For a terminal."""
        kinds = ", ".join(f"{number} {suffix}" for suffix, number in self.suffixes.items())
        files = f"{count_of(len(self.documents), 'file')} ({kinds}), {self.words:,} words"
        lines = [f"{self.recipe} is written: it reads {files}, where they are."]
        lines += [f"  left out: {name}, {why}" for name, why in self.unread.items()]
        lines += [f"  left out: {name} {why}" for name, why in list(self.left_out.items())[:MOST_LEFT_OUT]]
        if len(self.left_out) > MOST_LEFT_OUT:
            lines.append(f"  and {len(self.left_out) - MOST_LEFT_OUT} more files that cannot be read")
        if self.talks:
            talks = count_of(len(self.talks), "file", "hold")
            lines.append(f"  {talks} conversations, which are not read yet: say in {self.recipe} what you are called in them.")
        control = self.recipe.with_name("control.yaml")
        questions = count_of(self.questions, "question")
        lines.append(f"{control} proposes {questions} to ask of every model; change what you would not ask.")
        return lines


def write_own_recipe(folder: Path, files: Path, voice: str, provider: str = "anthropic", model: str | None = None) -> OwnFiles:
    """Write a recipe over the files in `files` into a new folder; the files stay where they are.

    Args:
        folder: the folder to make.
        files: a folder, or one file.
        voice: whose voice it is.
        provider: who writes: anthropic or llama-cpp.
        model: its name, or for llama-cpp a .gguf file or builtin:smollm2-135m.

    Raises:
        CallError: there is nothing to read, the folder is there already, or the provider lacks its model.
        MachineError: it cannot be written to.
    """
    name = free_folder(folder)
    if provider == "llama-cpp" and model != SMOLLM2 and not (model or "").endswith(".gguf"):
        fix = f"Say which: --model FILE.gguf, or --model {SMOLLM2} to try the way with a toy."
        raise CallError("llama-cpp needs the .gguf file that is to write", fix=fix)
    found_files = [files] if files.is_file() else list(filter(holds_words, _files_below(files)))
    mail = [path for path in found_files if path.suffix.lower() in MAIL]
    paths = [path for path in found_files if path.suffix.lower() not in MAIL]
    by_suffix = Counter(path.suffix.lower() for path in paths)
    suffixes = {suffix: number for suffix, number in by_suffix.most_common() if suffix in READABLE}
    unread = unread_kinds(paths)
    if not suffixes:
        found = "; ".join(f"{name} ({why})" for name, why in unread.items()) or ("mail" if mail else "nothing")
        fix = f"It holds {found}; these are read: {', '.join(READABLE)}."
        fix += " Mail is read where a recipe says `as: conversations`." if mail else ""
        raise CallError("there is no file here that can be read", where=str(files), fix=fix)
    documents, left_out, chats = _read([path for path in paths if path.suffix.lower() in suffixes], files)
    talks = sorted(mail + chats)
    if not documents:
        why = "; ".join(f"{name_as_text(name)} {why}" for name, why in list(left_out.items())[:3])
        raise CallError(f"no file here can be read: {why}", where=str(files))
    questions = propose_questions(documents)
    read = dict(Counter(Path(document.path).suffix.lower() for document in documents).most_common())
    matched = [path for path in left_out if Path(path).suffix.lower() in read]  # by no pattern else
    unreadable = [path for path in matched if (files / path).is_file() or path == files.name][:MOST_LEFT_OUT]
    text = _recipe(name, voice, files.resolve(), read, unreadable, provider, model, len(documents), talks)
    with atomic_folder(folder) as part:
        (part / "recipe.yaml").write_text(text, encoding="utf-8")
        (part / "control.yaml").write_text(_control(questions, voice), encoding="utf-8")
        (part / "recipe.schema.json").write_bytes(ready_recipes().joinpath("recipe.schema.json").read_bytes())
    told = {name_as_text(name): why for name, why in left_out.items()}
    return OwnFiles(folder / "recipe.yaml", documents, read, told, unread, talks, len(questions))


def _files_below(folder: Path) -> list[Path]:
    """Every file below a folder but hidden ones, those in hidden folders, and results of a build: patterns match none of them."""
    found = []
    for root, folders, names in os.walk(folder):
        if holds_results(Path(root)) and Path(root) != folder:
            folders.clear()
            continue
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        found += [Path(root, each) for each in sorted(names) if not each.startswith(".")]
    return found


def _read(paths: list[Path], files: Path) -> tuple[list[Document], dict[str, str], list[Path]]:
    """The documents; the files that cannot be read, and why; those that are conversations."""
    documents, left_out, chats = [], {}, []
    base = files.parent if files.is_file() else files
    for path in paths:
        name = str(path.relative_to(base))
        try:
            documents.append(read_document(path, name, "own"))
        except OthersSpeak as error:
            left_out[name] = str(error)
            chats.append(path)
        except Unreadable as error:
            left_out[name] = str(error)
    return documents, left_out, chats


def _recipe(
    name: str,
    voice: str,
    files: Path,
    suffixes: dict[str, int],
    unreadable: list[str],
    provider: str,
    model: str | None,
    documents: int,
    talks: list[Path],
) -> str:
    """The recipe's text. Whatever comes from outside is written as a quoted string."""
    base = glob.escape(str(files))
    patterns = [base] if files.is_file() else [f"{base}/**/*{suffix}" for suffix in _spellings(files, suffixes)]
    named = [each for each in unreadable if is_named_in_utf8(each)]
    exclude = f", exclude: [{', '.join(_quoted(f'{base}/{glob.escape(each)}') for each in named)}]" if named else ""
    exclude += ", unreadable: skip" if len(named) < len(unreadable) else ""  # what cannot be written down cannot be excluded
    sources = "\n".join(f"  - {{path: {_quoted(pattern)}, rights: own{exclude}}}" for pattern in patterns)
    if talks:
        sources += "\n  # Conversations: your turns are the answers. Say what you are called in them, and take the # away."
        sources += "".join(
            f"\n  # - {{path: {_quoted(glob.escape(path))}, as: conversations, author: {_quoted(called)}, rights: own}}"
            for path, called in _called(talks[:MOST_LEFT_OUT], voice)
        )
    writes = (
        "  provider: anthropic                # the key comes from ANTHROPIC_API_KEY in the environment\n"
        f"  model: {_quoted(model or 'claude-sonnet-5-5')}       # claude-haiku-5-5 costs a fraction\n"
        "  budget_usd: 10                     # a ceiling over all builds; `curate plan` says what to expect"
        if provider == "anthropic"
        else f"  provider: llama-cpp\n  model: {SMOLLM2 if model == SMOLLM2 else _quoted(str(Path(model or '').resolve()))}"
    )
    return f"""\
# yaml-language-server: $schema=recipe.schema.json
#
# {_plain(voice)}'s voice. Say more of it in `persona.description`, then: curate plan, curate build --sample 3, curate build.
name: {in_yaml(name)}
persona:
  name: {_quoted(voice)}
  description: >-
    Writes as in the passages that are shown. Keeps to short answers where the passages do, takes a side, and says what is not
    known.
  system_prompt: {_quoted(f"You are {voice}. Answer as you do in your own writing.")}
sources:
{sources}
generate:
{writes}
  kinds:                               # the shapes that the model learns, and how many of each
    - {{kind: question_answer, per_passage: 2, words: [40, 180]}}
    - {{kind: own_words, per_passage: 1, words: [40, 300]}}      # your prose is the answer; only the question is written
    - {{kind: reflection, per_document: 1}}
review: {{pairs: flagged}}               # a person sees what the checks doubt: curate review
split: {{validation: 0.1, by: {"document" if documents >= FEW_DOCUMENTS else "pair"}}}
control: control.yaml                  # asked of every model, never trained on
train:
  base_model: HuggingFaceTB/SmolLM2-1.7B-Instruct             # needs a GPU; builtin:tiny tries the way on any machine
  sft: {{epochs: 3, learning_rate: 2.0e-4}}
export: {{publisher: me, gguf: [q8_0, q4_k_m]}}
"""


def _called(talks: list[Path], voice: str) -> list[tuple[str, str]]:
    """Each file of conversations, and what the author may be called in it: by mail people are known by their address."""
    return [(name_as_text(path.resolve()), "YOUR@ADDRESS" if path.suffix.lower() in MAIL else voice) for path in talks]


def _spellings(files: Path, suffixes: dict[str, int]) -> list[str]:
    """The suffixes as the files spell them (.md, .MD), each once: patterns tell capitals apart."""
    return sorted({path.suffix for path in _files_below(files) if path.suffix.lower() in suffixes})


def _control(questions: list[dict[str, str]], voice: str) -> str:
    lines = [
        "# Asked of the base and of every tuned model, never trained on. Proposed from the documents of",
        f"# {_plain(voice)}: put your own in their place where they are better. `about`: voice, does it sound right;",
        "# facts, does it know the documents; unknown, does it admit what nobody can know; general, what it has forgotten.",
        "questions:",
    ]
    lines += [f"  - {{id: {each['id']}, about: {each['about']}, question: {_quoted(each['question'])}}}" for each in questions]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A YAML string in double quotes, which may hold anything (YAML 1.2, 7.3.1: JSON's strings are YAML's)."""
    import json

    return json.dumps(text, ensure_ascii=False)


def _plain(text: str) -> str:
    """A text for a comment: one line."""
    return re.sub(r"\s+", " ", text)
