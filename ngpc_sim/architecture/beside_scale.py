"""What architectures share that differ in their number of NFPs alone: plain data, and the text around the scale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, Protocol

from ngpc_sim.architecture.identity import identity
from ngpc_sim.config.yaml_files import Tree

SCALE = "scale"


class Part(Protocol):
    """A GPU or a technology."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def resolved(self) -> Tree:
        """Plain data of its file."""

    @property
    def text(self) -> str:
        """The same as text."""


class Around(NamedTuple):
    """JSON text of an architecture before and behind the number of its scale."""

    before: bytes
    behind: bytes

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> Around:
        """Around the scale of ``tree``, whose keys are sorted."""
        parts = [{k: v for k, v in tree.items() if k < SCALE}, {k: v for k, v in tree.items() if k > SCALE}]
        before, behind = (json.dumps(part, sort_keys=True, separators=(",", ":"))[1:-1] for part in parts)
        return cls(f'{{{before},"{SCALE}":'.encode(), f",{behind}}}".encode())

    def hash_with(self, scale: int) -> str:
        """SHA-256 of the text at a scale."""
        return hashlib.sha256(b"%b%d%b" % (self.before, scale, self.behind)).hexdigest()


class BesideScale(NamedTuple):
    """Keys in their order, plain data but for the scale, and the text around it of all and of what results follow from.

    ``everything`` is the text of all of it but for mechanisms that are off; ``results`` has no prose and no place of a
    file.
    """

    keys: tuple[str, ...]
    shared: Tree
    everything: Around
    results: Around

    @classmethod
    def of(cls, file: Tree, parts: Mapping[str, Part], prose: Collection[str]) -> BesideScale:
        """Of an architecture's file without ``prose``, with the GPU and the technology that it names."""
        names = {key: part.name for key, part in parts.items()}
        tree = {**file, **names, **{f"{key}_file": part.resolved for key, part in parts.items()}}
        plain = {key: value for key, value in file.items() if key not in prose}
        plain |= {key: part.text for key, part in parts.items()}
        shared = {key: value for key, value in tree.items() if key != SCALE}
        return cls(tuple(tree), shared, Around.of(identity(tree)), Around.of(plain))

    def tree_at(self, scale: int) -> Tree:
        """All plain data at a scale."""
        return {key: scale if key == SCALE else self.shared[key] for key in self.keys}
