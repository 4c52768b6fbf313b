"""Makes small pictures of data sets large enough for the service, in memory."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from similis.domain import MIN_SIDE


def enlarged(data: bytes) -> bytes:
    """Return a picture with a side below 100 pixels enlarged (bicubic, as PNG), any other data unchanged.

    What Pillow cannot read is returned as it is too: the service says best what is wrong with it.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            if min(image.size) >= MIN_SIDE:
                return data
            return _encoded(_grown(ImageOps.exif_transpose(image.convert("RGBA"))))
    except Exception:  # Pillow raises nearly every built-in exception on broken data
        return data


def _grown(image: Image.Image) -> Image.Image:
    factor = MIN_SIDE / min(image.size)
    width, height = (max(MIN_SIDE, round(side * factor)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def _encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
