"""Images by their headers: width and height are all that a trace of an image needs.

No pixel is decoded. An orientation that EXIF states is not applied, as in instant-ngp, whose reader (stb_image) ignores
it. Of an OpenEXR file the data window counts, not the display window: tinyexr, the reader of instant-ngp, decodes the
pixels of the data window and reports their size. Of a file of several parts or frames the first one counts.
"""

from __future__ import annotations

import logging
import os
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.extras import extra
from ngpc_sim.trace.contents import MAX_PIXELS_PER_SIDE
from ngpc_sim.trace.inputs.opening import opened

MAX_PIXELS = 1 << 28
"""assumed: 16,384 x 16,384; the 4-byte pixels of more do not fit the 1 GiB buffers that image libraries allow."""
_EXR_MAGIC = b"\x76\x2f\x31\x01"
_EXR_LONGEST_NAME = 255  # published: OpenEXR file layout, with the flag of long names
_EXR_MOST_ATTRIBUTES = 1000  # assumed: files have about 10 to 100


def image_size(path: Path) -> tuple[int, int]:
    """Width and height of an image in pixels, from its header.

    Raises
    ------
    UserError
        Where the file cannot be read, is no image, or its header states a size beyond the limits.
    """
    with opened(path, "image") as file:
        is_exr = file.read(4) == _EXR_MAGIC
        width, height = _exr_size(file, path) if is_exr else _pillow_size(file, path)
    if width < 1 or height < 1:
        raise UserError(f"image {path} states a size of {width} x {height} pixels; an image has at least one pixel.")
    if max(width, height) > MAX_PIXELS_PER_SIDE or width * height > MAX_PIXELS:
        raise UserError(
            f"image {path} states a size of {width} x {height} pixels, which is too large: at most "
            f"{MAX_PIXELS_PER_SIDE} a side and {MAX_PIXELS} in all."
        )
    return width, height


def _pillow_size(file: BufferedReader, path: Path) -> tuple[int, int]:
    with extra("capture", "An image"):
        from PIL import Image  # noqa: PLC0415
    file.seek(0)
    with _quiet_pillow():
        try:
            with Image.open(file) as image:
                return image.size
        except Exception as error:  # its format readers raise many kinds on broken headers
            raise UserError(
                f"image {path} is broken or of no kind that can be read: a PNG, JPEG, TIFF or EXR would be right."
            ) from error


@contextmanager
def _quiet_pillow() -> Iterator[None]:
    """Switch off Pillow's own limit of pixels, which only protects from decoding, and what it says of broken tags."""
    from PIL import Image  # noqa: PLC0415

    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    logger, silence = logging.getLogger("PIL"), logging.NullHandler()  # without a handler Python prints errors
    logger.addHandler(silence)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeHandler(silence)
        Image.MAX_IMAGE_PIXELS = limit


def _exr_size(file: BufferedReader, path: Path) -> tuple[int, int]:
    """Size of the data window (xMin, yMin, xMax, yMax: int32, both ends inside) of the first part."""
    end = os.fstat(file.fileno()).st_size
    file.seek(8)  # magic number and version
    for _ in range(_EXR_MOST_ATTRIBUTES):
        name = _exr_word(file)
        kind, size = _exr_word(file), file.read(4)
        if not name or not kind or len(size) < 4:
            break
        length = int.from_bytes(size, "little", signed=True)
        if length < 0 or file.tell() + length > end:
            break
        if name == b"dataWindow" and kind == b"box2i" and length == 16:
            left, top, right, bottom = struct.unpack("<4i", file.read(16))
            return right - left + 1, bottom - top + 1
        file.seek(length, os.SEEK_CUR)
    raise UserError(f"image {path} is cut or no OpenEXR image: its header has no data window.")


def _exr_word(file: BufferedReader) -> bytes:
    """A name that ends with a zero byte; empty where there is none."""
    word = bytearray()
    while len(word) <= _EXR_LONGEST_NAME and (byte := file.read(1)) not in {b"", b"\0"}:
        word += byte
    return bytes(word)
