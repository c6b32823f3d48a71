"""Plug-ins that cannot take the place they are named for."""


class NoMethods:
    """Nothing but a constructor."""

    def __init__(self, spec):
        self.spec = spec


class OwnersOutOfRange(NoMethods):
    def owners(self, n_granules, n_nfps):
        return [n_nfps] * n_granules


class TooFewOwners(NoMethods):
    def owners(self, n_granules, n_nfps):  # noqa: ARG002 - the interface
        return [0] * (n_granules - 1)


class NoTime:
    def __init__(self, frame, gpu):
        self.frame, self.gpu = frame, gpu

    def rest_ms(self, work, queries, unfused_ms):  # noqa: ARG002 - the interface
        return 0.0


not_a_class = 3
