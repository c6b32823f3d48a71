"""Images: the size that the header states, and what is refused."""

import struct
import warnings
import zlib

import pytest
from PIL import Image

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.inputs.images import MAX_PIXELS, MAX_PIXELS_PER_SIDE, image_size


def attribute(name, kind, value):
    return name + b"\0" + kind + b"\0" + struct.pack("<i", len(value)) + value


def exr(*attributes, flags=0):
    return b"\x76\x2f\x31\x01" + struct.pack("<I", 2 | flags) + b"".join(attributes) + b"\0"


def window(name, *corners):
    return attribute(name, b"box2i", struct.pack("<4i", *corners))


def png(width, height):
    """A PNG that states a size and has no pixels."""
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0), b"IDAT")
    ended = (struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(ended)


@pytest.fixture
def made(tmp_path):
    def write(content, name="image"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("name", ["albert.exr", "albert_srgb8.png"])
def test_the_picture_of_the_paper_has_1024_pixels_a_side(shared, name):
    assert image_size(shared / "data" / "image" / name) == (1024, 1024)


@pytest.mark.parametrize("kind", ["png", "jpeg", "tiff", "bmp", "gif", "webp", "ppm", "tga"])
def test_width_comes_before_height(tmp_path, kind):
    path = tmp_path / f"picture.{kind}"
    Image.new("RGB", (30, 20)).save(path, format=kind)
    assert image_size(path) == (30, 20)


def test_an_orientation_in_exif_turns_nothing(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "turned.jpg", exif=exif)
    assert image_size(tmp_path / "turned.jpg") == (30, 20)


def test_the_data_window_of_an_exr_counts_and_not_the_display_window(made):
    content = exr(
        window(b"displayWindow", 0, 0, 99, 49), attribute(b"x", b"float", b"1234"), window(b"dataWindow", -2, 5, 7, 9)
    )
    assert image_size(made(content)) == (10, 5)


def test_the_first_part_of_an_exr_of_several_parts_counts(made):
    first, second = (
        attribute(b"name", b"string", b"a") + window(b"dataWindow", 0, 0, side, 1) + b"\0" for side in (3, 8)
    )
    assert image_size(made(exr(first, second, flags=0x1000))) == (4, 2)


@pytest.mark.parametrize(
    "content",
    [
        exr(window(b"displayWindow", 0, 0, 9, 9)),
        exr(attribute(b"dataWindow", b"box2i", b"short")),
        exr(b"x\0float\0" + struct.pack("<i", -5)),
        exr(b"x\0float\0" + struct.pack("<i", 2**31 - 1)),
        exr(attribute(b"a", b"float", b"1234") * 2000, window(b"dataWindow", 0, 0, 9, 9)),
        exr(b"n" * 100_000),
    ],
)
def test_an_exr_without_a_data_window_is_refused(made, content):
    with pytest.raises(UserError, match="no data window"):
        image_size(made(content))


@pytest.mark.parametrize("corners", [(0, 0, -1, 5), (5, 5, 0, 0), (-(2**31), 0, 2**31 - 1, 9)])
def test_a_data_window_without_an_area_or_beyond_all_is_refused(made, corners):
    with pytest.raises(UserError, match="states a size"):
        image_size(made(exr(window(b"dataWindow", *corners))))


def test_a_billion_pixels_by_the_header_are_refused_by_our_own_limit(made):
    with (
        warnings.catch_warnings(record=True) as seen,
        pytest.raises(UserError, match="40000 x 25000 pixels, which is too"),
    ):
        image_size(made(png(40_000, 25_000)))
    assert not seen


def test_the_limits_are_tight(made):
    assert image_size(made(png(MAX_PIXELS_PER_SIDE, 256))) == (MAX_PIXELS_PER_SIDE, 256)
    assert MAX_PIXELS_PER_SIDE * 256 == MAX_PIXELS
    for width, height in ((MAX_PIXELS_PER_SIDE + 1, 1), (MAX_PIXELS_PER_SIDE, 257)):
        with pytest.raises(UserError, match="too large"):
            image_size(made(png(width, height)))


def test_the_limit_of_pillow_stands_again_afterwards(made):
    before = Image.MAX_IMAGE_PIXELS
    image_size(made(png(3, 3)))
    assert before == Image.MAX_IMAGE_PIXELS is not None


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n", b"\x76\x2f\x31\x01"])
def test_what_is_no_image_is_one_sentence(made, content):
    with pytest.raises(UserError, match="image"):
        image_size(made(content))


def test_a_folder_is_no_image(tmp_path):
    with pytest.raises(UserError, match="cannot be read: it is not a file"):
        image_size(tmp_path)
