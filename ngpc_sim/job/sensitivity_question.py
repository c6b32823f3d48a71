"""What a sensitivity was asked, checked, and as plain data in a manifest from which it is repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import metadata
from shlex import quote
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.job import request
from ngpc_sim.job.options import check_column
from ngpc_sim.job.rerun import damaged_option
from ngpc_sim.simulation.design import Point
from ngpc_sim.simulation.keys import contents

ONE_AT_A_TIME, SOBOL = METHODS = ("one-at-a-time", "sobol")
#: what a manifest's ``repeat`` calls it
NAME = "sensitivity"


@dataclass(frozen=True)
class Question:
    """Keys with or without ranges, by which method, and of which column."""

    keys: Sequence[str] | None = None
    method: str = ONE_AT_A_TIME
    samples: int | None = None
    seed: int | None = None
    column: str = "frame_ms"

    def check(self) -> None:
        """Raise `UserError` for what cannot be asked of any design."""
        if self.method not in METHODS:
            raise UserError(f"unknown method '{self.method}': choose {' or '.join(METHODS)}.")
        if self.method != SOBOL and (self.samples is not None or self.seed is not None):
            raise UserError("--samples and --seed change nothing without --method sobol.")
        check_column(self.column, "--column")

    @property
    def sampling(self) -> tuple[int, int]:
        """Samples and seed, those by default where none is given."""
        return 64 if self.samples is None else self.samples, self.seed or 0

    def given(self) -> dict[str, Any]:
        """Options by field, defaults left out."""
        found = {option.name: getattr(self, option.name) for option in fields(self)}
        return {own.name: found[own.name] for own in fields(self) if found[own.name] != own.default}

    def words(self) -> list[str]:
        """The same as they are typed."""
        given = self.given()
        keys = [word for key in given.pop("keys", ()) for word in ("--key", key)]
        return keys + [word for name, value in given.items() for word in (f"--{name}", str(value))]


def manifest(asked: request.Request, question: Question, cases: Sequence[Point], wall_time_s: float) -> dict[str, Any]:
    """Manifest of a sensitivity: that of a run of its cases, with what was asked of them."""
    made = request.manifest(asked, cases, wall_time_s)
    typed = " ".join(["ngpc-sim", NAME, *asked.flags(), *map(quote, question.words())])
    packages = {"SALib": metadata.version("SALib")} if question.method == SOBOL else {}
    return made | {
        "command": typed,
        "packages": made["packages"] | packages,
        "repeat": made["repeat"] | {NAME: question.given()},
    }


def question_of(manifest: Mapping[str, Any]) -> Question | None:
    """What was asked of the sensitivity that left a manifest; of any other run ``None``.

    Raises
    ------
    UserError
        Where the manifest has what no sensitivity was asked.
    """
    repeat = manifest.get("repeat")
    if not isinstance(repeat, dict) or NAME not in repeat:
        return None
    given = repeat[NAME]
    if not isinstance(given, dict):
        raise damaged_option(NAME)
    kinds = {"keys": list, "method": str, "samples": int, "seed": int, "column": str}
    for name, value in given.items():
        texts = not isinstance(value, list) or all(isinstance(word, str) for word in value)
        if type(value) is not kinds.get(name) or not texts:
            raise damaged_option(name)
    return Question(**given)


def check_unchanged(cases: Sequence[Point], recorded: Sequence[Point]) -> None:
    """Refuse to repeat a sensitivity whose design is another one now: its keys are varied in the files' own design."""
    if [contents(case) for case in cases] != [contents(case) for case in recorded]:
        raise UserError("the files of the architecture or of a workload have changed since the sensitivity was run.")
