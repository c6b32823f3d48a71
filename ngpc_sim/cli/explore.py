"""``ngpc-sim explore``: the best designs of a space by a few replays, and the smallest that reaches a target."""

from __future__ import annotations

import shlex
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ngpc_sim.cli import completing
from ngpc_sim.cli.completing import listed, one_of
from ngpc_sim.cli.options import Archs, Encodings, Gpu, Html, Plugins, Traces
from ngpc_sim.cli.page import check_html, write_html
from ngpc_sim.cli.progress import Bar
from ngpc_sim.cli.written import wrote
from ngpc_sim.config.errors import UserError

if TYPE_CHECKING:
    from ngpc_sim.job.explore.goals import Limit, Objective
    from ngpc_sim.job.explore.request import Asked
    from ngpc_sim.job.targets import Target

Objectives = Annotated[
    list[str] | None, typer.Option("--objective", metavar="COLUMN:min|max", help="1 to 4 of them; repeat.")
]
TargetOption = Annotated[
    str | None, typer.Option(metavar="APP@SIZEFPS", help="Instead: the smallest design that reaches it, nerf@4k60.")
]
Constraints = Annotated[
    list[str] | None, typer.Option("--constraint", metavar="'COLUMN <= NUMBER'", help="A limit, also >=; repeat.")
]
SamplerOption = Annotated[
    str,
    typer.Option(
        help="What proposes designs of a large space: tpe or nsga2.",
        autocompletion=one_of(lambda: ("nsga2", "tpe")),
    ),
]
MeanApps = Annotated[
    str,
    typer.Option(
        "--app", help="As in the main job; of several frames the mean.", autocompletion=listed(completing.apps)
    ),
]
Size = Annotated[
    str | None,
    typer.Option(
        "--resolution",
        help="fhd (default), 4k, 8k, hd or WIDTHxHEIGHT.",
        autocompletion=listed(completing.resolutions),
    ),
]
OfReplays = Annotated[
    str | None,
    typer.Option(
        help="Of the replays; bound searches the closed form only.", autocompletion=one_of(completing.details)
    ),
]
#: options that say what a frame is, as the main job has them
OF_FRAMES = ("apps", "encodings", "resolutions", "archs", "gpu", "traces", "detail")
#: and how it is run
OF_RUNS = ("jobs", "out", "allow_plugins", "quiet")


def explore(
    objectives: Objectives = None,
    target: TargetOption = None,
    minimize: Annotated[str | None, typer.Option(help="With --target: column to minimize (default area_mm2).")] = None,
    space: Annotated[Path | None, typer.Option(help="YAML file: values or a range by key.")] = None,
    budget: Annotated[int, typer.Option(help="Distinct designs to replay at most.")] = 100,
    constraints: Constraints = None,
    sampler: SamplerOption = "nsga2",
    seed: Annotated[int, typer.Option(help="Seed of the sampler.")] = 0,
    at_once: Annotated[int, typer.Option(help="Designs chosen at a time; --jobs does not change results.")] = 4,
    apps: MeanApps = "all",
    encodings: Encodings = None,
    resolutions: Size = None,
    archs: Archs = "ngpc",
    gpu: Gpu = None,
    traces: Traces = None,
    detail: OfReplays = None,
    jobs: Annotated[int, typer.Option(help="Worker processes.")] = 1,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what an earlier search replayed.")] = False,  # noqa: FBT002
    out: Annotated[Path, typer.Option(help="Folder of the result files.")] = Path("out/explore"),
    html: Html = False,  # noqa: FBT002
    allow_plugins: Plugins = False,  # noqa: FBT002
    quiet: Annotated[bool, typer.Option("--quiet", help="No text, no progress bar.")] = False,  # noqa: FBT002
) -> None:
    """Search a space of designs: bounds of all, replays of the few that may be best."""
    given = locals()
    from ngpc_sim.job.explore.proposals import Sampler
    from ngpc_sim.job.explore.request import Asked
    from ngpc_sim.job.explore.search import Goals
    from ngpc_sim.job.explore.space import read_space
    from ngpc_sim.job.explore.targets import SPACE
    from ngpc_sim.job.request import Request
    from ngpc_sim.job.targets import parse_target

    wanted = None if target is None else parse_target(target)
    aims, limits = _goals(objectives, constraints, minimize, wanted)
    if wanted is not None:
        _refuse_beside_target(objectives, apps, resolutions)
        given |= {"apps": wanted.app, "resolutions": wanted.resolution}
    elif space is None:
        raise UserError("explore needs --space and --objective, or --target.")
    options = {name: given[name] for name in (*OF_FRAMES, *OF_RUNS) if given[name] is not None}
    goals = Goals(aims, limits, budget, at_once, seed)
    sampled = Sampler(sampler, seed, at_once)
    asked = Asked(Request(**options, what_if=False), read_space(space) if space else SPACE, goals, sampled)
    if allow_plugins:
        sys.path.insert(0, str(Path.cwd()))
    if html:
        check_html(out)
    _search(asked, wanted, fresh=fresh)
    if html:
        write_html([out], quiet=quiet)


def _goals(
    objectives: list[str] | None, constraints: list[str] | None, minimize: str | None, target: Target | None
) -> tuple[list[Objective], list[Limit]]:
    """Objectives and limits; of a target, the column to minimize and the frame rate."""
    from ngpc_sim.job.explore.goals import parse_limits, parse_objectives
    from ngpc_sim.job.explore.targets import limit_of
    from ngpc_sim.job.options import check_column

    limits = parse_limits(constraints or ())
    if target is not None:
        smallest = minimize or "area_mm2"
        check_column(smallest, "--minimize")
        return parse_objectives([f"{smallest}:min"]), [*limits, limit_of(target)]
    if minimize is not None:
        raise UserError(f"--minimize goes with --target; else write --objective {minimize}:min.")
    return parse_objectives(objectives or ()), limits


def _refuse_beside_target(objectives: list[str] | None, apps: str, resolution: str | None) -> None:
    for flag, given in (("--objective", objectives), ("--resolution", resolution), ("--app", apps != "all")):
        if given:
            raise UserError(
                f"{flag} does not go with --target, which names app, size and rate, and --minimize the rest."
            )


def _search(asked: Asked, target: Target | None, *, fresh: bool) -> None:
    """Search, write, print."""
    from ngpc_sim.job.explore.report import front_lines, sentences, write
    from ngpc_sim.job.explore.request import explore as explored
    from ngpc_sim.job.explore.targets import answer
    from ngpc_sim.report.folder import check_writable
    from ngpc_sim.simulation.store import NAME, PointStore

    folder, quiet = asked.frames.folder, asked.frames.quiet
    began = time.monotonic()
    check_writable(folder)
    with (
        PointStore.open(folder / NAME, fresh=fresh) as store,
        closing(Bar(asked.goals.budget, "searching", shown=not quiet, unit="designs")) as bar,
    ):
        found = explored(asked, store, bar.advance)
    command = shlex.join(["ngpc-sim", *sys.argv[1:]])
    written = write(found, folder, {"command": command, "wall_time_s": round(time.monotonic() - began, 3)})
    if not quiet:
        lines = [*front_lines(found), *sentences(found), *(answer(found, target) if target is not None else [])]
        sys.stdout.write("\n".join([*lines, wrote(written, folder)]) + "\n")
