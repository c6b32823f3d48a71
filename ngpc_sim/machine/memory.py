"""Memory that is free on this machine, or in the container that the process runs in."""

from __future__ import annotations

import os
from pathlib import Path

#: limit and use of a container's memory by version 2 of control groups
LIMIT, USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
#: what Linux says of the machine's memory, in KiB
MACHINE = Path("/proc/meminfo")


def free_bytes() -> int:
    """Bytes that a process can still take; all that the machine has where it does not say."""
    free = _free_of_machine()
    try:
        free = min(free, max(0, int(LIMIT.read_text()) - int(USED.read_text())))
    except (OSError, ValueError):
        return free  # no container, or one without a limit, which it calls "max"
    return free


def _free_of_machine() -> int:
    try:
        lines = dict(line.split(":", 1) for line in MACHINE.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
