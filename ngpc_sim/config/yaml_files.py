"""YAML text to trees and back, by the core schema of YAML 1.2; the only door for PyYAML.

A value is what was written: ``010`` is ten, ``1:30``, ``yes`` and ``2026-01-01`` are texts, a key is always a text.
PyYAML itself follows YAML 1.1, where these are eight, ninety, a truth value and a date. Files come from strangers: no
aliases (they can blow up on expansion), no tags but those of the core schema, no characters that a terminal obeys, a
size limit before reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.files import read_small
from ngpc_sim.config.texts import is_printable

MAX_FILE_BYTES = 1 << 20
Tree = dict[str, Any]

_TAG = "tag:yaml.org,2002:"
#: plain scalars that are no texts, by tag, with their first characters (YAML 1.2.2, section 10.3.2)
_CORE_SCHEMA = {
    "null": (r"(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    "bool": (r"(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    "int": (r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    "float": (
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        list("-+.0123456789"),
    ),
}
#: what the loader raises for text that is no value: its own errors, and those of the types it builds
_NO_VALUE = (yaml.YAMLError, ValueError, OverflowError, RecursionError)


class CoreLoader(yaml.SafeLoader):
    """Safe loader of the core schema that refuses aliases and duplicate keys."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own name and kind
    yaml_constructors = {  # noqa: RUF012
        tag: yaml.SafeLoader.yaml_constructors[tag] for tag in (f"{_TAG}seq", f"{_TAG}map", None)
    }

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse an alias."""
        if self.check_event(yaml.AliasEvent):
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases are not allowed", problem_mark=event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Keep every key as it is written: YAML 1.2 has no merge key."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002
        """Mapping whose keys are different words, each as it is written."""
        seen: set[str] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is a word", problem_mark=key_node.start_mark)
            if key_node.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key '{key_node.value}' is given twice", problem_mark=key_node.start_mark
                )
            seen.add(key_node.value)
            key_node.tag = f"{_TAG}str"
        return super().construct_mapping(node, deep=deep)


def _number(text: str) -> int | float:
    if re.match(_CORE_SCHEMA["int"][0], text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


def _scalar(_: CoreLoader, node: yaml.ScalarNode) -> Any:  # noqa: ANN401 - a null, a truth value or a number
    """Value of a scalar that is not a text; one whose tag does not suit it is refused."""
    kind, text = node.tag.removeprefix(_TAG), node.value
    if not isinstance(text, str) or not re.match(_CORE_SCHEMA[kind][0], text):
        raise yaml.MarkedYAMLError(problem=f"this is no {kind}", problem_mark=node.start_mark)
    values = {"null": lambda: None, "bool": lambda: text.lower() == "true"}
    return values.get(kind, lambda: _number(text.lower()))()


def _text(loader: CoreLoader, node: yaml.ScalarNode) -> Any:  # noqa: ANN401 - PyYAML's types
    """Text as it stands there; lines and tabs are all that may shape it."""
    text = loader.construct_yaml_str(node)
    if not is_printable(text.translate({ord("\n"): None, ord("\t"): None})):
        raise yaml.MarkedYAMLError(problem="a character cannot be printed", problem_mark=node.start_mark)
    return text


class _Dumper(yaml.SafeDumper):
    """Safe dumper that also quotes texts which the core schema would take for something else."""


CoreLoader.add_constructor(f"{_TAG}str", _text)
for _kind, (_pattern, _first) in _CORE_SCHEMA.items():
    CoreLoader.add_constructor(f"{_TAG}{_kind}", _scalar)
    for _class in (CoreLoader, _Dumper):
        _class.add_implicit_resolver(f"{_TAG}{_kind}", re.compile(_pattern), _first)


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether there is such a folder; a name that no folder can have is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def read_text(path: Path, most_bytes: int = MAX_FILE_BYTES) -> str:
    """Text of a small file; a missing, unreadable or oversized one is a user's error."""
    content = read_small(path, most_bytes, str(path), "a configuration file")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not a text file in UTF-8.") from error


def load_yaml(path: Path) -> tuple[Tree, dict[str, str]]:
    """Mapping of a YAML file, and the origin (file and line) of every dotted key in it."""
    tree, origins = _parse(path, read_text(path))
    return _copied(tree), dict(origins)


def _copied(value: Any) -> Any:  # noqa: ANN401 - a YAML value
    """A copy of plain data; a sweep reads its files for every architecture, and `copy.deepcopy` takes half of that."""
    if isinstance(value, dict):
        return {key: _copied(below) for key, below in value.items()}
    return [_copied(below) for below in value] if isinstance(value, list) else value


@contextmanager
def yaml_of(path: Path) -> Iterator[None]:
    """Turn what is wrong in the text of a YAML file into one sentence."""
    try:
        yield
    except RecursionError as error:
        raise UserError(f"{path}: nested too deeply to be a configuration file.") from error
    except _NO_VALUE as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else f"{path}"
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise UserError(f"{where}: not valid YAML: {problem}.") from error


@lru_cache(maxsize=64)
def _parse(path: Path, text: str) -> tuple[Tree, dict[str, str]]:
    with yaml_of(path):
        loader = CoreLoader(text)
        node = loader.get_single_node()
        tree = loader.construct_document(node) if node is not None else None
    if not isinstance(tree, dict) or not isinstance(node, yaml.MappingNode):
        raise UserError(f"{path}: a configuration file is a mapping of keys to values.")
    return tree, dict(_origins(node, "", path.name))


def _origins(node: yaml.Node, prefix: str, file: str) -> Iterator[tuple[str, str]]:
    """Every dotted key, or number in a list, with file and line."""
    parts: list[tuple[str, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        parts = [(key.value, key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        parts = [(str(number), item, item) for number, item in enumerate(node.value)]
    for name, start, below in parts:
        yield f"{prefix}{name}", f"{file}, line {start.start_mark.line + 1}"
        yield from _origins(below, f"{prefix}{name}.", file)


def parse_scalar(text: str) -> Any:  # noqa: ANN401 - a YAML value of any type
    """Value of one YAML scalar or flow mapping, as typed on a command line."""
    try:
        return yaml.load(text, Loader=CoreLoader)  # noqa: S506 - a SafeLoader
    except _NO_VALUE as error:
        shown = text if len(text) <= 40 else text[:40] + "..."
        raise UserError(f"'{shown}' is not a valid value: write a number, a word or a YAML value.") from error


def dump_yaml(tree: Tree) -> str:
    """YAML text of a tree, keys in their given order."""
    text: str = yaml.dump(tree, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True)
    return text


def dump_overlay(tree: Tree) -> str:
    """YAML text of a file of ``arch_configs``: small mappings in braces, but a line a source."""
    parts = [
        yaml.dump(
            {key: value},
            Dumper=_Dumper,
            sort_keys=False,
            width=1000,
            allow_unicode=True,
            default_flow_style=None if isinstance(value, dict) and key != "sources" else False,
        )
        for key, value in tree.items()
    ]
    return "".join(parts)
