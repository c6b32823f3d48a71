"""Tables that a cache of lines cannot hold or follow are refused."""

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.engines import EncodingEngine
from ngpc_sim.engines.table_fit import check_tables
from ngpc_sim.workloads.grids import GridEncoding


@pytest.mark.parametrize(
    ("line_bytes", "feature_bytes", "fits"), [(32, 4, True), (31, 4, False), (8, 1, True), (7, 1, False)]
)
def test_an_entry_that_is_larger_than_a_line_is_refused_by_a_cache_alone(line_bytes, feature_bytes, fits, spec_of):
    grid = GridEncoding(kind="tiled", n_dims=3, n_levels=2, n_features_per_level=8, base_resolution=128)
    values = {"line_bytes": line_bytes, "feature_bytes": feature_bytes}
    assert check_tables(spec_of(**values, table_policy="assume_fit").encoding, grid, "mine-lowres") == [0, 1]
    spec = spec_of(**values).encoding
    if fits:
        assert check_tables(spec, grid, "mine-lowres") == [0, 1]
        return
    with pytest.raises(UserError) as refusal:
        check_tables(spec, grid, "mine-lowres")
    assert str(refusal.value) == (
        f"mine-lowres: an entry of {8 * feature_bytes} bytes does not fit a line of {line_bytes}: "
        "raise nfp.encoding.line_bytes."
    )


@pytest.mark.parametrize(
    ("encoding", "levels", "sentence"),
    [
        ({"ways": "full", "line_bytes": 32}, 3, "over tables of 201,326,592 lines do not fit"),  # each alone would
        ({"ways": "full"}, 1, "caches of 1,048,576 lines over tables of 2,147,483,648 lines do not fit in memory"),
        ({"ways": 2, "grid_sram_kib": 1 << 20}, 1, "caches of 1,073,741,824 lines"),
    ],
)
def test_tables_that_are_too_large_to_be_followed_are_refused_at_once(encoding, levels, sentence, spec_of):
    grid = GridEncoding("hash", 3, levels, 1, 31, 2000, 1.0)
    spec = spec_of(**{"engines": levels, "feature_bytes": 1, "line_bytes": 1} | encoding).encoding
    with pytest.raises(UserError, match=r"nfp\.encoding\.line_bytes") as refusal:
        EncodingEngine(spec).service(grid, np.full((1, 3), 0.5, np.float32))
    assert sentence in str(refusal.value)
