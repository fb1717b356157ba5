"""A `sky` that makes its machines out of the sshd on loopback: `python fake_sky.py FOLDER WORD…`.

It writes down how it is called, runs a task's setup and its run there, and names the machine in the client's configuration, as
SkyPilot does (docs.skypilot.co/en/latest/reference/cli.html).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

NO_MACHINE = "Cluster(s) not found: {}."


def main(folder: Path, words: list[str]) -> int:
    with (folder / "sky.log").open("a") as log:
        log.write(json.dumps(words) + "\n")
    if words[0] == "launch":
        name, secrets = words[words.index("--cluster") + 1], {}
        for at, word in enumerate(words):
            if word == "--secret":
                secrets[words[at + 1]] = os.environ[words[at + 1]]
        return launch(folder, name, YAML(typ="safe").load(Path(words[-1])), secrets)
    name = words[-1]
    config = folder / "ssh_config"
    if f"Host {name}\n" not in config.read_text():
        print(NO_MACHINE.format(name), file=sys.stderr)
        return 1
    file = folder / f"{name}.json"
    job = json.loads(file.read_text()) if file.is_file() else None
    if words[0] == "queue":
        print(f"Job queue of cluster {name}\nID  NAME  STATUS")
        if job:
            print(f"1   {name}  {'RUNNING' if is_alive(job['pid']) else 'SUCCEEDED'}")
    elif job and is_alive(job["pid"]):
        os.killpg(job["pid"], signal.SIGTERM)
    if words[0] == "down":
        config.write_text(config.read_text().replace(f"Host {name}\n    Include {folder}/ssh_machine\n", ""))
        file.unlink(missing_ok=True)
        for path in (folder / "home").iterdir():  # the machine is gone, with all that was on it
            shutil.rmtree(path)
    return 0


def launch(folder: Path, name: str, task: dict[str, Any], secrets: dict[str, str]) -> int:
    session = json.loads((folder / "session.json").read_text())
    work = folder / "home/sky_workdir"
    shutil.copytree(task["workdir"], work, dirs_exist_ok=True)
    (folder / f"{name}.yaml").write_text(json.dumps(task))
    with (folder / "ssh_config").open("a") as config:
        config.write(f"Host {name}\n    Include {folder}/ssh_machine\n")
    done = subprocess.run(["bash", "-ec", task["setup"]], cwd=work, env=session | secrets, check=False)
    if done.returncode:
        print("sky.exceptions.CommandError: setup failed")
        return 1
    nothing = subprocess.DEVNULL
    command = ["bash", "-c", task["run"]]
    process = subprocess.Popen(
        command, cwd=work, env=session | secrets, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
    )
    (folder / f"{name}.json").write_text(json.dumps({"pid": process.pid}))
    return 0


def is_alive(pid: int) -> bool:
    with suppress(OSError):
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return False


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), sys.argv[2:]))
