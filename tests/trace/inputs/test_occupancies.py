"""Occupancies: forms and orders that are read, and what is refused rather than guessed."""

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.inputs.occupancies import read_occupancy

CELLS, BYTES = 128, 262_144


def interleaved(x, y, z):
    """Morton number by hand, bit for bit."""
    return sum((value >> bit & 1) << 3 * bit + axis for axis, value in enumerate((x, y, z)) for bit in range(7))


@pytest.fixture(scope="module")
def cells():
    """Twelve cells of a cascade, [x, y, z]."""
    return [*np.random.default_rng(5).integers(0, CELLS, (12, 3)).tolist(), [1, 0, 0], [0, 0, 127]]


@pytest.fixture(scope="module")
def array(cells):
    on = np.zeros((CELLS, CELLS, CELLS), np.bool_)
    for x, y, z in cells:
        on[x, y, z] = True
    return on


@pytest.fixture(scope="module")
def expected(cells):
    """Bits of the cells, by a slow loop."""
    field = bytearray(BYTES)
    for cell in cells:
        number = interleaved(*cell)
        field[number // 8] |= 1 << number % 8
    return np.frombuffer(bytes(field), np.uint8)


@pytest.fixture
def saved(tmp_path):
    def save(values):
        np.save(tmp_path / "occupancy.npy", values)
        return tmp_path / "occupancy.npy"

    return save


def test_the_bit_field_of_the_armadillo_is_taken_as_it_is(shared):
    path = shared / "golden" / "armadillo_occ128_morton.bin"
    assert read_occupancy(path).tobytes() == path.read_bytes()


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8])
@pytest.mark.parametrize("form", [lambda on: on, lambda on: on[None], np.asfortranarray])
def test_an_array_of_three_or_four_dimensions_is_row_major(saved, array, expected, dtype, form):
    assert np.array_equal(read_occupancy(saved(form(array.astype(dtype)))), expected[None])


def test_every_level_is_a_cascade(saved, array, expected):
    bits = read_occupancy(saved(np.stack([np.zeros_like(array), array])))
    assert np.array_equal(bits, [np.zeros(BYTES), expected])


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8])
def test_a_flat_array_is_read_in_the_order_that_is_stated(saved, array, expected, dtype):
    flat = array.ravel().astype(dtype)
    assert np.array_equal(read_occupancy(saved(flat), "row-major"), expected[None])
    assert np.array_equal(read_occupancy(saved(flat), "morton"), np.packbits(flat, bitorder="little")[None])


def test_packed_bits_in_morton_order_are_taken_as_they_are(saved, expected):
    assert np.array_equal(read_occupancy(saved(expected), "morton"), expected[None])


def test_eight_packed_cascades_are_not_mistaken_for_one_of_values(saved, expected):
    eight = np.tile(expected | 2, 8)
    assert np.array_equal(read_occupancy(saved(eight), "morton"), eight.reshape(8, BYTES))


def test_a_flat_array_without_a_stated_order_is_refused(saved, array):
    with pytest.raises(UserError, match="state row-major or morton"):
        read_occupancy(saved(array.ravel()))


@pytest.mark.parametrize(
    ("values", "order", "words"),
    [
        (np.ones((64, 64, 64), np.bool_), None, "64 x 64 x 64 cells"),
        (np.ones((9, 128, 128, 128), np.bool_), None, "9 x 128 x 128 x 128 cells"),
        (np.ones((128, 128, 128), np.bool_), "morton", "its order is row-major"),
        (np.ones((128, 128, 128), np.float32), None, "of type float32"),
        (np.full((128, 128, 128), 2, np.uint8), None, "other values than 0 and 1"),
        (np.zeros((128, 128, 128), np.bool_), None, "is empty"),
        (np.ones((128, 128), np.bool_), None, "has 2 dimensions"),
        (np.ones(1000, np.bool_), "morton", "has 1000 values"),
        (np.ones(BYTES, np.uint8), "row-major", "packed bits"),
        (np.ones(BYTES, np.bool_), "morton", "262144 truth values"),
        (np.ones(BYTES, np.uint8), "z-order", "'z-order' is no order of cells"),
        (np.array([object()]), None, "no .npy file of plain numbers"),
    ],
)
def test_what_would_be_a_guess_is_refused(saved, values, order, words):
    with pytest.raises(UserError, match=words):
        read_occupancy(saved(values), order)


@pytest.mark.parametrize("size", [0, BYTES - 1, BYTES + 1, 9 * BYTES])
def test_a_bit_field_has_whole_cascades(tmp_path, size):
    (tmp_path / "field.bin").write_bytes(b"\1" * size)
    with pytest.raises(UserError, match=f"has {size} bytes"):
        read_occupancy(tmp_path / "field.bin")


def test_a_bit_field_is_never_row_major(tmp_path):
    (tmp_path / "field.bin").write_bytes(b"\1" * BYTES)
    with pytest.raises(UserError, match="whose order is morton"):
        read_occupancy(tmp_path / "field.bin", "row-major")


def test_a_small_file_that_declares_a_billion_values_is_refused(tmp_path):
    header = b"{'descr': '|b1', 'fortran_order': False, 'shape': (1000000000,), }"
    (tmp_path / "small.npy").write_bytes(b"\x93NUMPY\1\0" + bytes([len(header), 0]) + header + b"\1" * 20)
    with pytest.raises(UserError, match="declares 1000000000 values of 1 bytes, 1000000000 bytes, and holds 20"):
        read_occupancy(tmp_path / "small.npy")
