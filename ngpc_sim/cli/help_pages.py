"""Help pages: options and commands grouped by purpose, and examples at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from typer.core import TyperGroup

from ngpc_sim.cli.examples import EXAMPLES

#: options by purpose, in the order in which a page has them
OPTIONS: Mapping[str, Sequence[str]] = {
    "What to simulate": (
        *("scale", "app", "encoding", "resolution", "arch", "gpu", "trace", "set", "space", "objective", "target"),
        *("minimize", "constraint", "key"),
    ),
    "The scene": ("density-width", "density-scale", "density-cut", "dilate", "occupancy", "order", "compaction"),
    "The camera": ("eye", "look-at", "up", "fov", "cameras", "frame", "path", "frames", "jitter-seed"),
    "How exactly": (
        *("detail", "relative-error", "limit-queries", "scenes", "frames-per-scene", "what-if", "budget", "sampler"),
        *("at-once", "method", "samples", "seed", "tiles", "profiles"),
    ),
    "Where it runs": ("jobs", "cluster", "fresh", "only-failed", "dry-run", "allow-plugins"),
    "What comes out": (
        *(
            "column",
            "power-budget",
            "export",
            "waveform",
            "timeline",
            "timeline-window",
            "html",
            "open",
            "out",
            "quiet",
        ),
        *("debug",),
    ),
}
OTHER = "Other options"
#: commands by purpose
COMMANDS: Mapping[str, Sequence[str]] = {
    "Simulate": ("sweep", "rerun", "warmup"),
    "Find and compare designs": ("explore", "sensitivity", "compare"),
    "Look at results": ("report", "explain"),
    "Held against the paper": ("validate", "calibrate"),
    "What goes in": ("trace", "arch", "gpu", "tech", "workload"),
}
Records = Iterable[tuple[str, str]]
#: a page with no more options has them in one group
FEW = 8
#: characters of what a command is for
LONG = 200


class HelpPage:
    """Mixed into a command or a group of commands of typer."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - of typer
        """Write arguments, options by purpose, and commands by purpose."""
        command: Any = self
        records: dict[str, dict[str, tuple[str, str]]] = {"argument": {}, "option": {}}
        for param in command.get_params(ctx):
            if (record := param.get_help_record(ctx)) is not None:
                records[param.param_type_name][_flag(param)] = record
        _write(formatter, {"Arguments": records["argument"].values()})
        options = records["option"]
        _write(formatter, {"Options": options.values()} if len(options) <= FEW else _grouped(options, OPTIONS, OTHER))
        if isinstance(command, TyperGroup):
            command.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - of typer
        """Write commands, those of ``ngpc-sim`` itself by purpose."""
        group: Any = self
        found = {name: (name, one.get_short_help_str(LONG)) for name, one in group.commands.items()}
        _write(formatter, _grouped(found, COMMANDS, "Commands") if ctx.parent is None else {"Commands": found.values()})

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - of typer
        """Write the examples, each as it is typed."""
        examples = EXAMPLES.get(ctx.command_path, ())
        with formatter.section("Examples") if examples else nullcontext():
            for words, meaning in examples:
                formatter.write(f"{'':>{formatter.current_indent}}{words}\n")
                with formatter.indentation():
                    formatter.write_text(meaning)


def _flag(param: Any) -> str:  # noqa: ANN401 - a parameter of typer
    """Longest name of an option without its dashes, of a switch that of its first side."""
    return str(max(param.opts, key=len)).lstrip("-")


def _grouped(
    records: dict[str, tuple[str, str]], groups: Mapping[str, Sequence[str]], others: str
) -> dict[str, Records]:
    """Records by the group that names them, those of none last."""
    left = dict(records)
    found: dict[str, Records] = {
        title: [left.pop(name) for name in names if name in left] for title, names in groups.items()
    }
    return found | {others: left.values()}


def _write(formatter: Any, sections: Mapping[str, Records]) -> None:  # noqa: ANN401 - of typer
    """Write sections that have anything."""
    for title, records in sections.items():
        if rows := list(records):
            with formatter.section(title):
                formatter.write_dl(rows)
