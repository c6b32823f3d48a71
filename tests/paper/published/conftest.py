"""One validation for all tests of the session, and reference files with one cell changed."""

import csv
import io
import itertools

import pytest

from ngpc_sim.config import bundled
from ngpc_sim.paper.validation.runs import run_frames
from ngpc_sim.paper.validation.table import rows_of
from ngpc_sim.results.published import PUBLISHED

REFERENCE = bundled.folder("published") / "reference.csv"


@pytest.fixture(scope="session")
def runs():
    """Results of every frame that the rows ask for."""
    return run_frames()


@pytest.fixture(scope="session")
def rows(runs):
    """Finished rows by key."""
    return dict(zip(PUBLISHED, rows_of(runs), strict=True))


@pytest.fixture
def altered(tmp_path):
    """Path of a copy of the reference file in which cells of one row are others; without any the row is left out."""

    numbers = itertools.count()

    def write(name, /, **cells):
        with REFERENCE.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            columns, table = reader.fieldnames, list(reader)
        kept = [{**row, **cells} if row["key"] == name else row for row in table if row["key"] != name or cells]
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
        path = tmp_path / f"{next(numbers)}" / "reference.csv"
        path.parent.mkdir()
        path.write_text(text.getvalue(), encoding="utf-8")
        return path

    return write
