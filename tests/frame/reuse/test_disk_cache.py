"""Files of the cache: whole or nothing, of the right key and shape, within the cap, and never an error of a run."""

import json
import os
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ngpc_sim.config.errors import UserError
from ngpc_sim.machine import disk_cache

MANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
ARRAYS = {"a": np.arange(40, dtype=np.uint16).reshape(20, 2), "b": np.array([-5, 7]), "c": np.zeros((0, 3), np.uint8)}
EXPECTED = {"a": ("u2", (20, 2)), "b": ("i8", (None,)), "c": ("u1", (0, 3))}


def same(found):
    return found is not None and all(
        found[name].dtype == array.dtype and found[name].tolist() == array.tolist() for name, array in ARRAYS.items()
    )


def the_file(folder):
    (path,) = folder.glob("*.arrays")
    return path


def test_what_was_saved_comes_back_and_may_be_written_to(folder):
    assert disk_cache.load("key", EXPECTED) is None
    disk_cache.save("key", ARRAYS)
    found = disk_cache.load("key", EXPECTED)
    assert same(found)
    assert all(array.flags.writeable and array.flags.c_contiguous for array in found.values())
    assert len(list(folder.iterdir())) == 1


@MANY
@given(
    place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255), how=st.sampled_from(("byte", "cut", "more"))
)
def test_a_damaged_file_is_none_or_unharmed(folder, place, change, how):
    disk_cache.save("key", ARRAYS)
    path = the_file(folder)
    content = bytearray(path.read_bytes())
    at = int(place * len(content))
    if how == "byte":
        content[at] ^= change
    damaged = {"byte": content, "cut": content[:at], "more": content + bytes([change])}[how]
    path.write_bytes(damaged)
    found = disk_cache.load("key", EXPECTED)
    assert found is None or (how == "byte" and same(found))


@pytest.mark.parametrize(
    "wrong",
    [
        {"a": ("u2", (20, 3))},
        {"a": ("u2", (40,))},
        {"a": ("i2", (20, 2))},
        {"b": ("i8", (3,))},
        {"d": ("i8", (3,))},
    ],
)
@pytest.mark.usefixtures("folder")
def test_other_arrays_than_expected_are_not_taken(wrong):
    disk_cache.save("key", ARRAYS)
    assert disk_cache.load("key", EXPECTED | wrong) is None


def test_a_file_under_the_name_of_another_key_is_not_taken(folder):
    disk_cache.save("key", ARRAYS)
    the_file(folder).rename(folder / disk_cache._name("other"))
    assert disk_cache.load("other", EXPECTED) is None


def test_a_file_made_for_another_key_is_not_taken_even_where_it_says_this_one(folder):
    disk_cache.save("key", ARRAYS)
    content = the_file(folder).read_bytes()
    (folder / disk_cache._name("yek")).write_bytes(content.replace(b'"key": "key"', b'"key": "yek"'))
    assert same(disk_cache.load("key", EXPECTED))
    assert disk_cache.load("yek", EXPECTED) is None


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_to_is_not_taken(folder, mode):
    disk_cache.save("key", ARRAYS)
    the_file(folder).chmod(mode)
    assert disk_cache.load("key", EXPECTED) is None
    the_file(folder).chmod(0o644)
    assert same(disk_cache.load("key", EXPECTED))


def test_a_file_of_another_user_is_not_taken(folder, monkeypatch):
    disk_cache.save("key", ARRAYS)
    monkeypatch.setattr(os, "getuid", lambda: the_file(folder).stat().st_uid + 1)
    assert disk_cache.load("key", EXPECTED) is None


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_neither_waited_for_nor_read(folder, make):
    folder.mkdir()
    make(folder / disk_cache._name("key"))
    assert disk_cache.load("key", EXPECTED) is None
    disk_cache.save("key", ARRAYS)


