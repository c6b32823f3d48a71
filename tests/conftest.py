"""No test reads what another run left on disk, nor leaves anything; how a run spreads over workers; random cases."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]

os.environ["NGPC_SIM_CACHE_MIB"] = "0"
settings.register_profile("usual", max_examples=100, deadline=None, database=None, derandomize=True)
settings.register_profile("nightly", max_examples=1000, deadline=None, database=None, print_blob=True)

#: need no kernel, and so come first, while kernels are compiled
WITHOUT_KERNELS = ("tests/house", "tests/report")
#: folders whose files share results that take long; one worker runs all of a folder
TOGETHER = ("tests/paper/calibration", "tests/paper/published", "tests/paper/ladder", "tests/frame/memory")
#: a file that asks for the same results as such a folder
WITH = {"tests/cli/test_validate.py": "tests/paper/published"}
#: what comes next, so that no worker is left with something long at the end
LONG = (*TOGETHER, "tests/sampling", "tests/trace", "tests/reference")


class Workers(LoadScopeScheduling):
    """Gives a worker the tests of a file at a time, or of a folder of ``TOGETHER``, once their kernels are compiled.

    One process compiles all of them, for every worker would compile its own.
    """

    def __init__(self, config, log):
        super().__init__(config, log)
        command = [Path(sys.executable).with_name("ngpc-sim"), "warmup", "--scenes"]
        self.kernels = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        return WITH.get(file) or next((folder for folder in TOGETHER if file.startswith(folder)), file)

    def _assign_work_unit(self, node):
        if not next(iter(self.workqueue)).startswith(WITHOUT_KERNELS):
            self.kernels.wait()
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config, log):
    return Workers(config, log)


def pytest_xdist_auto_num_workers(config):
    """No workers for files that are named one by one, nor for benchmarks, which are timed."""
    files = all(".py" in word for word in config.args)
    return 0 if files or config.getoption("benchmark_only") else None


def is_nightly(config):
    return config.getoption("markexpr") == "nightly"


def pytest_configure(config):
    if hasattr(config, "workerinput"):
        # tests end commands by signals, which a run in the background of a script, or of nohup, passes on as ignored
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    settings.load_profile("nightly" if is_nightly(config) else "usual")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    order = (*WITHOUT_KERNELS, *LONG)
    items.sort(key=lambda item: next((n for n, name in enumerate(order) if item.nodeid.startswith(name)), len(order)))
    if is_nightly(config):
        for item in items:
            if getattr(item.function, "is_hypothesis_test", False):
                item.add_marker("nightly")


@pytest.fixture(scope="session")
def module_at():
    """Loads a file as a module, once: test folders are not packages."""

    def load(path):
        name = "loaded_" + "_".join(path.relative_to(ROOT).with_suffix("").parts)
        if name not in sys.modules:
            spec = importlib.util.spec_from_file_location(name, path)
            sys.modules[name] = importlib.util.module_from_spec(spec)  # where its dataclasses look themselves up
            spec.loader.exec_module(sys.modules[name])
        return sys.modules[name]

    return load
