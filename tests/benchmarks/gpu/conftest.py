"""The CUDA kernel of this folder, compiled and callable, and the architecture beside the GPU of this machine."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.bundled import folder

SOURCE = Path(__file__).with_name("mlp.cu")
TURNS = 7


@pytest.fixture(scope="session")
def kernels(tmp_path_factory):
    """The compiled kernel and what describes the GPU."""
    compiler = shutil.which("nvcc")
    if compiler is None or shutil.which("nvidia-smi") is None:
        pytest.skip("there is no nvcc or no GPU here")
    library = tmp_path_factory.mktemp("gpu") / "kernels.so"
    command = [compiler, "-O3", "-std=c++17", "-arch=native", "-shared", "-Xcompiler", "-fPIC", "-o", library]
    subprocess.run([*command, SOURCE], check=True)
    return ctypes.CDLL(str(library))


@pytest.fixture(scope="session")
def call(kernels):
    """Call one of the compiled functions with arrays and integers; what it returns."""

    def run(name, *arguments):
        function = getattr(kernels, name)
        function.restype = ctypes.c_double
        given = [a.ctypes.data_as(ctypes.c_void_p) if isinstance(a, np.ndarray) else a for a in arguments]
        result = function(*given)
        assert result >= 0
        return result

    return run


@pytest.fixture
def turns(call):
    """Set how many turns are timed, until the test ends."""

    yield lambda count: call("set_turns", count)
    call("set_turns", TURNS)


@pytest.fixture(scope="session")
def arch(call):
    """The architecture beside the GPU of this machine."""
    name = np.zeros(256, np.uint8)
    call("describe", name)
    own = "".join(filter(str.isalnum, name.tobytes().split(b"\0")[0].decode())).lower()
    names = sorted(path.stem for path in (folder("arch_configs") / "gpu").glob("*.yaml"))
    gpu = next((known for known in names if known.replace("-", "") in own), None)
    if gpu is None:
        pytest.skip(f"no file of arch_configs/gpu is named like the GPU {own}")
    return ngpc.load_arch("ngpc", gpu=gpu, overrides={"frame.rest_model": "roofline", "gpu_model": "roofline"})
