"""Commands that use what was typed, or refuse it: every option once, no empty word, no option in a value's place."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from typer.core import TyperCommand, TyperGroup

from ngpc_sim.cli.help_pages import HelpPage
from ngpc_sim.config.errors import UserError


class Command(HelpPage, TyperCommand):
    """A command that refuses such words."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - a context of typer
        """Check the words, then parse them."""
        _check(self, ctx, args)
        return super().parse_args(ctx, args)


class Group(HelpPage, TyperGroup):
    """Likewise, with commands below it, which an error lists."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - a context of typer
        """Check the words, then parse them."""
        _check(self, ctx, args)
        if not args and not self.invoke_without_command and not ctx.resilient_parsing:
            raise UserError(f"{ctx.command_path} lacks a command: choose from {', '.join(self.commands)}.")
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - a context and a command of typer
        """Find the command that the first word names."""
        if args[0] not in self.commands and not ctx.resilient_parsing:
            from ngpc_sim.config.schema import choices

            raise UserError(f"unknown command '{args[0]}'; {choices(args[0], self.commands)}.")
        return super().resolve_command(ctx, args)


def _check(command: Any, ctx: Any, args: list[str]) -> None:  # noqa: ANN401 - a command and a context of typer
    if ctx.resilient_parsing:
        return
    _check_last(command, args)
    values, _, given = command.make_parser(ctx).parse_args(args=list(args))
    for option, times in Counter(given).items():
        flag = max(getattr(option, "opts", [option.name]), key=len)
        if times > 1 and option.param_type_name == "option" and not option.multiple:
            raise UserError(f"{flag} is given {times} times: write its values in one list, or choose one.")
        value = values.get(option.name)
        words = value if isinstance(value, list | tuple) else [value]
        for word in words:
            if isinstance(word, str) and not word.strip():
                raise UserError(f"{flag} has an empty entry: give it a value.")
            if isinstance(word, str | Path) and str(word).startswith("--"):
                raise UserError(f"{flag} lacks a word before {word}: write {flag} {option.metavar or 'VALUE'}.")


def _check_last(command: Any, args: list[str]) -> None:  # noqa: ANN401 - a command of typer
    """Refuse an option of several words at the end that has fewer."""
    for option in command.params:
        for word in args[-option.nargs :] if option.nargs > 1 else []:
            if word in option.opts:
                raise UserError(f"{word} lacks a word: write {word} {option.metavar}.")
