"""The site is built without a warning, asks nothing of the network, and its reference is all that the program has."""

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from ngpc_sim.architecture.arch import all_keys
from ngpc_sim.cli.commands import app
from ngpc_sim.job.explain import explain
from ngpc_sim.results.columns import COLUMNS, FILE_COLUMNS

pytest.importorskip("sphinx")
ROOT = Path(__file__).parents[2]
#: what a page loads: scripts, styles, pictures, fonts; links that a reader follows are not
LOADED = re.compile(
    r"""(?:\ssrc|<link[^>]*\shref|\sdata)\s*=\s*["']([^"']+)|url\(["']?([^"')]+)|@import\s+["']([^"']+)"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site: a warning is an error, and so is a cell of the notebook that fails."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", "-d", folder / "read", ROOT / "docs"]
    environment = {**os.environ, "JUPYTER_PLATFORM_DIRS": "1"}
    built = subprocess.run(
        [*command, folder / "html"], capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def words(site):
    """Text of a page, spaces as one."""

    def read(page):
        text = (site / f"{page}.html").read_text(encoding="utf-8")
        return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())

    return read


def commands(command, path="ngpc-sim"):
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{path} {name}")


def test_no_page_loads_anything_from_elsewhere(site):
    pages = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(pages) > 30
    for page in pages:
        for found in LOADED.findall(page.read_text(encoding="utf-8")):
            assert not re.match(r"(?:https?:)?//", "".join(found)), (page.name, found)


def test_every_command_and_option_has_its_entry(words):
    page = words("command-line")
    for path in commands(typer.main.get_command(app)):
        assert f" {path} " in page
    for option in ("--scale", "--limit-queries", "--budget", "--tolerance", "--eye"):
        assert option in page


def test_keys_and_columns_have_the_words_of_explain(words):
    for page, names in (("keys", [key for key in all_keys() if key != "sources"]), ("columns", COLUMNS)):
        text = words(page)
        for name in names:
            for line in explain(name).splitlines()[1:]:
                assert " ".join(line.partition(":")[2].split()) in text, (name, line)


def test_columns_of_every_file_stand_in_the_reference(words):
    text = words("columns")
    for file, columns in FILE_COLUMNS.items():
        assert file in text
        assert all(column.meaning in text for column in columns.values())


def test_the_notebook_ends_in_its_decision(words):
    said = words("tutorial")
    assert "{'scale': 16, 'nfp.encoding.grid_sram_kib': 1024, 'nfp.encoding.outstanding_lines': 64}" in said


def test_python_interface_has_every_public_name(words):
    import ngpc_sim

    text = words("python")
    assert all(re.search(rf"\b{name}\b", text) for name in ngpc_sim.__all__)
