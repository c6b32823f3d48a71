"""Vega, Vega-Lite and Vega-Embed as one script, as vl_convert brings them.

It has V8 put them together, which takes seconds and ends the whole process where the system does not let it reserve its
address space. So another process does it, and what it gives is kept on disk by the version of vl_convert.
"""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache
from importlib.metadata import version

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.machine import disk_cache

MAKE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"
#: name of the script among the arrays that are kept
SCRIPT = "script"
#: seconds that it may take; it takes two (measured)
LONGEST_S = 300


@lru_cache(maxsize=1)
def vega() -> str:
    """The script, without what would end the element around it.

    Raises
    ------
    UserError
        Where it cannot be made.
    """
    key = f"javascript_bundle of vl_convert {version('vl-convert-python')}"
    kept = disk_cache.load(key, {SCRIPT: ("u1", (None,))})
    if kept is not None:
        return kept[SCRIPT].tobytes().decode()
    script = _made().replace(b"</script", b"<\\/script")
    disk_cache.save(key, {SCRIPT: np.frombuffer(script, np.uint8)})
    return script.decode()


def _made() -> bytes:
    """What vl_convert makes, in a process of its own that imports nothing from the current folder."""
    words = [sys.executable, "-P", "-c", MAKE]
    try:
        ran = subprocess.run(  # noqa: S603 - words of our own
            words, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LONGEST_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _not_made() from error
    if ran.returncode or not ran.stdout:
        raise _not_made()
    return ran.stdout


def _not_made() -> UserError:
    return UserError(
        "the scripts of report.html cannot be made: the package vl_convert ended early, as it does where the address "
        "space is limited (ulimit -v); make one page without the limit, and the scripts are kept."
    )
