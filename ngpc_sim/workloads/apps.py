"""Apps: the four that are built in, and what any app may be called.

An app is data: a workload file and a trace each say which app they belong to. What is published, drawn in a colour of
its own or recorded here concerns the four apps of the paper, which stand in one table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class App:
    """A built-in app: its name in charts, its colour and mark there, and position components of its scenes."""

    title: str
    colour: str
    mark: str
    n_dims: int


#: by name, in the order in which the paper lists them
BUILT_IN: Mapping[str, App] = {
    "nerf": App("NeRF", "#08306b", "o", 3),
    "nsdf": App("NSDF", "#3c82bd", "s", 3),
    "gia": App("GIA", "#009e73", "^", 2),
    "nvr": App("NVR", "#c77ba6", "v", 3),
}
APPS = tuple(BUILT_IN)
#: encodings of every built-in app
ENCODINGS = ("hashgrid", "densegrid", "lowres")
#: workloads of other accelerators' papers, files like those of apps; ``all`` leaves them out
OTHER_WORKLOADS = ("neurex", "instant3d", "icarus")
#: words that mean something else where an app is named: on the command line and in tables
RESERVED = ("all", "mean")
NAME_RULE = "1 to 32 letters, digits, - and _, and not one of the words all and mean"


def is_app_name(name: str) -> bool:
    """Whether an app may be called so, as ``NAME_RULE`` says."""
    return re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name) is not None and name not in RESERVED


def app_title(name: str) -> str:
    """Name of an app in charts and sentences: an own app's is its name."""
    return BUILT_IN[name].title if name in BUILT_IN else name


def app_rank(name: str) -> int:
    """Place of an app among the built-in ones, all others behind."""
    return APPS.index(name) if name in APPS else len(APPS)
