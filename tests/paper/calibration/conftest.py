"""One calibration of the bundled architecture, and problems that are no simulator's."""

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.paper.calibration.problem import Problem
from ngpc_sim.paper.calibration.run import Request, calibrate


@pytest.fixture(scope="session")
def paper():
    """The documented command without its profiles, and with one random start; these change nothing that is written."""
    return calibrate(Request(starts=1, profiles=False))


@pytest.fixture
def linear():
    """Residuals A x - b of parameters in logarithms, started at 0 and bounded widely."""

    def make(matrix, target, reach=50.0):
        matrix, target = np.array(matrix, float), np.array(target, float)
        count = matrix.shape[1]
        names = tuple("abcdefgh"[:count])
        ends = np.full(count, reach)
        return Problem(names, np.zeros(count), -ends, ends, lambda x, _: x @ matrix.T - target)

    return make


@pytest.fixture
def sentence():
    """The one sentence that a call is refused with."""

    def of(call, *arguments):
        with pytest.raises(UserError) as caught:
            call(*arguments)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return of
