"""What tests of frames share: the float32 twin, and kernels of which a line is changed."""

import shutil
from pathlib import Path

import pytest

from ngpc_sim.gpu.measured import programs


@pytest.fixture(scope="session")
def twin(module_at):
    return module_at(Path(__file__).with_name("twin.py"))


@pytest.fixture(scope="session")
def nerf_twin(module_at):
    return module_at(Path(__file__).with_name("nerf_twin.py"))


@pytest.fixture
def mutate(monkeypatch, tmp_path):
    """Change the one place of a shader's file that has such words."""

    def change(file, before, after):
        folder = shutil.copytree(programs.SHADERS, tmp_path / "shaders")
        text = (folder / f"{file}.wgsl").read_text(encoding="utf-8")
        assert text.count(before) == 1
        (folder / f"{file}.wgsl").write_text(text.replace(before, after), encoding="utf-8")
        monkeypatch.setattr(programs, "SHADERS", folder)

    return change
