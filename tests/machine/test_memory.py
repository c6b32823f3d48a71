"""How much memory is free: what the machine says, or less in a container."""

import pytest

from ngpc_sim.machine import memory


@pytest.fixture
def files(monkeypatch, tmp_path):
    def write(**texts):
        for name in ("LIMIT", "USED", "STAT", "MACHINE"):
            path = tmp_path / name
            monkeypatch.setattr(memory, name, path)
            if name in texts:
                path.write_text(texts[name])

    return write


def test_a_machine_says_what_is_available(files):
    files(MACHINE="MemTotal: 100 kB\nMemAvailable:     50 kB\n")
    assert memory.free_bytes() == 50 * 1024


def test_a_container_has_what_is_left_of_its_limit(files):
    files(MACHINE="MemAvailable: 50 kB\n", LIMIT="30000\n", USED="10000\n")
    assert memory.free_bytes() == 20000
    files(MACHINE="MemAvailable: 50 kB\n", LIMIT="max\n", USED="10000\n")
    assert memory.free_bytes() == 50 * 1024


def test_pages_of_files_that_nobody_uses_are_free(files):
    # 30,000 - (25,000 - 20,000): a container that has read files is not full of them
    stat = "anon 5000\nfile 20000\nactive_file 0\ninactive_file 20000\n"
    files(MACHINE="MemAvailable: 50 kB\n", LIMIT="30000\n", USED="25000\n", STAT=stat)
    assert memory.free_bytes() == 25000


def test_a_machine_that_says_nothing_has_all_of_its_memory(files, monkeypatch):
    files()
    monkeypatch.setattr(memory.os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 40}.__getitem__)
    assert memory.free_bytes() == 4096 * 40
