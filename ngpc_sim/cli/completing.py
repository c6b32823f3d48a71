"""What the shell completes: names, keys, columns and topics, each read where the names are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable

#: gives what can be typed from what has been typed
Complete = Callable[[str], list[str]]


def one_of(words: Callable[[], Iterable[str]]) -> Complete:
    """Completes a word to one of some."""
    return lambda incomplete: [word for word in words() if word.startswith(incomplete)]


def listed(words: Callable[[], Iterable[str]]) -> Complete:
    """Completes the last word of a list with commas to one that is not in it yet."""

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        typed = before.split(",")
        return [f"{before}{comma}{word}" for word in words() if word.startswith(last) and word not in typed]

    return complete


def apps() -> list[str]:
    """The built-in apps, and all of them."""
    from ngpc_sim.workloads.apps import APPS

    return [*APPS, "all"]


def methods() -> list[str]:
    """The methods of a sensitivity."""
    from ngpc_sim.job.sensitivity_question import METHODS

    return list(METHODS)


def encodings() -> list[str]:
    """The built-in encodings, and all of them."""
    from ngpc_sim.workloads.apps import ENCODINGS

    return [*ENCODINGS, "all"]


def resolutions() -> list[str]:
    """Frame sizes that have a name."""
    from ngpc_sim.workloads.frame_sizes import RESOLUTIONS

    return list(RESOLUTIONS)


def archs() -> list[str]:
    """The built-in architectures."""
    from ngpc_sim.architecture.arch import arch_names

    return arch_names()


def gpus() -> list[str]:
    """The built-in GPUs."""
    from ngpc_sim.architecture.arch import descriptions

    return list(descriptions("GPU"))


def workloads() -> list[str]:
    """The built-in workloads, and all of them."""
    from ngpc_sim.workloads.workload import shipped_workloads

    return [*shipped_workloads(), "all"]


def traces() -> list[str]:
    """The bundled traces."""
    from ngpc_sim.trace import bundled_traces

    return bundled_traces()


def scenes() -> list[str]:
    """Scenes that can be recorded."""
    from ngpc_sim.trace.subjects import SCENES

    return sorted(SCENES)


def keys() -> list[str]:
    """Dotted keys of an architecture."""
    from ngpc_sim.architecture.arch import all_keys

    return list(all_keys())


def settings() -> list[str]:
    """The same, each with the sign before its value."""
    return [f"{key}=" for key in keys()]


def columns() -> list[str]:
    """Columns of results."""
    from ngpc_sim.results.columns import COLUMNS

    return list(COLUMNS)


def explained() -> list[str]:
    """What can be explained: topics of notes, columns and keys."""
    from ngpc_sim.job.explain import known
    from ngpc_sim.job.notes.note import TOPICS

    return [*TOPICS, *known()]


def details() -> list[str]:
    """Levels of detail."""
    from ngpc_sim.simulation.design import DETAILS

    return list(DETAILS)
