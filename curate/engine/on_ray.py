"""Parts run on a Ray cluster: the one that RAY_ADDRESS names, or one on this machine that ends with the build.

Ray starts a part again whose process or machine died, and writes results to disk that its memory does not hold.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Generator, Sequence
from types import TracebackType
from typing import Any

from curate import __version__
from curate.engine.engine import Part, Result, Shared, wait_for_imports
from likeness.errors import CallError, MachineError

RETRIES = 5
"""How often a part is started again whose process or machine died."""
PRIVATE = {"RAY_USAGE_STATS_ENABLED": "0"}
ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_worker_register_timeout_seconds": "600"}
"""For a Ray of one machine. The first keeps its ports on the loopback interface, and there is no other way to say so.

The second: workers that start slowly on a busy machine are given up, and no others are started: a build would wait for ever.
"""


class OnRay:
    """A Ray cluster; it is looked for, or started, when the first step is mapped.

    Args:
        gigabytes: memory that a worker is given; where a machine has less left, fewer run on it at once.

    Raises:
        CallError: Ray is not installed.
    """

    def __init__(self, gigabytes: float) -> None:
        if importlib.util.find_spec("ray") is None:
            raise CallError(
                "Ray is not installed", where="engine", fix="pip install 'likeness[ray]', or say `engine: processes`."
            )
        self._bytes = int(gigabytes * 1e9)
        self._started = False

    def __enter__(self) -> OnRay:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._started:
            import ray

            ray.shutdown()

    def map(
        self, step: Callable[[Shared, Part], Result], shared: Shared, parts: Sequence[Part], *, worth: int = 1
    ) -> Generator[Result, None, None]:
        """See `Engine`.

        Args:
            step: a function of a module; it must not write to the ledger.
            shared: what all parts need.
            parts: of the rows.
            worth: not asked: whoever says Ray has much to do.
        """
        if not parts:
            return
        ray = self._cluster()
        run = ray.remote(max_retries=RETRIES, num_cpus=1, memory=self._bytes)(_run)
        sent = [ray.put(shared)]  # in a list, or Ray would unpack it for every part
        most = 2 * int(ray.cluster_resources().get("CPU", 1)) + 2
        under_way: deque[Any] = deque()
        try:
            for part in parts:
                under_way.append(run.remote(step, sent, part, __version__))
                if len(under_way) >= most:
                    yield ray.get(under_way.popleft())
            while under_way:
                yield ray.get(under_way.popleft())
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError as error:
            raise MachineError(
                f"Ray could not finish a step: {str(error).splitlines()[0]}",
                fix="What was done is kept. See that its machines have memory left (`worker_gb`), and run the command again.",
            ) from None

    def _cluster(self) -> Any:
        """Ray, connected.

        Raises:
            MachineError: it cannot be reached, or has no machine that is large enough.
        """
        os.environ.update(PRIVATE)
        address = os.environ.get("RAY_ADDRESS", "local")
        if address == "local":
            os.environ.update(ALONE)
        else:
            _check_reachable(address)
        wait_for_imports()  # Ray hides modules from those that are imported meanwhile
        import ray

        if not ray.is_initialized():
            dashboard = False if address == "local" else None
            try:
                ray.init(address, include_dashboard=dashboard, log_to_driver=False, logging_level=logging.ERROR)
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise _unreachable(address, str(error).splitlines()[0]) from None
            self._started = True
        largest = max((node["Resources"].get("memory", 0) for node in ray.nodes() if node["Alive"]), default=0)
        if largest < self._bytes:
            raise MachineError(
                f"a worker is given {self._bytes / 1e9:g} GB, and Ray's largest machine has {largest / 1e9:.1f} GB for all",
                where="worker_gb",
                fix="Lower it, or add a machine.",
            )
        return ray


def _check_reachable(address: str) -> None:
    """Where nobody listens, Ray ends the whole process, without a word of what to do."""
    host, _, port = address.rpartition(":")
    if "//" in address:
        raise CallError(
            "Ray's client protocol is not used",
            where=f"RAY_ADDRESS={address}",
            fix="Call the command on a machine of the cluster, with RAY_ADDRESS=HOST:6379 of its head.",
        )
    if port.isdigit():
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
        except OSError as error:
            raise _unreachable(address, error.strerror or str(error)) from None


def _unreachable(address: str, why: str) -> MachineError:
    fix = "RAY_ADDRESS says where it is; without it one is started on this machine."
    return MachineError(f"Ray cannot be reached: {why}", where=address, fix=fix)


_kept: tuple[str, Any] = ("", None)


def _run(step: Callable[[Any, Part], Result], sent: list[Any], part: Part, version: str) -> Result:
    """In a worker: run a part. What all parts share is fetched once."""
    global _kept  # noqa: PLW0603 - a worker runs one part at a time
    import ray

    if version != __version__:
        raise CallError(f"a machine of the cluster has likeness {__version__}, and this one {version}", where="RAY_ADDRESS")
    name = sent[0].hex()
    if _kept[0] != name:
        _kept = ("", None)  # the last step's goes first: both may not fit
        _kept = (name, ray.get(sent[0]))
    return step(_kept[1], part)
