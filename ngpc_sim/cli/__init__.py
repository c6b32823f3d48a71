"""Command line: flags to calls to print; no arithmetic.

A file a group of commands. Exit status 0, 2 for a user's error (one sentence on stderr), 1 for a failure of ours.
Everything heavy is imported inside the command that needs it.
"""

from __future__ import annotations

import atexit
import errno
import gc
import io
import os
import sys
from typing import Any

import typer

from ngpc_sim.cli import calibrate, main_job, report, show, traces, validate, warmup
from ngpc_sim.cli.once import OnceCommand, OnceGroup
from ngpc_sim.config.errors import UserError

#: typer's own mistakes in usage, whatever package it takes them from
UsageError: Any = typer.BadParameter.__bases__[0]

#: new objects between two searches for cycles (700 by default)
OBJECTS_A_SEARCH = 50_000

app = typer.Typer(
    cls=OnceGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Simulate a neural graphics processing cluster (NGPC) beside a GPU on recorded query streams.",
    epilog="Try: ngpc-sim --scale 8..64",
)
app.callback(invoke_without_command=True)(main_job.run)
app.add_typer(traces.app, name="trace")
app.add_typer(show.arch_app, name="arch")
app.add_typer(show.workload_app, name="workload")
app.command("explain", cls=OnceCommand)(show.explain)
app.command("report", cls=OnceCommand)(report.report)
app.command("validate", cls=OnceCommand)(validate.validate)
app.command("calibrate", cls=OnceCommand)(calibrate.calibrate)
app.command("warmup", cls=OnceCommand)(warmup.warmup)


def main() -> None:
    """Entry point of the ``ngpc-sim`` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # modules and results are many objects and few cycles, which need not be looked for so often; nor at the end,
    # which after a long sweep takes half a second
    gc.set_threshold(OBJECTS_A_SEARCH)
    atexit.register(gc.freeze)
    try:
        app(prog_name="ngpc-sim", standalone_mode=False)
        sys.stdout.flush()
    except UserError as error:
        _fail(str(error))
    except UsageError as error:
        _fail(error.format_message())
    except BrokenPipeError:
        _forget_stdout()
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        _forget_stdout()
        _fail("the output cannot be written: the disk is full.")
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("ngpc-sim: interrupted\n")
        sys.exit(130)


def _forget_stdout() -> None:
    """Let what is left in the buffer go nowhere, so that the interpreter does not fail on it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(sentence: str) -> None:
    line = " ".join(sentence.split())
    sys.stderr.write(f"ngpc-sim: error: {line}{'' if line.endswith('.') else '.'}\n")
    sys.exit(2)
