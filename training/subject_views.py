"""Pictures to learn subjects from: whole ones, crops of them, subjects pasted on other pictures, drawn shapes.

Pictures of shops and catalogues mostly show one thing in the middle. The pasted ones teach small subjects, several
and such at the edge; coarse ones, what is left to see when a small picture is enlarged. Every picture is drawn from a
generator of its own, so that its number always gives it again.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

Picture = Image.Image
Mask = NDArray[np.float32]
Random = np.random.Generator

_SIDE = 288
_LEAST, _MOST = 0.02, 0.8  # of a picture's area: what can be cut out
_CLOUDS = (4, 8, 16, 32)
_COARSE = (40, 120)  # the longer side of a coarse picture


def relit(picture: Picture, rng: Random) -> Picture:
    """The picture in other light: brightness, contrast and colour up to a third more or less."""
    for enhancer in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        picture = enhancer(picture).enhance(float(np.exp(rng.uniform(-0.35, 0.35))))
    return picture


def cropped(picture: Picture, rng: Random) -> Picture:
    """A part of the picture, at least a quarter of it."""
    across, down = rng.uniform(0.5, 1.0, 2)
    width, height = max(8, int(across * picture.width)), max(8, int(down * picture.height))
    x, y = rng.integers(0, picture.width - width + 1), rng.integers(0, picture.height - height + 1)
    return picture.crop((int(x), int(y), int(x) + width, int(y) + height))


def coarse(picture: Picture, rng: Random) -> Picture:
    """The picture as a small one; every second as a JPEG."""
    scale = min(1.0, rng.uniform(*_COARSE) / max(picture.size))
    size = (max(4, round(picture.width * scale)), max(4, round(picture.height * scale)))
    small = picture.resize(size, Image.Resampling.LANCZOS)
    if rng.random() < 0.5:
        return small
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=int(rng.integers(60, 96)))
    return Image.open(stream).convert("RGB")


def cut_out(picture: Picture, mask: Mask) -> Picture | None:
    """The subject on a transparent ground (RGBA), or None where the mask shows no clear one."""
    alpha = Image.fromarray((mask * 255).astype(np.uint8)).resize(picture.size, Image.Resampling.BILINEAR)
    share, box = float((mask > 0.5).mean()), alpha.point(lambda level: 255 * (level > 100)).getbbox()
    if box is None or not _LEAST < share < _MOST:
        return None
    subject = picture.convert("RGBA")
    subject.putalpha(alpha)
    return subject.crop(box)


def composed(ground: Picture, subjects: Sequence[Picture], rng: Random) -> Picture:
    """One to four cut-out subjects pasted on a ground, anywhere, of any size from a tenth of its side."""
    canvas = ground.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    for subject in subjects:
        longest = _SIDE * rng.uniform(0.12, 0.8) / len(subjects) ** 0.4
        scale = longest / max(subject.size)
        size = (max(6, round(subject.width * scale)), max(6, round(subject.height * scale)))
        piece = relit_subject(subject, rng).resize(size, Image.Resampling.BICUBIC)
        x, y = rng.integers(0, _SIDE - size[0] + 1), rng.integers(0, _SIDE - size[1] + 1)
        canvas.paste(piece, (int(x), int(y)), piece)
    return canvas


def relit_subject(subject: Picture, rng: Random) -> Picture:
    """A cut-out in other light, perhaps mirrored; its transparency stays."""
    lit = relit(subject.convert("RGB"), rng)
    lit.putalpha(subject.getchannel("A"))
    return lit.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else lit


def blank(rng: Random) -> Picture:
    """A ground without things: one colour, a slope from one to others, or coloured clouds."""
    light = rng.integers(150, 256) if rng.random() < 0.6 else rng.integers(0, 256)
    kind = rng.integers(0, 3)
    if kind == 0:
        tint = np.clip(light + rng.integers(-15, 16, 3), 0, 255)
        return Image.new("RGB", (_SIDE, _SIDE), tuple(int(level) for level in tint))
    if kind == 1:
        corners = np.clip(light + rng.integers(-60, 61, (2, 2, 3)), 0, 255).astype(np.uint8)
        return Image.fromarray(corners).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    noise = (Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8)) for side in _CLOUDS)
    layers = [np.asarray(each.resize((_SIDE, _SIDE)), np.float32) for each in noise]
    return Image.fromarray(np.mean(layers, axis=0).astype(np.uint8))


def drawn(ground: Picture, rng: Random) -> Picture:
    """Up to three plain shapes on a ground."""
    canvas = ground.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(canvas)
    for _ in range(rng.integers(0, 4)):
        across, down = rng.integers(30, 200, 2)
        x, y = rng.integers(0, _SIDE - across + 1), rng.integers(0, _SIDE - down + 1)
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        colour, edge = (tuple(int(level) for level in rng.integers(0, 256, 3)) for _ in range(2))
        shape((int(x), int(y), int(x + across), int(y + down)), fill=colour, outline=edge, width=3)
    return canvas.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.5)))
