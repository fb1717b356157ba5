"""A machine that the system's ssh reaches: the user's own, with their keys and known hosts. Nothing of it is stopped but our run.

The folder of a run there, `~/.likeness/launch/ID`, holds the sealed file, `job` (what runs), `pid`, `child` (the command
`train`), `log`, `answer.json`, at last `exit` (its exit code) and the sealed result. Scripts go over standard input, whatever the
login shell is, and run only when they have arrived whole.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from likeness import __version__
from likeness.errors import CallError, LikenessError, MachineError
from train.launch.box import Dropped, Poll, Target
from train.launch.machines import Offer
from train.launch.record import Record

ANSWERS_WITHIN = 60.0
"""Seconds for a short script; ssh itself gives a silent connection up after 30."""
INSTALLS_WITHIN = 3600.0
OPTIONS = (
    "BatchMode=yes",
    "ConnectTimeout=15",
    "ServerAliveInterval=10",
    "ServerAliveCountMax=3",
    "ControlMaster=auto",
    "ControlPersist=60",
)
VENV = "$HOME/.likeness/venv"

LOOK = """
for it in {given} "$(command -v train)" "{venv}/bin/train"; do
    [ -d "$it" ] && it="$it/bin/train"
    said=$("$it" --version 2>/dev/null </dev/null) || continue
    case $said in "likeness "*) echo "train ${{said#likeness }} $it";; esac
done
nvidia-smi --query-gpu=memory.total,name --format=csv,noheader,nounits 2>/dev/null | sed 's/^/gpu /; s/,//'
sed -n 's/^MemTotal: *\\([0-9]*\\) kB/memory \\1/p' /proc/meminfo 2>/dev/null
"""
INSTALL = """
cd "{folder}" && python3 -m venv "{venv}" && "{venv}/bin/pip" install --quiet --disable-pip-version-check \
    --constraint constraints.txt "$PWD/{wheel}[train]" </dev/null
code=$?
cd / && rm -rf "{folder}"
exit $code
"""
START = """
cd "{folder}" || exit 1
if [ -f exit ] || {{ [ -f pid ] && kill -0 "$(cat pid)" 2>/dev/null; }}; then exit 0; fi
umask 077
rm -f child
export PYTHONUNBUFFERED=1
{exports}
cat >job <<'END'
{job}
END
$(command -v setsid) nohup sh ./job </dev/null >>log 2>&1 &
echo $! >pid.part && mv pid.part pid
"""
JOB = """
{train} run {name}.pack --json >answer.json &
child=$!
echo $child >child
{guard}
wait $child
echo $? >exit.part
mv exit.part exit
"""
GUARD = """
( left={limit}
  while [ "$left" -gt 0 ]; do [ -f child ] && [ ! -f exit ] || exit 0; sleep 1; left=$((left - 1)); done
  kill -TERM $child ) &
