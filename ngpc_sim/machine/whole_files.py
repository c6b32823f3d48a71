"""A file that is written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ngpc_sim.config.errors import UserError
from ngpc_sim.machine.ending import gone_at_the_end
from ngpc_sim.machine.leftovers import own_prefix, sweep


def check_target(target: Path) -> None:
    """Refuse to put a file in the place of what is no file: a folder, a device, a pipe."""
    if os.path.exists(target) and not os.path.isfile(target):  # noqa: PTH110, PTH113 - false for a name that none can have
        raise UserError(f"{target} cannot be written: it is there and is no file.")


def write_whole(target: Path, content: bytes) -> None:
    """Write ``content`` aside, bring it to the disk, and give it its name; a failure of the disk is a user's error."""
    check_target(target)
    try:
        sweep(target.parent)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=own_prefix(), delete=False) as file:
            temporary = Path(file.name)
            with gone_at_the_end(temporary):
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                temporary.chmod(0o644)
                temporary.replace(target)
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror or error}.") from error
