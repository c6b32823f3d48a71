"""Trees of a file to frozen, validated models; the only door for pydantic.

Every mistake becomes one :class:`~ngpc_sim.config.errors.UserError` that names the file and line, the key, the value
and what would be right.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.texts import MAX_NAME, is_line
from ngpc_sim.config.yaml_files import Tree

__all__ = [
    "Field",
    "Line",
    "Name",
    "Positive",
    "Share",
    "Sourced",
    "Spec",
    "field_validator",
    "model_validator",
]

Tag = Literal["published", "secondary", "measured", "derived", "assumed", "calibrated"]
SpecT = TypeVar("SpecT", bound="Spec")
#: known names that a word is compared with, and characters of the word
MAX_COMPARED, MAX_COMPARED_LENGTH = 1000, 100
#: characters of a path and of a printed sentence in a file at most
MAX_PATH, MAX_LINE = 1024, 200


def _name(text: str) -> str:
    if not text or not is_line(text, MAX_NAME):
        raise ValueError(f"it should be one printable line of 1 to {MAX_NAME} characters")
    return text


def _line(text: str) -> str:
    if not is_line(text, MAX_LINE):
        raise ValueError(f"it should be one printable line of up to {MAX_LINE} characters")
    return text


#: what a file says in words that are printed
Line = Annotated[str, AfterValidator(_line)]
#: what something in a file is called, in tables, charts and result files
Name = Annotated[str, AfterValidator(_name)]
#: whether a file is being read, whose mistakes :func:`validate` explains with file and line
_reading: ContextVar[bool] = ContextVar("reading", default=False)


class Spec(BaseModel):
    """Base of every model read from a file: frozen, strict types, unknown keys and infinities refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Sourced(Spec):
    """A number with its unit, its source and how sure we are."""

    value: float = Field(ge=0, le=1e15, description="the number")
    unit: str = Field(min_length=1, description="its unit")
    source: str = Field(min_length=3, description="where it is from")
    tag: Tag = Field(description="how sure it is")


class Positive(Sourced):
    """A sourced number that something is divided by, or that would be no thing at all at 0."""

    value: float = Field(gt=0, le=1e15, description="the number")


class Share(Sourced):
    """A sourced part of a whole."""

    value: float = Field(gt=0, le=1, description="the number")


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


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name closest to ``word``; there is always one, so that an error can name it."""
    names = list(known)[:MAX_COMPARED]
    close = difflib.get_close_matches(word[:MAX_COMPARED_LENGTH], names, n=1, cutoff=0.0)
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
        raise UserError(_sentence(model, error, where, origins or {}, tree)) from error
    finally:
        _reading.reset(inside)


@contextmanager
def one_sentence(model: type[BaseModel]) -> Iterator[None]:
    """Turn a mistake in a flat model that a user builds directly into one sentence; one in a file passes."""
    try:
        yield
    except ValidationError as error:
        if _reading.get():
            raise
        given = {str(key): detail["input"] for detail in error.errors() for key in detail["loc"][:1]}
        raise UserError(_sentence(model, error, model.__name__, {}, given)) from error


def _sentence(
    model: type[BaseModel], error: ValidationError, where: str, origins: Mapping[str, str], tree: Tree
) -> str:
    detail = min(error.errors(include_url=False), key=lambda e: (e["type"] != "extra_forbidden", len(e["loc"])))
    keys = _keys_to(detail, tree)
    dotted = ".".join(keys)
    place = origins.get(dotted, where)
    if detail["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        parent = "".join(f"{key}." for key in keys[:-1])
        known = known_keys(model_at(model, keys[:-1]))
        return f"{place}: unknown key '{dotted}'; the nearest known key is '{parent}{nearest(keys[-1], known)}'."
    if detail["type"] == "missing":
        return f"{place}: key '{dotted}' is missing."
    if not keys:
        return f"{place}: {_expectation(model, keys, detail)}."
    if isinstance(detail.get("input"), Mapping):  # values that do not go together: the expectation names them
        return f"{place}: {dotted} is not allowed: {_expectation(model, keys, detail)}."
    value = repr(detail.get("input"))
    value = value if len(value) <= 80 else f"{value[:80]}..."
    return f"{place}: {dotted} = {value} is not allowed: {_expectation(model, keys, detail)}."


def _keys_to(detail: Any, tree: Tree) -> list[str]:  # noqa: ANN401 - pydantic's detail
    """Keys from the whole down to a mistake; pydantic's path also names kinds of a value, ``int`` for instance."""
    keys: list[str] = []
    current: Any = tree
    for part in detail["loc"]:
        is_key = isinstance(current, dict) and part in current
        is_index = isinstance(current, list | tuple) and isinstance(part, int)
        if is_key or is_index:
            current = current[part]
            keys.append(str(part))
        elif isinstance(current, dict) and detail["type"] == "missing":
            keys.append(str(part))
    return keys


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


def model_at(model: type[BaseModel], keys: Iterable[str]) -> Any:  # noqa: ANN401 - a model or a dataclass
    """The model below ``model`` to which dotted ``keys`` lead; an unknown key stays where it is."""
    current: Any = model
    for key in keys:
        fields = _fields(current)
        current = _inner_model(fields[key].annotation) if key in fields else current
    return current


def _fields(model: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a model or a dataclass
    found: Mapping[str, Any] = getattr(model, "model_fields", None) or getattr(model, "__pydantic_fields__", {})
    return found


def _inner_model(annotation: Any) -> Any:  # noqa: ANN401 - any annotation
    """The model inside an annotation, such as ``Model | None`` or ``dict[str, Model]``, or the annotation itself."""
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
    field = _fields(model_at(model, keys[:-1])).get(keys[-1]) if keys else None
    if field is None:
        return ""
    found = (
        words.format(getattr(item, name))
        for name, words in RANGES.items()
        for item in field.metadata
        if hasattr(item, name)
    )
    return " and ".join(found).replace(" or more and at most ", " to ")


def limits_of(model: type[BaseModel], keys: list[str]) -> tuple[float, float]:
    """Smallest and largest value of a numeric key, infinite where it has none."""
    field = _fields(model_at(model, keys[:-1])).get(keys[-1])
    ends = {
        name: getattr(item, name) for item in getattr(field, "metadata", ()) for name in RANGES if hasattr(item, name)
    }
    return ends.get("ge", -math.inf), ends.get("le", math.inf)


def words_of(model: type[BaseModel], keys: list[str]) -> tuple[Any, ...]:
    """Values of a key that takes one of a few words."""
    field = _fields(model_at(model, keys[:-1])).get(keys[-1])
    annotation = getattr(field, "annotation", None)
    return get_args(annotation) if get_origin(annotation) is Literal else ()


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
