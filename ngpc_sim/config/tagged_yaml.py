"""YAML that PyYAML wrote of Python objects, read as plain maps, lists and texts: no tag makes anything run.

An object ``!!python/object:a.B`` is a map of its fields, with ``a.B`` under the key ``CLASS``; ``!!python/name:a.B`` is
the text ``a.B``; a tuple, and what a call like ``!!python/object/apply:pathlib.PosixPath`` is given, is a list.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.yaml_files import CoreLoader, Tree, read_text, yaml_of

CLASS = "!"
_PYTHON = "tag:yaml.org,2002:python/"
_MOST_BYTES = 1 << 17  # assumed: configurations of nerfstudio have about 8 kB; so much is read in a second or two
_MOST_ALIASES = 1000  # assumed: a configuration has some tens; an alias is one shared object, never copied


class _TaggedLoader(CoreLoader):
    """Loader of the core schema that allows aliases, up to a number, and tags of Python."""

    n_aliases = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Node that an alias stands for, or the next node."""
        if self.check_event(yaml.AliasEvent):
            self.n_aliases += 1
            if self.n_aliases > _MOST_ALIASES:
                raise yaml.MarkedYAMLError(problem=f"more than {_MOST_ALIASES} aliases")
            node: yaml.Node | None = yaml.SafeLoader.compose_node(self, parent, index)
            return node
        return super().compose_node(parent, index)


def _plain(loader: _TaggedLoader, suffix: str, node: yaml.Node) -> Any:  # noqa: ANN401 - a map, a list or a text
    """What stands under a tag of Python, the tag's name kept where it is an object's class."""
    _, _, name = suffix.partition(":")
    if isinstance(node, yaml.MappingNode):
        return {**loader.construct_mapping(node, deep=True), CLASS: name}
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return name or node.value


_TaggedLoader.add_multi_constructor(_PYTHON, _plain)


def load_tagged_yaml(path: Path) -> Tree:
    """Mapping of a YAML file whose tags of Python are taken for plain data.

    Raises
    ------
    UserError
        Where the file cannot be read, is too large or nested too deeply, or is no mapping.
    """
    text = read_text(path, _MOST_BYTES)
    with yaml_of(path):
        tree = yaml.load(text, Loader=_TaggedLoader)  # noqa: S506 - a SafeLoader
    if not isinstance(tree, dict):
        raise UserError(f"{path}: a configuration file is a mapping of keys to values.")
    return tree
