"""Commands whose options do not swallow the option that follows: ``--out --quiet`` names no folder ``--quiet``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.core import TyperCommand, TyperGroup

from ngpc_sim.config.errors import UserError


class Command(TyperCommand):
    """A command that refuses an option where the value of another one should stand."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - a context of typer
        """Parse the words, and check the values."""
        rest = super().parse_args(ctx, args)
        _check(self.params, ctx)
        return rest


class Group(TyperGroup):
    """Likewise, with commands below it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - a context of typer
        """Parse the words, and check the values."""
        rest = super().parse_args(ctx, args)
        _check(self.params, ctx)
        return rest


def _check(params: list[Any], ctx: Any) -> None:  # noqa: ANN401 - parameters and a context of typer
    if ctx.resilient_parsing:
        return
    for param in params:
        value = ctx.params.get(param.name)
        words = value if isinstance(value, list | tuple) else (value,)
        for word in words:
            if isinstance(word, str | Path) and str(word).startswith("--"):
                form = param.metavar or "VALUE"
                raise UserError(f"{param.opts[0]} lacks a word before {word}: write {param.opts[0]} {form}.")
