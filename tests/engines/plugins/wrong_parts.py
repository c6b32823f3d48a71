"""Plug-ins that answer wrongly, or raise, as ``options: {how: ...}`` or the name of the class says."""

from dataclasses import replace

import numpy as np

from ngpc_sim.engines import EncodingEngine, MlpEngine, Nfp

MSG = "no such voxel"


def wrong(how, right):
    """A wrong answer in the place of ``right``."""
    if how == "raises":
        raise KeyError(MSG)
    return {
        "float": lambda: right + 0.5,
        "whole_float": lambda: float(right),
        "nan": lambda: float("nan"),
        "negative": lambda: -5,
        "text": lambda: "12",
        "none": lambda: None,
        "huge": lambda: 1 << 70,
    }[how]()


def replaced(run, part, how):
    """``run`` with a wrong part."""
    array = getattr(run, part)
    if how == "raises":
        raise KeyError(MSG)
    if how == "none":
        return None
    changed = {
        "float": lambda: array * 1.0,
        "nan": lambda: array * np.nan,
        "negative": lambda: array.astype(np.int64) - 100_000,
        "short": lambda: array[:-1],
        "flat": lambda: array.reshape(-1)[:1].reshape(())[()],
    }
    return replace(run, **{part: changed[how]()})


class Engine(EncodingEngine):
    """``options: {part: NAME, how: ...}``."""

    @property
    def latency_cycles(self):
        return self._answer("latency_cycles", super().latency_cycles)

    def side_by_side(self, encoding):
        return self._answer("side_by_side", super().side_by_side(encoding))

    def index_cycles(self, encoding):
        return self._answer("index_cycles", super().index_cycles(encoding))

    def service(self, encoding, positions, l2=None, addresses=0):
        served = super().service(encoding, positions, l2, addresses)
        part = self.spec.options["part"]
        return replaced(served, part, self.spec.options["how"]) if hasattr(served, part) else served

    def _answer(self, part, right):
        return wrong(self.spec.options["how"], right) if self.spec.options["part"] == part else right


class Mlp(MlpEngine):
    @property
    def tail_cycles(self):
        return self._answer("tail_cycles", super().tail_cycles)

    def busy_cycles(self, work, n_queries):
        return self._answer("busy_cycles", super().busy_cycles(work, n_queries))

    def first_matrix_cycles(self, work, n_queries):
        return self._answer("first_matrix_cycles", super().first_matrix_cycles(work, n_queries))

    def useful_cycles(self, work, n_queries):
        return self._answer("useful_cycles", super().useful_cycles(work, n_queries))

    def actions(self, work, n_queries, n_batches):
        right = dict(super().actions(work, n_queries, n_batches))
        return right | {"mlp_mac": self._answer("actions", right["mlp_mac"])}

    def _answer(self, part, right):
        return wrong(self.spec.options["how"], right) if self.spec.options["part"] == part else right


class Processor(Nfp):
    def replay(self, work, service, came):
        run = super().replay(work, service, came)
        part = self.spec.options["part"]
        if part in ("cycles", "busy_cycles"):
            return replace(run, **{part: wrong(self.spec.options["how"], getattr(run, part))})
        if part == "stalls":
            return replace(run, stalls={cause: cycles for cause, cycles in run.stalls.items() if cause != "input"})
        return replaced(run, part, self.spec.options["how"])


class Dispatcher:
    def __init__(self, spec):
        self.how = spec.options["how"]

    def owners(self, n_granules, n_nfps):
        if self.how == "raises":
            raise KeyError(MSG)
        return {
            "none": None,
            "float": [0.0] * n_granules,
            "nan": [float("nan")] * n_granules,
            "negative": [-1] * n_granules,
            "short": [0] * (n_granules - 1),
            "too_many": [n_nfps] * n_granules,
        }[self.how]


class Rest:
    how = ""

    def __init__(self, *specs):
        self.specs = specs

    def rest_ms(self, work, queries, unfused_ms):  # noqa: ARG002 - the interface
        return wrong(self.how, unfused_ms)

    def efficiency(self, addresses, line_bytes):  # noqa: ARG002 - the interface
        return wrong(self.how, 1)


class RestRaises(Rest):
    how = "raises"


class RestNan(Rest):
    how = "nan"


class RestNegative(Rest):
    how = "negative"


class RestText(Rest):
    how = "text"


class RestNone(Rest):
    how = "none"


class Leaves(EncodingEngine):
    """Ends the interpreter, as a script would."""

    def service(self, encoding, positions, l2=None, addresses=0):  # noqa: ARG002 - the interface
        raise SystemExit(0)


class Stream(EncodingEngine):
    """Its parts of a stream are no services."""

    def stream(self, *arguments):  # noqa: ARG002 - the interface
        return len


class StreamRaises(EncodingEngine):
    def stream(self, *arguments):  # noqa: ARG002 - the interface
        def part(positions):  # noqa: ARG001 - the interface
            raise KeyError(MSG)

        return part


class Remembers(EncodingEngine):
    def remembers(self, encoding):  # noqa: ARG002 - the interface
        return -1