def test_a_header_that_claims_more_than_the_file_has_takes_no_memory(folder, monkeypatch):
    """A shape of 2^60 bytes would be an error of memory, or worse."""
    disk_cache.save("key", ARRAYS)
    path = the_file(folder)
    header = {"key": "key", "arrays": [["b", "<i8", [1 << 57]]], "sha256": ""}
    text = json.dumps(header).encode()
    path.write_bytes(disk_cache.MAGIC + len(text).to_bytes(8, "little") + text)
    monkeypatch.setattr(disk_cache.np, "empty", None)
    assert disk_cache.load("key", {"b": ("i8", (None,))}) is None


def test_files_used_longest_ago_go_when_the_cap_is_reached(folder, monkeypatch):
    monkeypatch.setenv("NGPC_SIM_CACHE_MIB", "4")
    big, expected = {"x": np.zeros(1_000_000, np.uint8)}, {"x": ("u1", (None,))}
    for number in range(4):
        disk_cache.save(f"key {number}", big)
        os.utime(folder / disk_cache._name(f"key {number}"), (1000 + number, 1000 + number))
    assert disk_cache.load("key 0", expected) is not None
    disk_cache.save("key 4", big)
    left = [number for number in range(5) if disk_cache.load(f"key {number}", expected) is not None]
    assert left == [0, 2, 3, 4]
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 4 << 20


def test_what_is_larger_than_the_cap_is_not_kept(folder, monkeypatch):
    monkeypatch.setenv("NGPC_SIM_CACHE_MIB", "1")
    disk_cache.save("key", {"x": np.zeros(1 << 20, np.uint8)})
    assert not folder.exists()


def test_no_cap_keeps_nothing_and_reads_nothing(folder, monkeypatch):
    disk_cache.save("key", ARRAYS)
    monkeypatch.setenv("NGPC_SIM_CACHE_MIB", "0")
    assert disk_cache.load("key", EXPECTED) is None
    the_file(folder).unlink()
    disk_cache.save("key", ARRAYS)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("text", ["much", "-1", "1.5", str((1 << 20) + 1)])
def test_a_cap_that_is_none_is_a_mistake_of_one_sentence(folder, monkeypatch, text):
    monkeypatch.setenv("NGPC_SIM_CACHE_MIB", text)
    with pytest.raises(UserError, match="NGPC_SIM_CACHE_MIB") as error:
        disk_cache.load("key", EXPECTED)
    assert "\n" not in str(error.value)
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_invisible(folder):
    folder.write_text("a file stands here")
    disk_cache.save("key", ARRAYS)
    assert disk_cache.load("key", EXPECTED) is None
    assert folder.read_text() == "a file stands here"


def test_the_folder_is_ours_among_the_users_caches(monkeypatch, tmp_path):
    monkeypatch.setenv("NGPC_SIM_CACHE_MIB", "64")
    monkeypatch.delenv("NGPC_SIM_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert disk_cache.folder() == tmp_path / "ngpc-sim"
    monkeypatch.setenv("NGPC_SIM_CACHE", str(tmp_path / "named"))
    assert disk_cache.folder() == tmp_path / "named"


def test_a_file_that_was_never_finished_goes_after_a_while(folder):
    folder.mkdir()
    for name, age in (("old.part", 10_000), ("new.part", 10)):
        (folder / name).write_bytes(b"half")
        now = (folder / name).stat().st_mtime
        os.utime(folder / name, (now - age, now - age))
    disk_cache.save("key", ARRAYS)
    assert sorted(path.suffix for path in folder.iterdir()) == [".arrays", ".part"]


def test_writers_and_readers_at_the_same_time_see_whole_files(folder):
    seen = []

    def write():
        for _ in range(40):
            disk_cache.save("key", ARRAYS)

    def read():
        seen.extend(disk_cache.load("key", EXPECTED) for _ in range(200))

    threads = [threading.Thread(target=target) for target in (write, write, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found is None or same(found) for found in seen)
    assert same(seen[-1])
    assert len(list(folder.iterdir())) == 1
