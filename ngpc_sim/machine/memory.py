"""Memory that is free on this machine, or in the container that the process runs in.

Limits of version 1 of control groups are not seen.
"""

from __future__ import annotations

import os
from pathlib import Path

#: limit and use of a container's memory by version 2 of control groups
LIMIT, USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
#: what its use is made of; pages of files that nobody uses (``inactive_file``) count as use, and are given up first
STAT = Path("/sys/fs/cgroup/memory.stat")
#: what Linux says of the machine's memory, in KiB
MACHINE = Path("/proc/meminfo")


def free_bytes() -> int:
    """Bytes that a process can still take; all that the machine has where it does not say."""
    free = _free_of_machine()
    try:
        used = max(0, int(USED.read_text()) - _idle_pages())
        free = min(free, max(0, int(LIMIT.read_text()) - used))
    except (OSError, ValueError):
        return free  # no container, or one without a limit, which it calls "max"
    return free


def _idle_pages() -> int:
    """Bytes of files that a container holds in memory and that nobody uses; 0 where it does not say."""
    try:
        lines = dict(line.split(" ", 1) for line in STAT.read_text().splitlines())
        return int(lines["inactive_file"])
    except (OSError, KeyError, ValueError):
        return 0


def _free_of_machine() -> int:
    try:
        lines = dict(line.split(":", 1) for line in MACHINE.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
