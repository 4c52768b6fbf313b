"""Picture bytes to RGB pixels, from memory, with every limit checked before pixels are decoded."""

from __future__ import annotations

import ctypes
import io
import logging
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
    _imaging,
)
from PIL.ImageFile import ImageFile

from similis.domain import (
    MAX_PICTURE_BYTES,
    MAX_SIDE,
    MIN_SIDE,
    DamagedPicture,
    IncorrectOrientation,
    PictureTooLarge,
    UnsupportedFormat,
    UnsupportedPixels,
)

Pixels: TypeAlias = NDArray[np.uint8]

FORMATS = (
    PngImagePlugin.PngImageFile.format,
    JpegImagePlugin.JpegImageFile.format,
    BmpImagePlugin.BmpImageFile.format,
    GifImagePlugin.GifImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
    TiffImagePlugin.TiffImageFile.format,
    PpmImagePlugin.PpmImageFile.format,
)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FORMAT_HINT = "Send PNG, JPEG, BMP, GIF, WebP, TIFF or PPM; the file name does not matter, the content does."
_MAX_16_BIT = 65535
_MAX_SCANS = 100  # as in libtiff; encoders write about ten
_START_OF_SCAN = b"\xff\xda"  # inside compressed data 0xFF is always followed by 0
_PEAKS = (1.0, 255.0, 65535.0)
# Others are rare, and LZMA takes as much memory as a picture says: 4 GB for one of 300 bytes.
_TIFF_COMPRESSIONS = frozenset(
    {"raw", "tiff_raw_16", "packbits", "tiff_ccitt", "group3", "group4", "tiff_lzw", "jpeg", "tiff_jpeg",
     "tiff_deflate", "tiff_adobe_deflate", "zstd", "webp"}
)  # fmt: skip

_log = logging.getLogger(__name__)


def _silence_libtiff() -> None:
    """Let libtiff write nothing on standard error, where it tells of each odd tag: one picture can have 60,000."""
    with suppress(OSError, AttributeError):  # a Pillow that has it in itself, or none
        library = ctypes.CDLL(_imaging.__file__)
        library.TIFFSetErrorHandler(None)
        library.TIFFSetWarningHandler(None)


_silence_libtiff()
# Pillow warns of odd metadata in strangers' pictures and of sizes that `_check_sides` refuses anyway.
# `warnings.catch_warnings` switches the whole process and is not thread-safe, hence one filter for Pillow alone.
warnings.filterwarnings("ignore", module=r"PIL\b")


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """What a picture may measure and cost.

    Attributes:
        max_bytes: encoded size.
        min_side: least width and height, pixels.
        max_side: greatest width and height, pixels.
        seconds: of a processor that decoding may take; the worst that the other limits let pass needs about two.
    """

    max_bytes: int = MAX_PICTURE_BYTES
    min_side: int = MIN_SIDE
    max_side: int = MAX_SIDE
    seconds: float = 10.0


class Orientation(StrEnum):
    """What to do with a picture whose EXIF data say that it lies on its side."""

    APPLY = "apply"
    REFUSE = "refuse"


Decode: TypeAlias = Callable[[bytes, PictureLimits, Orientation], Pixels]
DEFAULT_LIMITS = PictureLimits()


def decode(
    data: bytes, limits: PictureLimits = DEFAULT_LIMITS, orientation: Orientation = Orientation.APPLY
) -> Pixels:
    """Decode a PNG, JPEG, BMP, GIF, WebP, TIFF or PPM picture; of several frames only the first.

    Transparency is laid over white, deeper samples are reduced to 8 bits, colour profiles are ignored.
    Pixel coordinates everywhere else refer to the picture that this returns, so after its rotation.

    Returns:
        uint8 `[height, width, 3]`, RGB, read-only.

    Raises:
        PictureTooLarge: more bytes than allowed.
        UnsupportedFormat: none of the seven formats, or a TIFF of a rare compression.
        UnsupportedPixels: a side is out of range.
        IncorrectOrientation: rotated by EXIF, and `orientation` is `REFUSE`.
        DamagedPicture: empty, truncated or broken, or too slow to decode.
    """
    check_bytes(data, limits)
    with _open(data, limits) as image:
        _check_sides(image, limits)
        _check_scans(image, data)
        _check_compression(image)
        try:
            if isinstance(image, TiffImagePlugin.TiffImageFile):  # Pillow turns it while loading
                _check_orientation(image, orientation)
            image.load()
            _check_orientation(image, orientation)
            pixels = np.asarray(_rgb(_upright(image)))
        except IncorrectOrientation:
            raise
        except Exception as error:  # Pillow's decoders raise nearly every built-in exception on broken data
            raise _damaged(error) from error
    return pixels


class _TimedBytes(io.BytesIO):
    """Gives no more once its reader has worked too long; what decoders do between two reads is not interrupted."""

    def __init__(self, data: bytes, seconds: float) -> None:
        super().__init__(data)
        self._end = time.thread_time() + seconds

    def read(self, size: int | None = -1, /) -> bytes:
        if time.thread_time() > self._end:
            raise TimeoutError
        return super().read(size)


