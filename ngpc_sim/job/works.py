"""Workloads and traces of a request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.options import parse_list, parse_names
from ngpc_sim.trace import Trace, load_trace
from ngpc_sim.trace.sequences import TraceSequence
from ngpc_sim.workloads.apps import APPS, ENCODINGS, OTHER_WORKLOADS
from ngpc_sim.workloads.workload import Workload, default_encoding, encoding_names, load_workload

#: a workload file as typed with its encoding
FILE_WITH_ENCODING = re.compile(r".*\.ya?ml:[^/:]+", re.DOTALL)


@dataclass(frozen=True)
class Asked:
    """Apps, encodings and traces as typed, and the sequence of frames that the traces name."""

    apps: str
    encodings: str | None
    traces: str | None
    frames: TraceSequence | None

    def works(self) -> dict[str, list[Workload]]:
        """Workloads by encoding: every app with the encodings asked for, or with the one that its file's name names."""
        names = {app: encoding_names(app) for app in self._apps()}
        known = list(dict.fromkeys([*ENCODINGS, *chain(*names.values())]))
        asked_for = None if self.encodings is None else parse_names(self.encodings, "--encoding", known)
        works: dict[str, list[Workload]] = {}
        for app, own in names.items():
            everything = self.encodings == "all" or FILE_WITH_ENCODING.fullmatch(app)
            for encoding in own if everything else asked_for or [default_encoding(own)]:
                works.setdefault(encoding, []).append(_work(app, encoding))
        return works

    def _apps(self) -> list[str]:
        """Apps and workload files; of all apps, only those that the traces are of."""
        names = parse_names(self.apps, "--app", APPS, paths=True, also=OTHER_WORKLOADS)
        recorded = self._recorded() if self.apps == "all" else []
        if not recorded:
            return names
        unknown = [app for app in recorded if app not in names]
        if unknown:
            raise UserError(f"--trace {self.traces} is of app '{unknown[0]}': name its workload file with --app.")
        return [name for name in names if name in recorded]

    def _recorded(self) -> list[str]:
        """Apps of the sequence or of the traces that are named."""
        if self.frames is not None:
            return [self.frames.app]
        names = [] if self.traces is None else parse_list(self.traces, "--trace")
        return [load_once(name).app for name in names]

    def traces_of(self, work: Workload) -> list[Trace]:
        """The workload's own trace, or those asked for that record its app."""
        if self.traces is None:
            return [load_once(work.trace)]
        if self.frames is not None:
            return [_first(self.frames, work)]
        named = (load_once(name) for name in parse_list(self.traces, "--trace"))
        chosen = [trace for trace in named if trace.app == work.app]
        if not chosen:
            raise UserError(f"no trace of app '{work.app}' is among --trace {self.traces}: name one, or choose --app.")
        return chosen


def _work(app: str, encoding: str) -> Workload:
    if app in APPS or app in OTHER_WORKLOADS:
        return load_workload(f"{app}-{encoding}")
    return load_workload(app if FILE_WITH_ENCODING.fullmatch(app) else f"{app}:{encoding}")


def _first(frames: TraceSequence, work: Workload) -> Trace:
    """First frame of a sequence."""
    if frames.app != work.app:
        raise UserError(f"the sequence {frames.folder} is of app '{frames.app}', not of '{work.app}': choose --app.")
    return load_once(str(frames.folder / frames.files[0].file))


@lru_cache(maxsize=32)
def load_once(source: str) -> Trace:
    """A trace, read once for all workloads of a request."""
    return load_trace(source)