"""
"""The ceiling is kept on the box as well: nobody may be watching."""
POLL = """
cd "{folder}" 2>/dev/null || {{ echo "lost"; exit 0; }}
if [ -f exit ]; then echo "ended $(cat exit)"
elif [ -f pid ] && kill -0 "$(cat pid)" 2>/dev/null; then echo running
else echo lost; fi
[ -f log ] && tail -c +{after} log
"""
STOP = """
cd "{folder}" 2>/dev/null && [ -f child ] || exit 0
kill -TERM "$(cat child)" 2>/dev/null
left=60
while [ $left -gt 0 ] && kill -0 "$(cat pid)" 2>/dev/null; do sleep 1; left=$((left - 1)); done
[ $left -gt 0 ] || kill -KILL "$(cat child)" "$(cat pid)" 2>/dev/null
exit 0
"""


class Ssh:
    """The box of `--on ssh HOST`."""

    def __init__(self, target: Target) -> None:
        if not target.host or target.host.startswith("-"):
            raise CallError("says no host", where="--on ssh", fix="Say one that `ssh` knows: --on ssh HOST.")
        self.target, self.host = target, target.host
        self._train = ""
        self._sockets = tempfile.mkdtemp(prefix="likeness-", dir="/tmp")  # a socket's path may have 100 characters
        self._ssh = ["ssh", "-o", f"ControlPath={self._sockets}/%C"]
        for option in OPTIONS:
            self._ssh += ["-o", option]

    def close(self) -> None:
        """Close the connection that the commands shared."""
        subprocess.run([*self._ssh, "-O", "exit", "--", self.host], check=False, capture_output=True)
        shutil.rmtree(self._sockets, ignore_errors=True)

    def offers(self) -> list[Offer]:
        """The box as it is, at the price that the call says."""
        try:
            found, gpus, memory = self._look()
            if self.target.install and (found is None or found[0] != __version__):
                self._install()
                found, gpus, memory = self._look()
        except Dropped as error:
            raise MachineError(
                error.what, where=self.host, fix=f"This must work, and ask nothing: ssh {self.host} true"
            ) from None
        if found is None:
            fix = f"Say where it is: --train VENV. Or, to make {VENV.replace('$HOME', '~')} there with this version: --install."
            raise MachineError(f"there is no `train` of likeness {__version__} on it", where=self.host, fix=fix)
        version, self._train = found
        if version != __version__:
            fix = f"Bring it to {__version__}, or say --install to make ~/.likeness/venv there with this version."
            raise MachineError(f"it has likeness {version}, and here is {__version__}", where=self.host, fix=fix)
        price = self.target.usd_per_hour or 0.0
        if gpus:
            return [Offer(gpus[0][1], "gpu", gpus[0][0], price)]
        return [Offer("CPU", "cpu", memory, price)]

    def start(self, record: Record, pack: Path, secrets: Mapping[str, str]) -> None:
        """Send the sealed file and start its run, unless it runs or has ended there.

        Args:
            record: of the launch.
            pack: the sealed file.
            secrets: variables of the run's environment.
        """
        if "train" not in record.notes:
            if not self._train:  # a launcher was killed before it could note it
                self.offers()
            record.notes["train"] = self._train
        folder, size = remote_folder(record), pack.stat().st_size
        asked = f'[ -f "{folder}/{pack.name}" ] && wc -c <"{folder}/{pack.name}"'
        if self._script(asked, may_fail=True).strip() != str(size).encode():
            with pack.open("rb") as file:
                inside = f'umask 077; mkdir -p "{folder}" && cd "{folder}" && cat >part && mv part {shlex.quote(pack.name)}'
                self._run(["sh", "-c", shlex.quote(inside)], stdin=file, seconds=INSTALLS_WITHIN)
        job = job_of(record, shlex.quote(record.notes["train"]))
        exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in secrets.items())
        self._script(START.format(folder=folder, exports=exports, job=job))

    def poll(self, record: Record, seen: int) -> Poll:
        """One look at the folder."""
        word, _, text = self._script(POLL.format(folder=remote_folder(record), after=seen + 1)).partition(b"\n")
        match word.decode().split():
            case ["ended", code] if code.isdigit():
                return Poll(text, "ended", int(code))
            case ["running"]:
                return Poll(text[: text.rfind(b"\n") + 1], "running")  # a line that is half there comes with the next look
            case _:
                return Poll(text, "lost")

    def fetch(self, record: Record, to: Path) -> bool:
        """Copy the result; what a dropped connection has left is gone on with."""
        name, part = f"{remote_folder(record)}/{record.name}.result", to.with_name(f".{to.name}.part")
        if self._script(f'[ -f "{name}" ]; echo $?').strip() != b"0":
            return False
        with part.open("ab") as file:
            self._run(["sh", "-c", shlex.quote(f'tail -c +{file.tell() + 1} "{name}"')], stdout=file, seconds=None)
        os.replace(part, to)
        return True

    def salvage(self, record: Record, to: Path) -> bool:
        """Copy the folder in which the run worked: `train run` of the sealed file beside it goes on from there."""
        work = f"{record.name}.work"
        if self._script(f'[ -d "{remote_folder(record)}/{work}" ]; echo $?').strip() != b"0":
            return False
        with tempfile.TemporaryFile() as file:
            packing = f'cd "{remote_folder(record)}" && tar -cf - {shlex.quote(work)}'
            self._run(["sh", "-c", shlex.quote(packing)], stdout=file, seconds=None)
            file.seek(0)
            with tarfile.open(fileobj=file) as saved:
                saved.extractall(to, filter="data")
        return True

    def stop(self, record: Record) -> None:
        """Ask `train` to end, and wait for it a minute."""
        self._script(STOP.format(folder=remote_folder(record)), seconds=ANSWERS_WITHIN * 2)

    def tear_down(self, record: Record) -> None:
        """Remove the run's folder; the machine is the user's own."""
        self.stop(record)
        self._script(f'rm -rf "{remote_folder(record)}" && cd && rmdir .likeness/launch .likeness 2>/dev/null; true')

    def _look(self) -> tuple[tuple[str, str] | None, list[tuple[int, str]], int]:
        """The `train` there with its version, GPUs (bytes, name), and bytes of memory."""
        given = shlex.quote(self.target.train) if self.target.train else ""
        if given.startswith("'~/"):
            given = f'"$HOME"/{shlex.quote(self.target.train[2:])}'
        found: list[tuple[str, str]] = []
        gpus: list[tuple[int, str]] = []
        memory = 0
        for line in self._script(LOOK.format(given=given, venv=VENV)).decode(errors="replace").splitlines():
            match line.split(" ", 2):
                case ["train", version, path]:
                    found.append((version, path))
                case ["gpu", mebibytes, name]:
                    gpus.append((int(mebibytes) * 2**20, name))
                case ["memory", kilobytes]:
                    memory = int(kilobytes) * 1024
        best = next((each for each in found if each[0] == __version__), found[0] if found else None)
        return best, gpus, memory

    def _install(self) -> None:
        """Make a virtual environment with this version, from a wheel of what is installed here."""
        from train.launch.wheel import constraints, make_wheel

        folder = "$HOME/.likeness/install"
        with tempfile.TemporaryDirectory() as place:
            wheel, pins = make_wheel(Path(place)), Path(place, "constraints.txt")
            pins.write_text(constraints(), encoding="utf-8")
            for file in (wheel, pins):
                with file.open("rb") as stream:
                    inside = f'mkdir -p "{folder}" && cat >"{folder}/{file.name}"'
                    self._run(["sh", "-c", shlex.quote(inside)], stdin=stream)
        self._script(INSTALL.format(folder=folder, venv=VENV, wheel=wheel.name), seconds=INSTALLS_WITHIN)

    def _script(self, script: str, *, may_fail: bool = False, seconds: float = ANSWERS_WITHIN) -> bytes:
        """Run a script there, once it has arrived whole; gives what it says."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as file:
            file.write(f"main() {{\n{script}\n}}\nmain\n".encode())
            file.seek(0)
            self._run(["sh", "-s"], stdin=file, stdout=out, may_fail=may_fail, seconds=seconds)
            out.seek(0)
            return out.read()

    def _run(
        self,
        words: list[str],
        *,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
        may_fail: bool = False,
        seconds: float | None = ANSWERS_WITHIN,
    ) -> None:
        """One command there. Files take what it says: the shared connection outlives the command, and would hold pipes open."""
        with tempfile.TemporaryFile() as said:
            try:
                code = subprocess.run(
                    [*self._ssh, "--", self.host, *words],
                    stdin=stdin or subprocess.DEVNULL,
                    stdout=stdout or subprocess.DEVNULL,
                    stderr=said,
                    timeout=seconds,
                    check=False,
                    start_new_session=True,  # Ctrl-C is for us
                ).returncode
            except FileNotFoundError:
                raise MachineError("there is no `ssh` on this machine", fix="Install OpenSSH's client.") from None
            except subprocess.TimeoutExpired:
                raise Dropped("does not answer", where=self.host) from None
            said.seek(0)
            lines = [line for line in said.read().decode(errors="replace").splitlines() if line.strip()]
        if code == 0 or (may_fail and code != 255):
            return
        what = lines[-1] if lines else f"ended with {code}"
        if code == 255:
            raise Dropped(what, where=self.host)
        raise LikenessError(what, where=self.host)


def job_of(record: Record, train: str) -> str:
    """What runs in the folder there: `train`, and beside it the ceiling.

    Args:
        record: of the launch.
        train: the command, as a shell reads it.
    """
    limit = record.limit()
    guard = GUARD.format(limit=int(limit)) if limit is not None else ""
    return JOB.format(train=train, name=shlex.quote(record.name), guard=guard)


def remote_folder(record: Record) -> str:
    """The run's folder there, as a shell reads it between double quotes."""
    return f"$HOME/.likeness/launch/{record.id}"
