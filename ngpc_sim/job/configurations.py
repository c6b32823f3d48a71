"""Configurations of a run by hash: each whole where there are few, else by what it has otherwise.

What it has otherwise is against the first one of its name. A whole one has 25 kB, so those of 100,000 design points
would take 2.5 GB twice over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.schema import dotted_leaves, set_dotted

#: configurations of a run that all stand there whole
MAX_WHOLE = 100
#: keys of one that does not: the hash of the one that it differs from, and its own values by dotted key
BASE, VALUES = "differs_from", "values"


def configurations(archs: Iterable[Arch]) -> dict[str, dict[str, Any]]:
    """Configurations of architectures by their hashes."""
    by_hash = {arch.sha256: arch for arch in archs}
    if len(by_hash) <= MAX_WHOLE:
        return {sha256: arch.resolved() for sha256, arch in by_hash.items()}
    bases = {arch.name: (sha256, arch.resolved()) for sha256, arch in reversed(by_hash.items())}
    return {sha256: _short(*bases[arch.name], sha256, arch.resolved()) for sha256, arch in by_hash.items()}


def _short(base: str, first: dict[str, Any], sha256: str, tree: dict[str, Any]) -> dict[str, Any]:
    """A configuration by what it has otherwise; whole where it is the base, or lacks a key that the base has."""
    if base == sha256:
        return tree
    parts = {key: value for key, value in tree.items() if value is not first.get(key) and first.get(key) != value}
    here, there = dict(dotted_leaves(parts)), dict(dotted_leaves({key: first.get(key) for key in parts}))
    if there.keys() - here.keys() or any("." in key for key in _names(parts)):
        return tree
    missing = object()
    return {BASE: base, VALUES: {key: value for key, value in here.items() if there.get(key, missing) != value}}


def _names(tree: Mapping[str, Any]) -> Iterable[str]:
    for key, value in tree.items():
        yield key
        if isinstance(value, dict):
            yield from _names(value)


def whole(found: Mapping[str, Any], sha256: str) -> dict[str, Any] | None:
    """One of :func:`configurations`, as it was; ``None`` where a stranger's file has none of this hash."""
    tree = found.get(sha256)
    if not isinstance(tree, dict) or set(tree) != {BASE, VALUES}:
        return tree if isinstance(tree, dict) else None
    made, values = found.get(tree[BASE]) if isinstance(tree[BASE], str) else None, tree[VALUES]
    if not isinstance(made, dict) or not isinstance(values, dict):
        return None
    for key, value in values.items():
        made = set_dotted(made, key, value)
    return made
