"""A real sshd on loopback: its own host key, port, user key and home; and a `ssh` on PATH that knows it as the host `box`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import psutil

BIN = Path(sys.executable).parent
SSHD, SSH = "/usr/sbin/sshd", "/usr/bin/ssh"


@dataclass
class Loopback:
    """The box: its folder holds `home`, which is the user's home there, and `bin` with the client's `ssh`."""

    folder: Path
    port: int
    session: dict[str, str]
    """The variables of its sessions."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def launches(self) -> list[Path]:
        """The folders of runs there."""
        return sorted(self.home.glob(".likeness/launch/*"))

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs."""
        return {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}

    def connections(self) -> list[psutil.Process]:
        """The server's processes, one or two for each connection."""
        found = psutil.Process(self.process.pid).children() if self.process else []
        return [each for each in found if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]

    def serve(self) -> None:
        """Listen."""
        with (self.folder / "sshd.log").open("ab") as log:
            self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", self.folder / "sshd_config"], stderr=log)
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert self.process.poll() is None, (self.folder / "sshd.log").read_text()
            time.sleep(0.05)

    def halt(self) -> None:
        """Be out of reach; what runs here goes on."""
        assert self.process
        self.drop()
        self.process.terminate()
        self.process.wait()

    def drop(self) -> None:
        """Kill every connection as a network would: nobody says goodbye, and what runs here goes on."""
        for connection in self.connections():
            with suppress(psutil.NoSuchProcess):
                for process in [connection, *(each for each in connection.children() if each.name() == "sshd")]:
                    process.kill()


def all_libraries_but_ours(folder: Path) -> dict[str, str]:
    """Variables of a box that has every library here but likeness, and no index to fetch it from."""
    libraries = folder / "libraries/site-packages"
    libraries.mkdir(parents=True)
    for path in next((BIN.parent / "lib").glob("python3*/site-packages")).iterdir():
        if "likeness" not in path.name and path.suffix != ".pth":
            (libraries / path.name).symlink_to(path)
    base = Path(os.path.realpath(BIN / "python")).parent
    return {"PATH": f"{base}:/usr/bin:/bin", "PYTHONPATH": str(libraries), "PIP_NO_INDEX": "1"}


@contextmanager
def running(folder: Path, **variables: str) -> Iterator[Loopback]:
    """A box whose sessions have these variables beside HOME, and the commands of this environment on their PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("home", "bin"):
        (folder / name).mkdir()
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for key in ("host_key", "user_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    (folder / "authorized_keys").write_text((folder / "user_key.pub").read_text())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    host_key = " ".join((folder / "host_key.pub").read_text().split()[:2])
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}\n")
    session = {
        "HOME": str(folder / "home"),
        "PATH": f"{BIN}:/usr/bin:/bin",
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
    } | variables
    (folder / "sshd_config").write_text(
        dedent(f"""\
        ListenAddress 127.0.0.1:{port}
        HostKey {folder}/host_key
        AuthorizedKeysFile {folder}/authorized_keys
        PidFile none
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        PermitRootLogin prohibit-password
        SetEnv {" ".join(f'"{name}={value}"' for name, value in session.items())}
        """)
    )
    (folder / "ssh_config").write_text(
        dedent(f"""\
        Host box stranger
            HostName 127.0.0.1
            Port {port}
            IdentityFile {folder}/user_key
            IdentitiesOnly yes
        Host box
            UserKnownHostsFile {folder}/known_hosts
        Host stranger
            UserKnownHostsFile {folder}/nobody
        Host gone
            HostName 127.0.0.1
            Port 1
        """)
    )
    client = folder / "bin/ssh"
    client.write_text(f'#!/bin/sh\nexec {SSH} -F "{folder}/ssh_config" "$@"\n')
    client.chmod(0o755)
    box = Loopback(folder, port, session)
    box.serve()
    try:
        yield box
    finally:
        box.halt()
