"""YAML files to frozen, validated models; the only door for PyYAML and pydantic.

Files come from strangers: the safe loader only, no aliases (they can blow up on expansion), a size
limit before reading. Every mistake becomes one :class:`~ngpc_sim.config.errors.UserError` that names the file
and line, the key, the value and what would be right.
"""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ngpc_sim.config.errors import UserError

__all__ = ["Field", "Positive", "Share", "Sourced", "Spec", "field_validator", "model_validator"]

MAX_FILE_BYTES = 1 << 20
Tag = Literal["published", "secondary", "measured", "derived", "assumed", "calibrated"]
Tree = dict[str, Any]
SpecT = TypeVar("SpecT", bound="Spec")


#: whether a file is being read, whose mistakes :func:`validate` explains with file and line
_reading: ContextVar[bool] = ContextVar("reading", default=False)


class Spec(BaseModel):
    """Base of every model read from a file: frozen, strict types, unknown keys and infinities refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Sourced(Spec):
    """A number with its unit, its source and how sure we are."""

    value: float = Field(ge=0, le=1e15)
    unit: str = Field(min_length=1)
    source: str = Field(min_length=3)
    tag: Tag


class Positive(Sourced):
    """A sourced number that something is divided by, or that would be no thing at all at 0."""

    value: float = Field(gt=0, le=1e15)


class Share(Sourced):
    """A sourced part of a whole."""

    value: float = Field(gt=0, le=1)


class _NoAliasLoader(yaml.SafeLoader):
    """Safe loader that refuses aliases and duplicate keys."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases are not allowed", problem_mark=event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002
        seen: set[str] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is a word", problem_mark=key_node.start_mark)
            if key_node.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key '{key_node.value}' is given twice", problem_mark=key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep=deep)


#: numbers such as 1e9, which YAML 1.1 takes for words
_NoAliasLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)
#: what the loader raises for text that is no value: its own errors, and those of the types it builds
_NO_VALUE = (yaml.YAMLError, ValueError, TypeError, AttributeError, OverflowError, RecursionError)


def read_text(path: Path) -> str:
    """Text of a small file; a missing, unreadable or oversized one is a user's error."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UserError(f"{path} is larger than {MAX_FILE_BYTES} bytes, too large for a configuration file.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not a text file in UTF-8.") from error


def load_yaml(path: Path) -> tuple[Tree, dict[str, str]]:
    """Mapping of a YAML file, and the origin (file and line) of every dotted key in it."""
    tree, origins = _parse(path, read_text(path))
    return copy.deepcopy(tree), dict(origins)


@lru_cache(maxsize=64)
def _parse(path: Path, text: str) -> tuple[Tree, dict[str, str]]:
    try:
        loader = _NoAliasLoader(text)
        node = loader.get_single_node()
        tree = loader.construct_document(node) if node is not None else None
    except RecursionError as error:
        raise UserError(f"{path}: nested too deeply to be a configuration file.") from error
    except _NO_VALUE as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else f"{path}"
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise UserError(f"{where}: not valid YAML: {problem}.") from error
    if not isinstance(tree, dict) or not isinstance(node, yaml.MappingNode):
        raise UserError(f"{path}: a configuration file is a mapping of keys to values.")
    return tree, dict(_origins(node, "", path.name))


def _origins(node: yaml.MappingNode, prefix: str, file: str) -> Iterator[tuple[str, str]]:
    for key_node, value_node in node.value:
        dotted = f"{prefix}{key_node.value}"
        yield dotted, f"{file}, line {key_node.start_mark.line + 1}"
        if isinstance(value_node, yaml.MappingNode):
            yield from _origins(value_node, dotted + ".", file)


def merge(base: Tree, over: Tree) -> Tree:
    """``over`` laid on ``base``, mapping by mapping; neither is changed.

    A number with its source is replaced as a whole, so that it never keeps the source of the number below it.
    """
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, dict) and isinstance(value, dict) and not value.keys() & Sourced.model_fields.keys():
            result[key] = merge(below, value)
        else:
            result[key] = value
    return result


def parse_scalar(text: str) -> Any:  # noqa: ANN401 - a YAML value of any type
    """Value of one YAML scalar or flow mapping, as typed on a command line."""
    try:
        return yaml.load(text, Loader=_NoAliasLoader)  # noqa: S506 - a SafeLoader
    except _NO_VALUE as error:
        shown = text if len(text) <= 40 else text[:40] + "..."
        raise UserError(f"'{shown}' is not a valid value: write a number, a word or a YAML value.") from error


def dump_yaml(tree: Tree) -> str:
    """YAML text of a tree, keys in their given order."""
    return yaml.safe_dump(tree, sort_keys=False, width=100, allow_unicode=True)


def dump_overlay(tree: Tree) -> str:
    """YAML text of a file of ``arch_configs``: small mappings in braces, but a line a source."""
    parts = [
        yaml.safe_dump(
            {key: value},
            sort_keys=False,
            width=1000,
            allow_unicode=True,
            default_flow_style=None if isinstance(value, dict) and key != "sources" else False,
        )
        for key, value in tree.items()
    ]
    return "".join(parts)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name closest to ``word``; there is always one, so that an error can name it."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.0)
    return close[0] if close else ""


def choices(word: str, known: Iterable[str]) -> str:
    """What an error says of an unknown word: the nearest known name, only where one is near, and all of them."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    near = f"the nearest known is '{close[0]}', of" if close else "choose from"
    return f"{near} {', '.join(names)}"