def check_bytes(data: bytes, limits: PictureLimits) -> None:
    """See that there are bytes at all, and not too many.

    Raises:
        DamagedPicture: there are none.
        PictureTooLarge: there are too many.
    """
    if not data:
        raise DamagedPicture("The picture is empty.", "Send the bytes of a picture file.")
    if len(data) > limits.max_bytes:
        raise PictureTooLarge(
            f"The picture has more than {limits.max_bytes:,} bytes.", "Save it smaller or with stronger compression."
        )


def _open(data: bytes, limits: PictureLimits) -> ImageFile:
    """Read the header only."""
    try:
        return Image.open(_TimedBytes(data, limits.seconds), formats=FORMATS)
    except UnidentifiedImageError as error:
        if _begins_like_a_picture(data):
            raise _damaged(error) from error
        raise UnsupportedFormat("The bytes are no picture that can be read.", _FORMAT_HINT) from error
    except Image.DecompressionBombError as error:
        raise UnsupportedPixels("The picture claims to have far too many pixels.", _sides_hint(limits)) from error
    except Exception as error:  # as above: opening reads headers, which may be broken in any way
        raise _damaged(error) from error


def _begins_like_a_picture(data: bytes) -> bool:
    accepts = (Image.OPEN[name][1] for name in FORMATS)
    return any(accept(data[:16]) for accept in accepts if accept)


def _check_sides(image: ImageFile, limits: PictureLimits) -> None:
    width, height = image.size
    if min(width, height) < limits.min_side or max(width, height) > limits.max_side:
        raise UnsupportedPixels(f"The picture has {width}×{height} pixels.", _sides_hint(limits))


def _sides_hint(limits: PictureLimits) -> str:
    return f"Width and height must each be {limits.min_side} to {limits.max_side} pixels."


def _check_scans(image: ImageFile, data: bytes) -> None:
    """Refuse a JPEG of thousands of tiny progressive scans: each costs a pass over all pixels, hours in 4 MiB."""
    scans = data.count(_START_OF_SCAN) if isinstance(image, JpegImagePlugin.JpegImageFile) else 0
    if scans > _MAX_SCANS:
        raise DamagedPicture(
            f"The JPEG has {scans} scans.", f"At most {_MAX_SCANS} are read; save the picture again."
        )


def _check_compression(image: ImageFile) -> None:
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.info["compression"] not in _TIFF_COMPRESSIONS:
        raise UnsupportedFormat(
            f"The TIFF is compressed by {image.info['compression']}.", "Save it with LZW, deflate or no compression."
        )


def _check_orientation(image: ImageFile, orientation: Orientation) -> None:
    if orientation is Orientation.REFUSE and _turn(image) is not None:
        raise IncorrectOrientation(
            "The picture is turned by its EXIF orientation.",
            "Save it upright and without rotation information.",
        )


def _upright(image: ImageFile) -> Image.Image:
    """The picture as it should be seen; Pillow has turned a TIFF itself while loading."""
    turn = _turn(image)
    return image if turn is None else image.transpose(turn)


def _turn(image: ImageFile) -> Image.Transpose | None:
    """What EXIF asks for; metadata that nobody can read asks for nothing."""
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception as error:  # a good picture with broken metadata is a good picture
        _log.debug("EXIF data ignored: %s", type(error).__name__)
        return None


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return _grey(np.asarray(image), _MAX_16_BIT)
    if image.mode == "F":
        samples = np.nan_to_num(np.asarray(image), nan=0.0, posinf=0.0, neginf=0.0)
        return _grey(samples, _peak(float(samples.max())))
    if image.has_transparency_data:
        return _over_white(image.convert("RGBA"))
    return image.convert("RGB")


def _grey(samples: NDArray[np.generic], peak: float) -> Image.Image:
    """Reduce samples of 0..peak to 8 bits; what lies outside is clipped."""
    scaled = np.clip(samples.astype(np.float64) / peak, 0.0, 1.0) * 255.0
    return Image.fromarray(np.rint(scaled).astype(np.uint8)).convert("RGB")


def _peak(highest: float) -> float:
    """White in a floating-point picture, whose range no header states: 1, 255, 65535 or the highest sample."""
    return next((peak for peak in _PEAKS if highest <= peak), highest)


def _over_white(image: Image.Image) -> Image.Image:
    canvas = Image.new("RGB", image.size, "white")
    canvas.paste(image, mask=image.getchannel("A"))
    return canvas


def _damaged(error: Exception) -> DamagedPicture:
    if isinstance(error, TimeoutError):
        return DamagedPicture("The picture takes too long to decode.", "Save it again with another program.")
    return DamagedPicture(
        "The picture is truncated or broken.",
        "Save the picture again and send the whole file.",
    )
