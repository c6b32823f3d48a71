"""Plug-ins that change nothing, each in its own way."""

from ngpc_sim.engines import EncodingEngine, MlpEngine, Nfp


class SameEncoding(EncodingEngine):
    pass


class SameMlp(MlpEngine):
    pass


class SameNfp(Nfp):
    pass


class OwnService(EncodingEngine):
    """Has a service of its own, which takes the L2 and all queries at once."""

    def service(self, encoding, positions, l2=None, addresses=0):
        return self.stream(encoding, l2, addresses)(positions)


class Around:
    """Is no engine, but has one and asks it."""

    def __init__(self, spec):
        self.engine = EncodingEngine(spec)

    def __getattr__(self, name):
        return getattr(self.engine, name)


class NoL2(EncodingEngine):
    """Counts missing lines, but does not take the L2 behind them."""

    def service(self, encoding, positions):
        return super().service(encoding, positions)


class PassedOn(Nfp):
    """Has a replay of its own, and passes everything on."""

    def replay(self, *arguments):
        return super().replay(*arguments)


class OnlyTheNeeds:
    """An NFP that has what its place needs, and nothing else."""

    def __init__(self, spec):
        self._nfp = Nfp(spec)

    def replay(self, work, service, came):
        return self._nfp.replay(work, service, came)

    def actions(self, *arguments):
        return self._nfp.actions(*arguments)

    def timing(self, work):
        return self._nfp.timing(work)
