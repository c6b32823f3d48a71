"""Constraints of a sweep: comparisons and arithmetic over names, as text to a tree to a value.

Numbers, texts in quotes, names such as ``nfp.mlp.rows`` or ``area_mm2``; ``+ - * / % **``, comparisons that may be
chained, ``and``, ``or``, ``not`` and parentheses, with Python's precedence and results. There is nothing else: no call,
no index, no attribute. The text is read by the parser below and computed by :func:`value_of`; Python never runs it.

A number, a text and a truth value are three kinds. Arithmetic takes numbers, ``and``, ``or`` and ``not`` take truth
values, an order is between two numbers or two texts. ``==`` holds for no two values of different kinds.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ngpc_sim.config.errors import UserError

#: characters of a constraint, and how deep its parentheses, signs and powers may stand in each other
MAX_LENGTH, MAX_DEPTH = 1000, 30
#: bits of a whole power; more is beyond every float
MAX_BITS = 1024
#: bits of any other whole number that is computed (assumed: a number as long as a constraint has 3,322)
MAX_WHOLE_BITS = 4 * MAX_BITS

Value = bool | int | float | str
TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*(?:\.\w+)*)"
    r"|(?P<text>'[^']*'|\"[^\"]*\")|(?P<sign>\*\*|[<>=!]=|[-+*/%<>()]))",
    re.ASCII,
)
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
WORDS = ("and", "or", "not")
TOO_LARGE = "gives a number that is too large"


class EmptyValueError(Exception):
    """A name has no value, so nothing can be said of it."""


@dataclass(frozen=True)
class Constant:
    """A number or a text."""

    value: Value


@dataclass(frozen=True)
class Name:
    """A key or a column."""

    name: str


@dataclass(frozen=True)
class Prefix:
    """``-``, ``+`` or ``not`` before something."""

    sign: str
    of: Node


@dataclass(frozen=True)
class Chain:
    """Things of one precedence one after another: sums, products, comparisons, ``and``, ``or``."""

    first: Node
    rest: Rest


@dataclass(frozen=True)
class Power:
    """``base ** exponent``."""

    base: Node
    exponent: Node


Node = Constant | Name | Prefix | Chain | Power
Rest = tuple[tuple[str, Node], ...]


class _Parser:
    """Recursive descent, a method a precedence."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.names: list[str] = []
        self.position = self.depth = 0

    def whole(self) -> Node:
        node = self.either()
        if self.ahead() != ("end", ""):
            raise UserError(f"has {self.ahead()[1]!r} where it should end")
        return node

    def ahead(self) -> tuple[str, str]:
        return self.tokens[self.position]

    def take(self, *signs: str) -> str:
        """The next token's text where it is one of these signs, else nothing."""
        kind, text = self.ahead()
        if kind not in {"sign", "word"} or text not in signs:
            return ""
        self.position += 1
        return text

    @contextmanager
    def deeper(self) -> Iterator[None]:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise UserError(f"is nested more than {MAX_DEPTH} deep")
        yield
        self.depth -= 1

    def chain(self, part: Callable[[], Node], *signs: str) -> Node:
        first, rest = part(), []
        while sign := self.take(*signs):
            rest.append((sign, part()))
        return Chain(first, tuple(rest)) if rest else first

    def either(self) -> Node:
        return self.chain(lambda: self.chain(self.negation, "and"), "or")

    def negation(self) -> Node:
        if not self.take("not"):
            return self.chain(self.sum, *COMPARISONS)
        with self.deeper():
            return Prefix("not", self.negation())

    def sum(self) -> Node:
        return self.chain(lambda: self.chain(self.signed, "*", "/", "%"), "+", "-")

    def signed(self) -> Node:
        sign = self.take("-", "+")
        if not sign:
            return self.power()
        with self.deeper():
            return Prefix(sign, self.signed())

    def power(self) -> Node:
        base = self.atom()
        if not self.take("**"):
            return base
        with self.deeper():
            return Power(base, self.signed())

    def atom(self) -> Node:
        kind, text = self.ahead()
        if self.take("("):
            with self.deeper():
                inside = self.either()
            if not self.take(")"):
                raise UserError(f"lacks a ')' before {self.ahead()[1]!r}" if self.ahead()[1] else "lacks a ')'")
            return inside
        if kind not in {"number", "name", "text"}:
            raise UserError(f"has {text!r} where a name or a number should stand" if text else "ends too early")
        self.position += 1
        if kind == "name":
            self.names.append(text)
            return Name(text)
        return Constant(text[1:-1] if kind == "text" else _number(text))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Kind and text of every token, and an end."""
    position, length = 0, len(text.rstrip())
    while position < length:
        match = TOKEN.match(text, position)
        if match is None:
            raise UserError(f"has {text[position:].lstrip()[0]!r}, which no constraint has")
        kind = str(match.lastgroup)
        yield "word" if match[kind] in WORDS else kind, match[kind]
        position = match.end()
    yield "end", ""


def _number(text: str) -> int | float:
    number = int(text) if text.isdecimal() else float(text)
    if not math.isfinite(number):
        raise UserError(f"has {text}, which is too large for a number")
    return number


def parse(text: str) -> tuple[Node, tuple[str, ...]]:
    """Tree of a constraint, and the names in it in their order.

    Raises
    ------
    UserError
        What is wrong, as the end of a sentence that begins with the constraint.
    """
    if len(text) > MAX_LENGTH:
        raise UserError(f"has {len(text):,} characters, more than {MAX_LENGTH}")
    parser = _Parser(text)
    node = parser.whole()
    return node, tuple(dict.fromkeys(parser.names))


def holds(node: Node, values: Mapping[str, object]) -> bool:
    """Whether a constraint is met where names have these values.

    Raises
    ------
    UserError
        What makes no sense, as the end of a sentence that begins with the constraint.
    EmptyValueError
        When a name that decides has the value ``None``.
    """
    try:
        return _truth(value_of(node, values))
    except ArithmeticError as error:
        problem = "divides by 0" if isinstance(error, ZeroDivisionError) else TOO_LARGE
        raise UserError(problem) from error


def value_of(node: Node, values: Mapping[str, object]) -> Value:
    """Value of a tree; see :func:`holds`."""
    match node:
        case Constant(value):
            return value
        case Name(name):
            return _value(name, values[name])
        case Prefix("not", of):
            return not _truth(value_of(of, values))
        case Prefix(sign, of):
            number = _numeric(value_of(of, values))
            return -number if sign == "-" else number
        case Power(base, exponent):
            return _power(_numeric(value_of(base, values)), _numeric(value_of(exponent, values)))
        case Chain(first, ((sign, _), *_) as rest):
            chained = _logic if sign in WORDS else _compared if sign in COMPARISONS else _computed
            return chained(first, rest, values)
    raise TypeError(node)


def _value(name: str, value: object) -> Value:
    if value is None:
        raise EmptyValueError(name)
    if not isinstance(value, bool | int | float | str):
        raise UserError(f"names {name}, which is not a single value")
    return value


def _logic(first: Node, rest: Rest, values: Mapping[str, object]) -> bool:
    """``and`` and ``or``, which look no further than they must."""
    found = _truth(value_of(first, values))
    for sign, part in rest:
        if found == (sign == "or"):
            return found
        found = _truth(value_of(part, values))
    return found


def _compared(first: Node, rest: Rest, values: Mapping[str, object]) -> bool:
    """Chained comparisons, which end with the first that does not hold."""
    left = value_of(first, values)
    for sign, part in rest:
        right = value_of(part, values)
        alike = _kind(left) == _kind(right)
        if sign in {"==", "!="} and not alike:
            holds = sign == "!="
        elif sign not in {"==", "!="} and (not alike or _kind(left) == "a truth value"):
            raise UserError(f"orders {_shown(left)} and {_shown(right)}, {_kind(left)} and {_kind(right)}")
        else:
            holds = COMPARISONS[sign](left, right)
        if not holds:
            return False
        left = right
    return True


def _computed(first: Node, rest: Rest, values: Mapping[str, object]) -> int | float:
    found = _numeric(value_of(first, values))
    for sign, part in rest:
        found = ARITHMETIC[sign](found, _numeric(value_of(part, values)))
        if isinstance(found, int) and found.bit_length() > MAX_WHOLE_BITS:
            raise UserError(TOO_LARGE)
    return found


def _power(base: float, exponent: float) -> int | float:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > MAX_BITS:
        raise UserError(f"has a power of more than {MAX_BITS} bits")
    found: int | float | complex = base**exponent
    if isinstance(found, complex):
        raise UserError(f"has {_shown(base)} ** {_shown(exponent)}, which is no real number")
    return found


def _numeric(value: Value) -> int | float:
    if isinstance(value, bool | str):
        raise UserError(f"computes with {_shown(value)}, {_kind(value)}")
    return value


def _truth(value: Value) -> bool:
    if not isinstance(value, bool):
        raise UserError(f"asks whether {_shown(value)} holds, {_kind(value)}: compare it with something")
    return value


def _kind(value: Value) -> str:
    return "a truth value" if isinstance(value, bool) else "a text" if isinstance(value, str) else "a number"


def _shown(value: Value) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
