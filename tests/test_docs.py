"""The docs say what the program does: generated pages are current, transcripts are run, every link leads somewhere."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def transcript(page: Path) -> list[tuple[str, list[str]]]:
    """(command, lines that it prints) of every `console` block of a page."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def as_pattern(lines: list[str]) -> str:
    """A line `…` stands for any lines, `…` within a line for anything on it; blanks count as one."""
    parts = [
        r"(?:[^\n]*\n)*?" if line == "…" else re.sub(r"(?:\\ )+", r"[ ]+", re.escape(line)).replace("…", r"[^\n]*") + r"[ ]*\n"
        for line in lines
    ]
    return "".join(parts)


def check(page: Path, folder: Path) -> int:
    commands = transcript(page)
    for command, lines in commands:
        program, *arguments = command.split()
        done = subprocess.run([BIN / program, *arguments], cwd=folder, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        assert re.fullmatch(as_pattern(lines), done.stdout), f"{page.name}: {command} prints otherwise:\n{done.stdout}"
    return len(commands)


@pytest.mark.slow
def test_the_quick_start_is_what_the_program_prints(tmp_path):
    assert check(ROOT / "docs/index.md", tmp_path) == 5


def test_what_is_read_is_shown_as_the_docs_say(tmp_path):
    assert check(ROOT / "docs/documents.md", tmp_path) == 2


@pytest.mark.slow
def test_the_readmes_build_is_what_the_program_prints(tmp_path):
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes", ignore=shutil.ignore_patterns("build"))
    assert check(ROOT / "README.md", tmp_path) == 1


def load_generate():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    return generate


def test_every_help_shows_an_example_and_whole_sentences():
    generate = load_generate()
    for program in ("curate", "train"):
        commands = list(generate.commands_of(program))
        assert len(commands) >= 4
        assert {command.partition(" ")[0] for command in commands} <= set(commands), "groups have a help of their own"
        for command in ["", *commands]:
            said = generate.help_of(program, command)
            assert f"Example: {program}" in said, f"{program} {command}"
            plain = re.sub(r"\[ARGS\]\.\.\.|\{?RUN\.\.\.(?:\}\.\.\.)?|\.\.\.\]", "", said)  # arguments that may be several
            assert "..." not in plain, f"{program} {command}: a sentence is cut"
            about = said.split("\n\n")[1].strip()
            assert about[0].isupper() and about.endswith("."), f"{program} {command}: {about}"


@pytest.mark.slow
def test_generated_pages_are_current():
    generate = load_generate()
    old = [name for name, text in generate.pages().items() if (ROOT / "docs" / name).read_text(encoding="utf-8") != text]
    assert old == [], "run: python docs/generate.py"
    written = {f"checks/{path.name}" for path in (ROOT / "docs/checks").glob("*.md")}
    assert written == generate.check_pages().keys(), "a page of a check that is gone"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_and_pictures_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text) if not re.match(r"[a-z]+:", link)]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "checks/voice.html").read_text(encoding="utf-8")
    assert "not your voice" in page
    assert re.findall(r'(?:src|href)="https?://(?!squidfunk)[^"]+\.(?:js|css|woff2?)"', page) == []


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
