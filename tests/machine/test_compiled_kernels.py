"""Compiled kernels are those of the sources as they are, and come from a folder that the user alone can write to."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import ngpc_sim
from ngpc_sim.machine import compiled_kernels
from ngpc_sim.machine.compiled_kernels import PREFIX, kernels_folder

PACKAGE = Path(ngpc_sim.__file__).parent
VERSIONS = ("numba 1", "numpy 2")


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """Two sources in an installed package, and the user's caches elsewhere."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("NGPC_SIM_CACHE", str(tmp_path / "caches"))
    (tmp_path / "package").mkdir()
    paths = [tmp_path / "package" / name for name in ("a.py", "b.py")]
    for path in paths:
        path.write_text("x = 1\n")
    return paths


def test_an_edit_of_any_source_or_another_version_is_another_folder(sources):
    seen = {kernels_folder(sources, VERSIONS), kernels_folder(sources, ("numba 2", "numpy 2"))}
    for path in sources:
        path.write_text("x = 2\n")
        seen.add(kernels_folder(sources, VERSIONS))
    assert len(seen) == 4
    for path in sources:
        path.write_text("x = 1\n")
    assert kernels_folder(sources, VERSIONS) in seen


def test_settings_that_change_what_is_compiled_are_another_folder(sources, monkeypatch):
    before = kernels_folder(sources, VERSIONS)
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    assert kernels_folder(sources, VERSIONS) == before
    monkeypatch.setenv("NUMBA_BOUNDSCHECK", "1")
    assert kernels_folder(sources, VERSIONS) != before


def test_the_folder_is_the_users_alone(sources):
    folder = kernels_folder(sources, VERSIONS)
    assert folder.parent == sources[0].parent / "__pycache__"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def writable_by_others(folder):
    folder.chmod(0o777)


def a_file(folder):
    folder.rmdir()
    folder.touch()


def a_link(folder):
    folder.rmdir()
    folder.symlink_to(folder.parent)


@pytest.mark.parametrize("turn", [writable_by_others, a_file, a_link])
def test_a_folder_that_is_not_the_users_alone_is_left_alone(sources, turn, tmp_path):
    folder = kernels_folder(sources, VERSIONS)
    turn(folder)
    assert kernels_folder(sources, VERSIONS) == tmp_path / "caches" / folder.name


def test_a_folder_of_another_user_is_left_alone(sources, monkeypatch):
    folder = kernels_folder(sources, VERSIONS)
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    assert kernels_folder(sources, VERSIONS).parent.parent == Path(compiled_kernels.tempfile.gettempdir())


def test_the_folder_that_numba_is_told_of_comes_first(sources, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "own"))
    assert kernels_folder(sources, VERSIONS).parent == tmp_path / "own"


def test_where_nothing_is_writable_one_temporary_folder_serves_all_processes(sources, tmp_path, monkeypatch):
    for name in ("package/__pycache__", "caches"):
        (tmp_path / name).touch()
    monkeypatch.setattr(compiled_kernels.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    folder = kernels_folder(sources, VERSIONS)
    assert folder.is_relative_to(tmp_path)
    assert kernels_folder(sources, VERSIONS) == folder


def test_folders_of_other_sources_go_by_age_and_number(sources):
    place = sources[0].parent / "__pycache__"
    now = compiled_kernels.time.time()
    days = [0, 1, 2, 29, 29.5, 31]
    for number, age in enumerate(days):
        (place / f"{PREFIX}{number}").mkdir(parents=True)
        os.utime(place / f"{PREFIX}{number}", (now - age * 86400,) * 2)
    (place / "other.pyc").touch()
    kept = kernels_folder(sources, VERSIONS)
    left = {path.name for path in place.iterdir()}
    assert left == {kept.name, "other.pyc", *(f"{PREFIX}{number}" for number in range(4))}
    (place / f"{PREFIX}late").mkdir()
    kernels_folder(sources, VERSIONS)
    assert (place / f"{PREFIX}late").exists()


@pytest.fixture
def python(tmp_path):
    """Run code in a folder of its own, with a copy of the package whose kernels nobody has compiled."""
    shutil.copytree(PACKAGE, tmp_path / "copy" / "ngpc_sim", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "here").mkdir()

    def run(code, **variables):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
        ran = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path / "here",
            env={**kept, "PYTHONPATH": str(tmp_path / "copy"), **variables},
        )
        assert ran.stderr == ""
        return ran.stdout.strip()

    return run


def test_an_edit_of_a_part_in_another_file_is_compiled_into_its_callers(python, tmp_path):
    """A kernel of one file that has a part of another one compiled into it."""
    kernels = tmp_path / "copy" / "ngpc_sim" / "kernels"
    (kernels / "one.py").write_text(
        "from ngpc_sim.kernels.compiled import inlined\n\n\n@inlined\ndef factor():\n    return 2\n"
    )
    (kernels / "two.py").write_text(
        "from ngpc_sim.kernels.compiled import kernel\nfrom ngpc_sim.kernels.one import factor\n\n\n"
        "@kernel\ndef scaled(x):\n    return x * factor()\n"
    )
    call = "from ngpc_sim.kernels.two import scaled; print(scaled(21), sum(scaled.stats.cache_hits.values()))"
    assert python(call) == "42 0"
    assert python(call) == "42 1"
    (kernels / "one.py").write_text((kernels / "one.py").read_text().replace("2", "3"))
    assert python(call) == "63 0"


def test_settings_of_the_current_folder_are_not_numbas(python, tmp_path):
    planted = tmp_path / "here" / ".numba_config.yaml"
    call = (
        "from ngpc_sim.kernels.compiled import FOLDER, numba; import yaml; "
        "numba.config.reload_config(); "
        "print(numba.config.CACHE_DIR, numba.config.DISABLE_JIT, FOLDER.parent.name, yaml.safe_load('[1]'))"
    )
    for text in ("cache_dir: planted\ndisable_jit: 1\n", "{not yaml", "&a [*a]"):
        planted.write_text(text)
        assert python(call) == "0 __pycache__ [1]"
    planted.chmod(0)
    assert python(call) == "0 __pycache__ [1]"


def test_kernels_of_others_are_kept_where_numba_keeps_them(python, tmp_path):
    call = "from ngpc_sim.kernels.compiled import FOLDER, numba; print(numba.config.CACHE_DIR == {!r}, FOLDER.parent)"
    assert python(call.format("")).startswith("True ")
    own = str(tmp_path / "own")
    assert python(call.format(own), NUMBA_CACHE_DIR=own) == f"True {own}"
