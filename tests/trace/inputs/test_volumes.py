"""Volumes: values, axes and place of what is read, and what is refused before memory is taken."""

import gzip

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.inputs.volumes import MAX_VALUES, read_volume

VALUES = np.random.default_rng(3).random((7, 5, 3)).astype(np.float32)


@pytest.fixture
def npy(tmp_path):
    def save(values):
        np.save(tmp_path / "volume.npy", values)
        return tmp_path / "volume.npy"

    return save


@pytest.fixture
def nii(tmp_path):
    import nibabel

    def save(values, name="volume.nii", voxel=(1, 1, 1), slope=None, kind="Nifti1Image"):
        image = getattr(nibabel, kind)(values, np.diag([*voxel, 1]))
        image.header.set_slope_inter(*(slope or (None, None)))
        nibabel.save(image, tmp_path / name)
        return tmp_path / name

    return save


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2"])
def test_an_array_keeps_its_values_and_axes(npy, order, dtype):
    volume = read_volume(npy(np.asarray(VALUES, dtype, order=order)))
    assert volume.values.dtype == np.float32
    assert volume.values.flags.c_contiguous
    assert np.array_equal(volume.values, VALUES.astype(dtype).astype(np.float32))
    assert volume.majorant == VALUES.astype(dtype).max()


@pytest.mark.parametrize("name", ["volume.nii", "volume.nii.gz"])
@pytest.mark.parametrize("kind", ["Nifti1Image", "Nifti2Image"])
def test_a_nifti_file_keeps_its_values_and_axes(nii, name, kind):
    assert np.array_equal(read_volume(nii(VALUES, name, kind=kind)).values, VALUES)


def test_slope_and_intercept_of_a_nifti_file_are_applied(nii):
    stored = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    path = nii(stored * 0.5 + 3, slope=(0.5, 3.0))
    import nibabel

    assert read_volume(path).values == pytest.approx(np.asarray(nibabel.load(path).dataobj))


def test_more_than_one_piece_is_read_in_order(npy):
    values = np.arange(1, 2_000 * 40 * 30 + 1, dtype=np.float32).reshape(2_000, 40, 30)
    assert np.array_equal(read_volume(npy(values)).values, values)
    assert np.array_equal(read_volume(npy(np.asfortranarray(values))).values, values)


def test_values_below_zero_are_cut_and_counted(npy):
    volume = read_volume(npy(np.array([[[-2, 3], [-1, 0]]], np.int8)))
    assert volume.values.tolist() == [[[0, 3], [0, 0]]]
    assert (volume.n_negative, volume.majorant) == (2, 3)


def test_the_longest_axis_is_the_side_of_the_cube_and_the_volume_is_centred(npy):
    assert read_volume(npy(np.ones((8, 4, 2)))).box == ((0, 0.25, 0.375), (1, 0.75, 0.625))


def test_voxels_that_are_no_cubes_make_an_axis_longer(nii):
    assert read_volume(nii(np.ones((4, 4, 4), np.float32), voxel=(1, 1, 2))).box == ((0.25, 0.25, 0), (0.75, 0.75, 1))


def test_a_gzip_of_several_members_is_read_whole(nii):
    path = nii(VALUES)
    content, packed = path.read_bytes(), path.with_name("members.nii.gz")
    packed.write_bytes(gzip.compress(content[:500]) + gzip.compress(content[500:]))
    assert np.array_equal(read_volume(packed).values, VALUES)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e300])
def test_a_value_that_is_no_finite_density_is_refused(npy, wrong):
    values = np.ones((3, 3, 3))
    values[1, 1, 1] = wrong
    with pytest.raises(UserError, match="no finite float32 numbers"):
        read_volume(npy(values))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros((3, 3, 3)), "is empty"),
        (-np.ones((3, 3, 3)), "is empty"),
        (np.ones((3, 3)), "shape of 3 x 3"),
        (np.ones((3, 3, 3, 2)), "shape of 3 x 3 x 3 x 2"),
        (np.ones((3, 0, 3)), "shape of 3 x 0 x 3"),
        (np.ones((2, 2, 2), complex), "no .npy file of plain numbers"),
    ],
)
def test_what_is_no_volume_is_one_sentence(npy, values, words):
    with pytest.raises(UserError, match=words):
        read_volume(npy(values))


def test_a_small_array_that_declares_a_billion_values_is_refused(tmp_path):
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000, 1000, 1000), }"
    (tmp_path / "small.npy").write_bytes(b"\x93NUMPY\1\0" + bytes([len(header), 0]) + header + b"\1" * 20)
    with pytest.raises(UserError, match="4000000000 bytes, and holds 20"):
        read_volume(tmp_path / "small.npy")


@pytest.mark.parametrize(("side", "words"), [(513, f"at most {MAX_VALUES}"), (512, "too many for a file of its size")])
def test_a_small_nifti_file_that_declares_many_values_is_refused(nii, side, words):
    path = nii(VALUES, "volume.nii.gz")
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[42:48] = np.array([side] * 3, "<i2").tobytes()
    path.write_bytes(gzip.compress(bytes(content) + b"\0" * (64 << 20)))
    with pytest.raises(UserError, match=words):
        read_volume(path)


@pytest.mark.parametrize("name", ["volume.nii", "volume.nii.gz"])
def test_a_cut_nifti_file_is_refused(nii, name):
    path = nii(VALUES, name)
    content = path.read_bytes()
    for part in range(100):
        path.write_bytes(content[: len(content) * part // 100])
        with pytest.raises(UserError, match="volume"):
            read_volume(path)
