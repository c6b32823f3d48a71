"""Commands that take every option once and no empty word: what was typed is used, or refused."""

from __future__ import annotations

from collections import Counter
from typing import Any

from typer.core import TyperCommand, TyperGroup

from ngpc_sim.config.errors import UserError


class OnceCommand(TyperCommand):
    """A command that refuses a repeated option and an empty word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - a context of the package in typer
        """Values of the words in the context, as the class above does it."""
        check_words(self, ctx, args)
        return super().parse_args(ctx, args)


class OnceGroup(TyperGroup):
    """A group of commands that refuses a repeated option and an empty word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - a context of the package in typer
        """Values of the words in the context, as the class above does it."""
        check_words(self, ctx, args)
        return super().parse_args(ctx, args)


def check_words(command: Any, ctx: Any, args: list[str]) -> None:  # noqa: ANN401
    """Refuse an option that is given twice but takes one value, and an empty value."""
    values, _, given = command.make_parser(ctx).parse_args(args=list(args))
    for option, times in Counter(given).items():
        flag = max(getattr(option, "opts", [option.name]), key=len)
        if times > 1 and option.param_type_name == "option" and not option.multiple:
            raise UserError(f"{flag} is given {times} times: write its values in one list, or choose one.")
        value = values.get(option.name)
        words = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(word, str) and not word.strip() for word in words):
            raise UserError(f"{flag} has an empty entry: give it a value.")
