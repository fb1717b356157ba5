"""Where a CPU's memory is short, freed blocks go back to the system at once.

glibc keeps freed blocks of up to 32 MiB for later, and aligned ones, which torch asks for, rarely fit what was kept: training
held up to a third more than it needs. To give back costs a third more time, so it is done only where the third is not there.
"""

from __future__ import annotations

import sys
from contextlib import suppress

from train.devices import machine_memory
from train.memory import memory_terms
from train.workload import Workload

KEPT = 1 / 3
"""Of what a run needs: at most so much more is held where nothing is given back."""
M_MMAP_THRESHOLD = -3
LARGE_BLOCK = 2**18


def spare_memory(work: Workload) -> None:
    """Have blocks given back where the machine has less than the run would hold otherwise."""
    import torch

    needs = sum(memory_terms(work, "cpu", work.settings.method).values()) * work.settings.processes
    if not torch.cuda.is_available() and needs * (1 + KEPT) > machine_memory():
        give_back()


def give_back() -> None:
    """Have glibc give blocks of over 256 KiB back as soon as they are free, in this process from now on."""
    if sys.platform == "linux":
        import ctypes

        with suppress(AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
