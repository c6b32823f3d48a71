"""The smallest plug-in for each of the other places: MLP engine, NFP, dispatcher, GPU rest model."""

from dataclasses import replace

import numpy as np

from ngpc_sim.engines import MlpEngine, Nfp


class TwiceAsFastMlpEngine(MlpEngine):
    """An array that passes two queries a cycle."""

    def tile_cycles(self, n_queries):
        return -(-super().tile_cycles(n_queries) // 2)

    def useful_cycles(self, work, n_queries):
        return sum(self.tiles(work)) * -(-n_queries // 2)


class SleepyNfp(Nfp):
    """An NFP whose clock starts ``options: {sleep_cycles: N}`` late."""

    def replay(self, work, service, arrivals):
        sleep = self.spec.options["sleep_cycles"] if len(arrivals) else 0
        run = super().replay(work, service, arrivals)
        return replace(
            run,
            batch_start_cycles=run.batch_start_cycles + sleep,
            batch_end_cycles=run.batch_end_cycles + sleep,
            done_cycles=run.done_cycles + sleep,
            cycles=run.cycles + sleep,
            stalls=dict(run.stalls) | {"input": run.stalls["input"] + sleep},
        )


class FirstNfpOnlyDispatcher:
    """All granules go to NFP 0."""

    def __init__(self, spec):
        self.spec = spec

    def owners(self, n_granules, n_nfps):  # noqa: ARG002 - the interface
        return np.zeros(n_granules, np.int64)


class MicrosecondRest:
    """A microsecond for every thousand queries, whatever they were unfused."""

    def __init__(self, frame, gpu):
        self.frame, self.gpu = frame, gpu

    def rest_ms(self, work, queries, unfused_ms):  # noqa: ARG002 - the interface
        return queries * 1e-6
