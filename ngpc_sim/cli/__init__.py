"""Command line: flags to calls to print; no arithmetic.

Exit status 0, 2 for a user's error (one sentence on stderr), 1 for a failure of ours, 128 and the signal's number for a
run that a signal ended. Everything heavy is imported inside the command that needs it.
"""

from __future__ import annotations

import atexit
import errno
import gc
import io
import logging
import os
import sys
from pathlib import Path
from typing import NoReturn

from ngpc_sim.config.errors import SchedulerLostError, UserError, WorkerLostError
from ngpc_sim.config.texts import printable
from ngpc_sim.machine.ending import Stopped, say, stoppable, what_is_kept

#: new objects between two searches for cycles (700 by default)
OBJECTS_A_SEARCH = 50_000


def main() -> None:
    """Entry point of the ``ngpc-sim`` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # modules and results are many objects and few cycles, which need not be looked for so often; nor at the end,
    # which after a long sweep takes half a second
    gc.set_threshold(OBJECTS_A_SEARCH)
    atexit.register(gc.freeze)
    _ignore_settings_of_matplotlib()
    try:
        with stoppable():
            _run()
    except Stopped as stopped:
        say(stopped)
        sys.exit(stopped.status)


def _run() -> None:
    """Run the command, and turn its errors into a sentence and an exit status."""
    from ngpc_sim.cli.commands import UsageError, app

    try:
        status = app(prog_name="ngpc-sim", standalone_mode=False)
        sys.stdout.flush()
    except UserError as error:
        _fail(str(error))
    except UsageError as error:
        _fail(error.format_message())
    except (SchedulerLostError, WorkerLostError) as error:
        _fail(f"{error}{what_is_kept()}", 1)
    except BrokenPipeError:
        _forget_stdout()
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        _forget_stdout()
        _fail("the output cannot be written: the disk is full.")
    else:
        if status:
            sys.exit(status)


def _ignore_settings_of_matplotlib() -> None:
    """Draw files whatever a notebook or a file of settings asks for, also where there is no home folder."""
    os.environ["MPLBACKEND"] = "agg"
    os.environ.pop("MATPLOTLIBRC", None)
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    if Path("matplotlibrc").exists():
        from ngpc_sim.report.charts.canvas import import_elsewhere

        import_elsewhere()


def _forget_stdout() -> None:
    """Let what is left in the buffer go nowhere, so that the interpreter does not fail on it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(sentence: str, status: int = 2) -> NoReturn:
    line = printable(" ".join(sentence.split()))
    sys.stderr.write(f"ngpc-sim: error: {line}{'' if line.endswith('.') else '.'}\n")
    sys.exit(status)
