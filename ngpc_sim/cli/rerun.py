"""``ngpc-sim rerun OUT``: a run again from its manifest."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer


def rerun(
    folder: Annotated[Path, typer.Argument(help="Folder of a run.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="Folder of the new files (default: they are not kept).")] = None,
    jobs: Annotated[int, typer.Option(help="Worker processes.")] = 1,
    allow_plugins: Annotated[  # noqa: FBT002
        bool, typer.Option("--allow-plugins", help="Let the manifest name classes to import and run.")
    ] = False,
    allow_urls: Annotated[  # noqa: FBT002
        bool, typer.Option("--allow-urls", help="Let the manifest name traces that are fetched.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing, no progress bar.")] = False,  # noqa: FBT002
) -> None:
    """Repeat a run from its manifest alone, and exit 1 where a file has other bytes: ngpc-sim rerun OUT."""
    from ngpc_sim.cli.main_job import main_job
    from ngpc_sim.cli.sensitivity import answer
    from ngpc_sim.config.errors import UserError
    from ngpc_sim.job.finished_runs import MANIFEST, read_manifest
    from ngpc_sim.job.request import Plan
    from ngpc_sim.job.rerun import FILES, asked_again, held_against, pruned_by, sentences
    from ngpc_sim.job.run_folder import OF_SENSITIVITY
    from ngpc_sim.job.sensitivity_question import question_of
    from ngpc_sim.report.tables.terminal import print_tables
    from ngpc_sim.simulation.store import NAME

    if out is not None and out.resolve() == folder.resolve():
        raise UserError(f"--out {out} is the folder of the run itself: name another one.")
    for name in (MANIFEST, NAME):
        if out is not None and (out / name).exists():
            raise UserError(f"--out {out} has the {name} of another run, which would be lost: name another folder.")
    if allow_plugins:
        sys.path.insert(0, str(Path.cwd()))
    manifest = read_manifest(folder)
    question = question_of(manifest)
    asked, points = asked_again(manifest, allow_plugins=allow_plugins, allow_urls=allow_urls)
    with ExitStack() as stack:
        new = out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ngpc-sim-")))
        again = replace(asked, out=new, jobs=jobs, quiet=True)
        if question is None:
            main_job(again, fresh=True, only_failed=False, repeated=Plan(points, pruned_by(manifest)))
        else:
            answer(again, question, points)
        agree = held_against(folder, new, FILES if question is None else OF_SENSITIVITY)
        lines = sentences(agree, manifest, read_manifest(new))
    if not quiet:
        print_tables(lambda _: [], lines, None)
    if not all(agree.values()):
        sys.stderr.write(
            f"ngpc-sim: the run is not repeated byte by byte: {', '.join(n for n in agree if not agree[n])}.\n"
        )
        sys.exit(1)
