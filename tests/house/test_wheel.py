"""The source archive builds the wheel, and the wheel alone, installed elsewhere, runs the main job."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: folders of the source tree that the wheel has under another name
DATA = ("arch_configs", "traces", "workloads")


def call(*words, **options):
    ran = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, **options)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def files_of(folder):
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The source archive, unpacked."""
    folder = tmp_path_factory.mktemp("sources")
    call(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    (archive,) = folder.iterdir()
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def wheel(sources, tmp_path_factory):
    """The wheel that the source archive builds."""
    folder = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=sources)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def command(wheel, tmp_path_factory):
    """The command in an environment that has the wheel, and for all else the packages of this environment."""
    home = tmp_path_factory.mktemp("elsewhere") / "env"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    call(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet", wheel)
    packages = next((home / "lib").glob("python*/site-packages"))
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.with_name("ngpc-sim")


def test_the_wheel_has_every_module_and_every_data_file(wheel):
    packed = set(zipfile.ZipFile(wheel).namelist())
    modules = {name for name in files_of("ngpc_sim") if "__pycache__" not in name}
    data = {f"ngpc_sim/_data/{name}" for folder in DATA for name in files_of(folder)}
    assert {name for name in packed if ".dist-info/" not in name} == modules | data


def test_the_source_archive_has_what_a_developer_needs(sources):
    there = {path.name for path in sources.iterdir()}
    named = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "pyproject.toml"}
    assert {name for name in named if (ROOT / name).exists()} | {"ngpc_sim", "tests", "docs", *DATA} <= there


def test_the_wheel_alone_runs_the_main_job(command, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["NUMBA_DISABLE_JIT"] = "1"  # nothing is compiled for a place that goes again
    words = ("--scale", "8", "--limit-queries", "300", "--out", "out")
    printed = call(command, *words, cwd=tmp_path, env=environment)
    assert printed.startswith("ngpc, hashgrid, first 300 recorded queries of fhd")
    assert (tmp_path / "out" / "results.csv").read_text().count("\n") == 1 + 4
    where = "import ngpc_sim; print(ngpc_sim.__file__)"
    assert str(command.parents[1]) in call(command.with_name("python"), "-c", where, cwd=tmp_path, env=environment)
