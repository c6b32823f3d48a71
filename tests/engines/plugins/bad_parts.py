"""Plug-ins that cannot take the place they are named for."""


class NoMethods:
    """Nothing but a constructor."""

    def __init__(self, *specs):
        self.specs = specs


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


class EndlessTime(NoTime):
    def rest_ms(self, work, queries, unfused_ms):  # noqa: ARG002 - the interface
        return float("inf")


class WordsForOwners(NoMethods):
    def owners(self, n_granules, n_nfps):  # noqa: ARG002 - the interface
        return ["0"] * n_granules


class HalfAnOwner(NoMethods):
    def owners(self, n_granules, n_nfps):  # noqa: ARG002 - the interface
        return [0.5] * n_granules


class CannotBeBuilt:
    def __init__(self, spec):
        raise KeyError(spec.options["absent"])


not_a_class = 3
