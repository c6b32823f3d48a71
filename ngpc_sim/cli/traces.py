"""``ngpc-sim trace``: all commands about traces."""

from __future__ import annotations

import typer

from ngpc_sim.cli import trace_files, trace_recording
from ngpc_sim.cli.values import Command, Group

app = typer.Typer(cls=Group, help="Record, import, list, describe and verify traces.", rich_markup_mode=None)


app.command("list", cls=Command)(trace_files.trace_list)
app.command("info", cls=Command)(trace_files.trace_info)
app.command("verify", cls=Command)(trace_files.trace_verify)
app.command("record", cls=Command)(trace_recording.trace_record)
app.command("import", cls=Command)(trace_recording.trace_import)