def validate(model: type[SpecT], tree: Tree, where: str, origins: Mapping[str, str] | None = None) -> SpecT:
    """Instance of ``model`` from ``tree``; the first mistake becomes one sentence.

    Parameters
    ----------
    model, tree
        The pydantic model and the plain data.
    where
        How to call the whole in an error, a file name for instance.
    origins
        Where every dotted key comes from, as :func:`load_yaml` says.
    """
    inside = _reading.set(True)
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise UserError(_sentence(model, error, where, origins or {})) from error
    finally:
        _reading.reset(inside)


@contextmanager
def one_sentence(model: type[BaseModel]) -> Iterator[None]:
    """Turn a mistake in a model that a user builds directly into one sentence; one in a file passes."""
    try:
        yield
    except ValidationError as error:
        if _reading.get():
            raise
        raise UserError(_sentence(model, error, model.__name__, {})) from error


def _sentence(model: type[BaseModel], error: ValidationError, where: str, origins: Mapping[str, str]) -> str:
    detail = min(error.errors(), key=lambda e: (e["type"] != "extra_forbidden", len(e["loc"])))
    loc = [str(part) for part in detail["loc"]]
    keys = [part for part in loc if "[" not in part and part not in {"int", "float", "str"}]
    dotted = ".".join(keys)
    place = origins.get(dotted, where)
    if detail["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        parent = "".join(f"{key}." for key in keys[:-1])
        known = known_keys(_model_at(model, keys[:-1]))
        return f"{place}: unknown key '{dotted}'; the nearest known key is '{parent}{nearest(keys[-1], known)}'."
    if detail["type"] == "missing":
        return f"{place}: key '{dotted}' is missing."
    value = repr(detail.get("input"))
    shown = value if len(value) <= 80 else value[:80] + "..."
    return f"{place}: {dotted} = {shown} is not allowed: {_expectation(model, keys, detail)}."


def _expectation(model: type[BaseModel], keys: list[str], detail: Any) -> str:  # noqa: ANN401 - pydantic's detail
    bounds = range_of(model, keys)
    if detail["type"] in {"greater_than", "greater_than_equal", "less_than", "less_than_equal"} and bounds:
        return f"the range is {bounds}"
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    if detail["type"] in {"model_type", "dict_type"}:
        return "it should be a mapping of keys to values"
    text = str(detail["msg"])
    text = text[0].lower() + text[1:]
    return text.replace("input should be", "it should be")


def _model_at(model: type[BaseModel], keys: Iterable[str]) -> Any:  # noqa: ANN401 - a model or a dataclass
    current: Any = model
    for key in keys:
        fields = _fields(current)
        current = _inner_model(fields[key].annotation) if key in fields else current
    return current


def _fields(model: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a model or a dataclass
    found: Mapping[str, Any] = getattr(model, "model_fields", None) or getattr(model, "__pydantic_fields__", {})
    return found


def _inner_model(annotation: Any) -> Any:  # noqa: ANN401 - any annotation
    if _fields(annotation):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        inner = _inner_model(argument)
        if _fields(inner):
            return inner
    return annotation


def known_keys(model: Any) -> list[str]:  # noqa: ANN401 - a model or a dataclass
    """Keys that a model knows."""
    return list(_fields(model))


#: words of a bound by pydantic's name of it
RANGES = {"ge": "{} or more", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}


def range_of(model: type[BaseModel], keys: list[str]) -> str:
    """Allowed range of a numeric key in words, empty where it has none."""
    field = _fields(_model_at(model, keys[:-1])).get(keys[-1]) if keys else None
    if field is None:
        return ""
    found = (
        words.format(getattr(item, name))
        for name, words in RANGES.items()
        for item in field.metadata
        if hasattr(item, name)
    )
    return " and ".join(found).replace(" or more and at most ", " to ")


def dotted_leaves(tree: Tree, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every ``(dotted key, value)`` of a tree that is not itself a mapping."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from dotted_leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def set_dotted(tree: Tree, dotted: str, value: Any) -> Tree:  # noqa: ANN401 - a YAML value
    """Copy of ``tree`` with one dotted key set."""
    head, _, rest = dotted.partition(".")
    if not rest:
        return {**tree, head: value}
    below = tree.get(head)
    return {**tree, head: set_dotted(below if isinstance(below, dict) else {}, rest, value)}
