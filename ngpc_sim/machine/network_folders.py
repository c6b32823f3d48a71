"""Whether a folder lies on another machine: memory shared between processes does not reach there."""

from __future__ import annotations

from pathlib import Path

#: types of file systems of other machines, as Linux lists them (``man 5 proc``, and the names of their drivers)
TYPES = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "gpfs", "beegfs"),
        *("pvfs2", "orangefs", "virtiofs", "fuse"),
    }
)
MOUNTS = Path("/proc/self/mountinfo")


def on_network(folder: Path, mounts: Path = MOUNTS) -> bool:
    """Whether the file system of ``folder`` is one of ``TYPES``; one in a user's program (fuse) is taken for one.

    Where the system has no list of mounts, none is.
    """
    try:
        lines = [line.decode("latin-1") for line in mounts.read_bytes().splitlines()]
    except OSError:
        return False
    place, found = folder.resolve(), ("", "")
    for line in lines:
        before, _, behind = line.partition(" - ")
        written = before.split(" ")[4].encode("latin-1").decode("unicode_escape")  # a space is \040
        point = written.encode("latin-1").decode("utf-8", "surrogateescape")
        if place.is_relative_to(point) and len(point) >= len(found[0]):
            found = point, behind.split(" ")[0]
    return found[1].partition(".")[0] in TYPES
