"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE[,VALUE]", help="Override a key; a list sweeps it."),
]
