"""How the house is kept: commands that answer at once, arrows that point one way, nothing unsafe to load."""

import ast
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Set
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("likeness", "curate", "train", "export")
HEAVY = {
    "torch", "transformers", "datasets", "great_expectations", "argilla", "anthropic", "pydantic", "ruamel", "numpy", "pandas",
    "pyarrow", "peft", "trl", "llama_cpp", "jinja2", "bs4", "lxml", "trafilatura",
    "pypdfium2",
}  # fmt: skip


def modules_after(command: str) -> set[str]:
    """The top-level modules that `COMMAND --help` has loaded when it is done."""
    code = (
        f"import sys, {command}.cli\nsys.argv = ['{command}', '--help']\n"
        f"try:\n    {command}.cli.main()\nfinally:\n    print('LOADED', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split("LOADED ")[1].split()}


@pytest.mark.parametrize("command", ["curate", "train"])
def test_help_loads_nothing_heavy(command):
    assert not modules_after(command) & HEAVY


@pytest.mark.parametrize("command", ["curate", "train"])
def test_help_answers_in_under_200_ms(command):
    """The best of a few, in processor time, because the machine may be busy with other things."""
    import resource

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([Path(sys.executable).with_name(command), "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert any(once() < 0.2 for _ in range(20))  # other work beside it only makes it slower


@pytest.mark.parametrize("command", ["curate", "train"])
def test_a_command_says_its_version(command):
    said = subprocess.run([Path(sys.executable).with_name(command), "--version"], capture_output=True, text=True, check=True)
    written = re.search(r'^__version__ = "(.+)"$', (ROOT / "likeness/__init__.py").read_text(encoding="utf-8"), re.MULTILINE)
    assert said.stdout == f"likeness {written[1]}\n"


def test_the_arrows_between_the_packages_point_one_way():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_server_that_is_embedded_is_forbidden_every_module_but_its_own():
    """Of each folder on the way to it, all that is beside the way: a new module has to be added to the contract."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    (contract,) = (each for each in contracts if each.get("source_modules") == ["curate.review.local.serve"])
    beside = set(PACKAGES) - {"curate"}
    for folder, way in (("curate", "review"), ("curate/review", "local"), ("curate/review/local", "serve")):
        modules = {path.stem for path in (ROOT / folder).glob("*.py")} | {
            path.parent.name for path in (ROOT / folder).glob("*/__init__.py")
        }
        beside |= {f"{folder.replace('/', '.')}.{name}" for name in modules - {"__init__", way}}
    assert set(contract["forbidden_modules"]) == beside


def test_nothing_is_pickled_and_no_yaml_makes_objects():
    unsafe = re.compile(
        r"^\s*(?:import|from)\s+(?:pickle|cPickle|dill|joblib|shelve|marshal)\b|typ=[\"']unsafe|torch\.load\(", re.M
    )
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert len(sources) > 40
    assert [str(path) for path in sources if unsafe.search(path.read_text(encoding="utf-8"))] == []


def test_no_module_of_one_system_alone_is_imported_at_the_top():
    """The server that runs in Argilla's own environment may: it is a program of its own."""
    posix = {"fcntl", "resource", "pwd", "grp", "termios"}
    found = [
        f"{path}:{node.lineno}"
        for path, tree in trees(*PACKAGES)
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        and posix & {getattr(node, "module", None), *(each.name for each in node.names)}
    ]
    assert [place for place in found if not place.startswith("curate/review/local/serve/")] == []


def importing(*names: str) -> set[str]:
    """The files that import one of these modules, at the top or elsewhere."""
    return {
        path
        for path, tree in trees(*PACKAGES)
        for node in nodes_of(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for each in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
        if each.split(".")[0] in names
    }


def test_locks_are_made_in_one_file():
    """The embedded server's own code imports nothing of ours, so it locks its one file itself."""
    assert importing("filelock", "fcntl", "msvcrt") == {"likeness/lock.py", "curate/review/local/serve/__main__.py"}


def test_llama_cpp_is_loaded_in_one_process_alone():
    assert importing("llama_cpp") == {"likeness/llama/worker.py", "likeness/llama/together.py"}


def test_workers_run_no_code_of_the_folder_that_they_are_started_in():
    """`-P` keeps the working folder out of what a Python process imports."""
    started = [
        (f"{path}:{node.lineno}", [each.value for each in node.elts[1:2] if isinstance(each, ast.Constant)])
        for path, tree in trees(*PACKAGES)
        for node in nodes_of(tree)
        if isinstance(node, ast.List | ast.Tuple) and node.elts and ast.unparse(node.elts[0]) == "sys.executable"
    ]
    assert len(started) >= 4
    assert [place for place, options in started if options != ["-P"]] == []


@pytest.mark.parametrize("path", ["curate/build.py", "train/run.py"])
def test_the_main_path_is_read_on_one_page(path):
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) < 120


def test_the_ledger_gives_typed_rows_and_goes_through_what_may_be_large():
    """No row of SQLite's leaves it, and all pairs, findings or requests of a build are never made a list of."""
    returned = {
        node.name: ast.unparse(node.returns)
        for path, tree in trees("curate/ledger")
        for node in nodes_of(tree)
        if isinstance(node, ast.FunctionDef) and node.returns and not node.name.startswith("_")
    }
    assert len(returned) > 40
    assert {name: kind for name, kind in returned.items() if "sqlite3" in kind} == {}
    large = {
        name: returned[name]
        for name in ("pairs_of", "written_in", "findings_in", "answered_requests", "planned_rows", "planned_keys")
    }
    assert {name: kind for name, kind in large.items() if not kind.startswith("Iterator")} == {}


def strings_in(*nodes: ast.AST | None) -> set[str]:
    every = (each for node in nodes if node for each in ast.walk(node))
    return {each.value for each in every if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def kinds_asked_for(tree: ast.Module, kinds: Set[str]) -> Iterator[tuple[int, str]]:
    """(line, name) of kinds of pairs that code compares a kind with, or has a table by.

    A table by kind has keys of at least two kinds: words like `decision` are the names of other things too.
    """
    for node in nodes_of(tree):
        if isinstance(node, ast.Compare):
            named = strings_in(node) & kinds if re.search(r"\bkind\b", ast.unparse(node)) else set()
        elif isinstance(node, ast.Dict):
            named = strings_in(*node.keys) & kinds
            named = named if len(named) > 1 else set()
        else:
            continue
        yield from ((node.lineno, name) for name in sorted(named))


def test_no_code_outside_the_kinds_asks_for_a_kind_by_name():
    """What a kind of pair is like is said in its file; code asks for that. Code that makes a pair says its kind."""
    from likeness.kinds import KINDS

    found = [
        f"{path}:{line}: {name}"
        for path, tree in trees(*PACKAGES)
        for line, name in kinds_asked_for(tree, KINDS.keys())
        if not (path.endswith("/interview.py") and name == "decision")  # a kind of its questions, not of a pair
    ]
    assert len(KINDS) > 5
    assert found == []


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("pair.kind == 'essay'", ["essay"]),
        ("kept.kind == 'interview' != other.kind", ["interview"]),
        ("row.get('kind') == 'own_words'", ["own_words"]),
        ("'dialogue' != row['kind']", ["dialogue"]),
        ("pair.kind in ('essay', 'dialogue')", ["dialogue", "essay"]),
        ("own = {'interview': 0, 'own_words': 1}", ["interview", "own_words"]),
        ("MOST = {'voice': 12, 'decision': 6}", []),
        ("make(kind='essay')", []),
        ("part.kind == 'heading'", []),
    ],
)
def test_code_that_asks_for_a_kind_by_name_is_found(code, names):
    from likeness.kinds import KINDS

    assert [name for _, name in kinds_asked_for(ast.parse(code), KINDS.keys())] == names


EVERYDAY = {"judge", "language", "length", "shape", "voice"}
"""Checks whose names other things bear too: a probe, a stage, a reviewer's reason. Found only where a check is meant."""


def checks_named(tree: ast.Module, checks: Set[str]) -> Iterator[tuple[int, str]]:
    """(line, name) of checks that code names in a string: alone, or after `--check` in a command that it shows."""
    meant: set[int] = set()
    for node in nodes_of(tree):
        asks = isinstance(node, ast.Compare) and re.search(r"\bcheck\b", ast.unparse(node))
        calls = isinstance(node, ast.Call) and re.search(r"check|pairs_(?:of|with)|^Finding$", ast.unparse(node.func))
        if asks or calls:
            meant |= {id(each) for each in ast.walk(node)}
    for node in nodes_of(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value in checks and (node.value not in EVERYDAY or id(node) in meant):
                yield node.lineno, node.value
            yield from ((node.lineno, name) for name in re.findall(r"--check (\w+)", node.value) if name in checks)


def test_no_code_outside_a_check_names_it():
    """A check is one file; commands' help shows one as an example."""
    from curate.check import checks

    every = {check.name for check in checks()}
    found = [
        f"{path}:{line}: {name}"
        for path, tree in trees("curate")
        if not path.endswith("/cli.py")
        for line, name in checks_named(tree, every)
        if path != f"curate/screen/{name}.py"
    ]
    assert len(every) > 10
    assert every > EVERYDAY
    assert found == []


def test_choices_of_checks_are_in_files_that_load_no_check():
    """They are read with every recipe, by `train` too; and no key is there that no check has."""
    from curate.check import checks

    code = "import sys, likeness.recipe.load; print(*(name for name in sys.modules if name.startswith('curate.')))"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    files = {path.stem for path in (ROOT / "curate/screen/settings").glob("*.py")} - {"__init__"}
    room = "curate.screen.settings"
    assert set(said) == {"curate.screen", room, *(f"{room}.{name}" for name in files)}
    assert {check.settings.__module__ for check in checks() if check.settings} == {f"{room}.{name}" for name in files}


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("CURES = {'mannerisms': 'do without', 'voice': 'say more'}", ["mannerisms"]),
        ("_pairs_of('voice', figures)", ["voice"]),
        ("any(check == 'judge' for check in found)", ["judge"]),
        ("f'curate show --recipe {recipe} --check voice --worst'", ["voice"]),
        ("by_check.get('private_data', ())", ["private_data"]),
        ("job.stage('judge')", []),
        ("question['about'] == 'voice'", []),
    ],
)
def test_code_that_names_a_check_is_found(code, names):
    from curate.check import checks

    assert [name for _, name in checks_named(ast.parse(code), {check.name for check in checks()})] == names


def test_servers_in_tests_listen_on_the_loopback_interface_only():
    everywhere = re.compile(r"[\"']0\.0\.0\.0[\"']|[\"']::[\"']|host=[\"'][\"']|--host[= ]0")
    found = [str(path) for path in (ROOT / "tests").rglob("*.py") if everywhere.search(path.read_text(encoding="utf-8"))]
    assert [name for name in found if name != __file__] == []


def test_the_messages_server_listens_on_the_loopback_interface_only():
    import psutil

    from tests.messages_server import running

    with running() as server:
        until = time.monotonic() + 5
        listening = []
        while not listening and time.monotonic() < until:
            listening = [each for each in psutil.Process(server.process.pid).net_connections() if each.status == "LISTEN"]
        assert {each.laddr.ip for each in listening} == {"127.0.0.1"}


def test_what_the_machine_lacks_is_said_with_the_command_that_fixes_it(tmp_path):
    """A machine without Python and without a compiler: both are named at once, before anything is installed."""
    for tool in ("sh", "df", "awk"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    script = ROOT / "tests/check_machine.sh"
    bare = subprocess.run([tmp_path / "sh", script, "python3"], env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert bare.returncode != 0
    assert "sudo apt-get install python3 python3-venv" in bare.stderr
    assert "sudo apt-get install g++" in bare.stderr
    whole = subprocess.run(["sh", script, sys.executable], capture_output=True, text=True)
    assert (whole.returncode, whole.stderr) == (0, "")


def test_the_examples_in_docstrings_are_true():
    import doctest
    import importlib

    tried = 0
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "\n    >>> " in path.read_text(encoding="utf-8"):
                module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
                result = doctest.testmod(module)
                assert result.failed == 0, path
                tried += result.attempted
    assert tried >= 5


# --- the tests themselves ---

LONGEST_NAME = 70
"""Characters of a name, of a test or in the code."""


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes_of(tree: ast.Module) -> list[ast.AST]:
    """Of a file that many tests look at."""
    return list(ast.walk(tree))


def trees(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Every Python file of these folders as its syntax tree, without the inputs of the unseen sets."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "unseen" not in path.parts:
                yield str(path.relative_to(ROOT)), parsed(path)


def test_no_name_is_longer_than_70_characters():
    found = []
    for path, tree in trees(*PACKAGES, "tests", "docs"):
        for node in nodes_of(tree):
            name = getattr(node, "name", None) or getattr(node, "id", None) or getattr(node, "arg", None)
            if isinstance(name, str) and len(name) > LONGEST_NAME:
                found.append(f"{path}:{node.lineno}: {name}")
    assert found == []


def public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions of a module, and methods of its public classes, that others may call. Commands speak by their help."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    for node in (*tree.body, *(each for inner in classes for each in inner.body)):
        is_public = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
        if is_public and ast.get_docstring(node) and not any("command" in ast.unparse(each) for each in node.decorator_list):
            yield node


def test_public_functions_of_three_parameters_name_each_in_args():
    looked_at, found = 0, []
    for path, tree in trees(*PACKAGES):
        for node in public_functions(tree) if not path.endswith("/cli.py") else ():
            every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            names = [each.arg for each in every if each.arg not in ("self", "cls")]
            text = ast.get_docstring(node) or ""
            overrides = path == "curate/review/local/serve/engine.py" and node.name.endswith("search")  # Argilla's documents them
            if len(names) >= 3 and not overrides:
                looked_at += 1
                if "Args:" not in text or any(f"{name}:" not in text for name in names):
                    found.append(f"{path}:{node.lineno}: {node.name}")
    assert looked_at > 50
    assert found == []


def test_no_helper_of_tests_is_written_twice():
    """What tests share is in tests/make.py and tests/conftest.py. A fixture counts, whatever it is called."""
    found: dict[str, list[str]] = {}
    for path, tree in trees("tests"):
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("test_"):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                same = ast.unparse(node.args) + "".join(ast.unparse(each) for each in body)
                found.setdefault(same, []).append(f"{path}:{node.lineno}: {node.name}")
    assert len(found) > 200
    assert [places for places in found.values() if len(places) > 1] == []


def names_in(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def is_never_empty(iterable: ast.expr, written: set[str]) -> bool:
    """Whether an iterable has items by its very text: a literal, a constant, or what is made of such."""
    match iterable:
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return bool(items)
        case ast.Dict(keys=keys):
            return bool(keys)
        case ast.Constant(value=value):
            return bool(value)
        case ast.Name(id=name):
            return name.isupper() or name in written
        case ast.BinOp(left=left, right=right):
            return is_never_empty(left, written) or is_never_empty(right, written)
        case ast.Call(func=ast.Attribute(attr="split")):
            return True
        case ast.Call(func=ast.Attribute(value=inner, attr="items" | "values" | "keys")):
            return is_never_empty(inner, written)
        case ast.Call(func=ast.Name(id="sorted" | "enumerate" | "zip" | "range"), args=parts):
            return all(is_never_empty(part, written) for part in parts)
    return False


def unguarded_loops(test: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """Loops and `all(…)` whose assertions nobody would miss if there were nothing to go through.

    A loop is guarded by an assertion outside it that names what it goes through, or what it counts or collects.
    """
    written = {
        target.id
        for node in ast.walk(test)
        if isinstance(node, ast.Assign) and is_never_empty(node.value, set())
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assertions = [node for node in ast.walk(test) if isinstance(node, ast.Assert)]
    for node in ast.walk(test):
        if isinstance(node, ast.For | ast.AsyncFor):
            inside = {id(each) for statement in node.body for each in ast.walk(statement)}
            iterable, asserts = node.iter, any(id(each) in inside for each in assertions)
            stored = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
            collected = {
                name
                for each in ast.walk(node)
                if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in ("add", "append")
                for name in names_in(each.func)
            }
        elif isinstance(node, ast.Call) and names_in(node.func) == {"all"} and isinstance(node.args[0], ast.GeneratorExp):
            inside = {id(each) for each in assertions if node in ast.walk(each)}
            iterable, asserts, stored, collected = node.args[0].generators[0].iter, True, set(), set()
        else:
            continue
        if asserts and not is_never_empty(iterable, written):
            guards = set().union(*(names_in(each) for each in assertions if id(each) not in inside))
            for each in ast.walk(test):  # `assert rows and all(…)`
                if isinstance(each, ast.BoolOp) and node in ast.walk(each):
                    guards |= set().union(*(names_in(part) for part in each.values if node not in ast.walk(part)))
            if not guards & (names_in(iterable) | stored | collected):
                yield node


def test_no_assertion_is_only_in_a_loop_that_may_be_empty():
    found = [
        f"{path}:{loop.lineno}: {node.name}"
        for path, tree in trees("tests")
        for node in nodes_of(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        for loop in unguarded_loops(node)
    ]
    assert found == [], "assert that there is something to go through, or how many"


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("for each in found(): assert each", [2]),
        ("assert all(each for each in found())", [2]),
        ("rows = found()\n for each in rows: assert each", [3]),
        ("rows = found()\n assert len(rows) == 2\n for each in rows: assert each", []),
        ("seen = 0\n for each in found():\n  assert each\n  seen += 1\n assert seen > 3", []),
        ("rows = found()\n assert rows and all(rows)", []),
        ("rows = found()\n assert rows and all(each for each in rows)", []),
        ("for each in (1, 2): assert each", []),
        ("for each in range(0): assert each", [2]),
        ("for each in WORDS: assert each", []),
        ("for each in found(): print(each)", []),
    ],
)
def test_a_loop_that_may_be_empty_is_found(body, lines):
    (test,) = ast.parse(f"def test_it():\n {body}\n").body
    assert [loop.lineno for loop in unguarded_loops(test)] == lines
