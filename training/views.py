"""Views: a picture as it comes back to a shop, edited, pasted or badly taken; what the tail learns to see through.

All edits take and give RGB pictures of any size and draw their strength from a generator: one seed, one view.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

Picture = Image.Image
Random = np.random.Generator
Edit = Callable[[Picture, Random], Picture]

LONGEST = 256
_WORDS = (
    "SALE",
    "NEW IN",
    "so me",
    "when you see it",
    "@shop",
    "-50%",
    "best price",
    "look!",
    "2 for 1",
    "copyright",
)


def mild(picture: Picture, rng: Random, _others: Sequence[Picture]) -> Picture:
    """A view that a shop's own pictures might be: a little cropped, turned, lit or compressed otherwise."""
    picture = crop(picture, rng, 0.6)
    return _some(_MILD, picture, rng)


def hard(picture: Picture, rng: Random, others: Sequence[Picture]) -> Picture:
    """A view that is hard to know again."""
    picture = crop(picture, rng, 0.12) if rng.random() < 0.7 else picture
    picture = _some(_LIGHT, _some(_GEOMETRY, picture, rng), rng)
    scene = rng.random()
    if scene < 0.14:
        picture = paste(picture, rng, others[0])
    elif scene < 0.22:
        picture = collage(picture, rng, others)
    elif scene < 0.36:
        picture = occlude(picture, rng, others[0])
    return _some(_OVERLAYS, picture, rng)


def _some(edits: Sequence[tuple[Edit, float]], picture: Picture, rng: Random) -> Picture:
    """Each edit with its chance."""
    for edit, chance in edits:
        if rng.random() < chance:
            picture = edit(picture, rng)
    return picture


def crop(picture: Picture, rng: Random, least: float) -> Picture:
    """A part of at least `least` of the area, its sides' ratio up to a half off."""
    area = math.exp(rng.uniform(math.log(least), 0))
    ratio = math.exp(rng.uniform(-0.4, 0.4))
    width = min(1.0, math.sqrt(area * ratio))
    height = min(1.0, area / width)
    left, top = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    box = (left, top, left + width, top + height)
    sides = (picture.width, picture.height) * 2
    x1, y1, x2, y2 = (round(part * side) for part, side in zip(box, sides, strict=True))
    return picture.crop((x1, y1, max(x2, x1 + 8), max(y2, y1 + 8)))


def mirror(picture: Picture, _rng: Random) -> Picture:
    return ImageOps.mirror(picture)


def quarter_turn(picture: Picture, rng: Random) -> Picture:
    turns = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
    return picture.transpose(turns[rng.choice(3, p=(0.4, 0.2, 0.4))])


def tilt(picture: Picture, rng: Random) -> Picture:
    return picture.rotate(rng.uniform(-35, 35), Image.Resampling.BILINEAR, expand=True, fillcolor=_colour(rng))


def perspective(picture: Picture, rng: Random) -> Picture:
    """Corners moved inwards by up to a third of the sides."""
    width, height = picture.size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    inwards = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)]) * (width, height)
    to = corners + inwards * rng.uniform(0, 0.33, (4, 2))
    rows = []
    for (x, y), (u, v) in zip(to, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    way = np.linalg.solve(np.array(rows), corners.ravel())
    return picture.transform(
        picture.size, Image.Transform.PERSPECTIVE, tuple(way), Image.Resampling.BILINEAR, fillcolor=_colour(rng)
    )


def light(picture: Picture, rng: Random) -> Picture:
    picture = ImageEnhance.Brightness(picture).enhance(math.exp(rng.uniform(-0.5, 0.4)))
    return ImageEnhance.Contrast(picture).enhance(math.exp(rng.uniform(-0.5, 0.4)))


def darkness(picture: Picture, rng: Random) -> Picture:
    return ImageEnhance.Brightness(picture).enhance(math.exp(rng.uniform(-1.8, -0.5)))


def glare(picture: Picture, rng: Random) -> Picture:
    return ImageEnhance.Brightness(picture).enhance(math.exp(rng.uniform(0.3, 1.0)))


def tint(picture: Picture, rng: Random) -> Picture:
    """Saturation and white balance moved."""
    picture = ImageEnhance.Color(picture).enhance(math.exp(rng.uniform(-0.9, 0.6)))
    gains = np.exp(rng.uniform(-0.2, 0.2, 3))
    levels = [min(255, round(level * gain)) for gain in gains for level in range(256)]
    return picture.point(levels)


def hue(picture: Picture, rng: Random) -> Picture:
    turned = np.array(picture.convert("HSV"))
    turned[..., 0] = turned[..., 0] + np.uint8(rng.integers(-40, 41) % 256)
    return Image.fromarray(turned, "HSV").convert("RGB")


def grey(picture: Picture, _rng: Random) -> Picture:
    return ImageOps.grayscale(picture).convert("RGB")


def blur(picture: Picture, rng: Random) -> Picture:
    return picture.filter(ImageFilter.GaussianBlur(min(picture.size) * rng.uniform(0.004, 0.03)))


def pixelate(picture: Picture, rng: Random) -> Picture:
    side = int(rng.integers(24, 72))
    small = picture.resize((side, max(8, round(side * picture.height / picture.width))), Image.Resampling.BOX)
    return small.resize(picture.size, Image.Resampling(int(rng.choice([0, 2]))))


def compress(picture: Picture, rng: Random) -> Picture:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=int(rng.integers(5, 50)))
    return Image.open(buffer).convert("RGB")


def noise(picture: Picture, rng: Random) -> Picture:
    values = np.asarray(picture, np.float32)
    return Image.fromarray(np.clip(values + rng.normal(0, rng.uniform(5, 40), values.shape), 0, 255).astype(np.uint8))


def sharpen(picture: Picture, rng: Random) -> Picture:
    if rng.random() < 0.5:
        return ImageOps.posterize(picture, int(rng.integers(2, 5)))
    return ImageEnhance.Sharpness(picture).enhance(rng.uniform(2, 8))


def paste(picture: Picture, rng: Random, other: Picture) -> Picture:
    """Pasted small on another picture."""
    ground = other.resize((LONGEST, LONGEST))
    side = rng.uniform(0.35, 0.75) * LONGEST
    scale = side / max(picture.size)
    small = picture.resize((max(8, round(picture.width * scale)), max(8, round(picture.height * scale))))
    place = (int(rng.integers(0, LONGEST - small.width + 1)), int(rng.integers(0, LONGEST - small.height + 1)))
    ground.paste(small, place)
    return ground


def collage(picture: Picture, rng: Random, others: Sequence[Picture]) -> Picture:
    """One of two or four pictures side by side."""
    rows = int(rng.integers(1, 3))
    places = [(column, row) for row in range(rows) for column in range(2)]
    rng.shuffle(places)
    half = LONGEST // 2
    ground = Image.new("RGB", (LONGEST, half * rows), _colour(rng))
    for (column, row), one in zip(places, (picture, *others), strict=False):
        ground.paste(one.resize((half - 2, half - 2)), (column * half + 1, row * half + 1))
    return ground


def occlude(picture: Picture, rng: Random, other: Picture) -> Picture:
    """Up to half of it covered by a colour or another picture."""
    covered = picture.copy()
    for _piece in range(int(rng.integers(1, 4))):
        width, height = (max(4, round(side * rng.uniform(0.15, 0.6))) for side in picture.size)
        place = (int(rng.integers(0, picture.width - width + 1)), int(rng.integers(0, picture.height - height + 1)))
        plain = rng.random() < 0.5
        piece = Image.new("RGB", (width, height), _colour(rng)) if plain else other.resize((width, height))
        covered.paste(piece, place)
    return covered


def meme(picture: Picture, rng: Random) -> Picture:
    """Bars of text above or below."""
    bar = round(picture.height * rng.uniform(0.12, 0.35))
    top, bottom = ((1, 0), (0, 1), (1, 1))[int(rng.integers(3))]
    ground = Image.new("RGB", (picture.width, picture.height + bar * (top + bottom)), _colour(rng))
    ground.paste(picture, (0, bar * top))
    draw = ImageDraw.Draw(ground)
    for height in [0] * top + [ground.height - bar] * bottom:
        draw.text((4, height + bar * 0.2), str(rng.choice(_WORDS)), fill=_colour(rng), font_size=max(8, bar * 0.5))
    return ground


def text(picture: Picture, rng: Random) -> Picture:
    """Words and blots drawn over it."""
    written = picture.copy()
    draw = ImageDraw.Draw(written)
    for _word in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(0, 0.8) * picture.width, rng.uniform(0, 0.9) * picture.height
        size = max(8.0, picture.height * rng.uniform(0.06, 0.22))
        if rng.random() < 0.6:
            draw.text((x, y), str(rng.choice(_WORDS)), fill=_colour(rng), font_size=size)
        else:
            draw.ellipse((x, y, x + size * 1.5, y + size * 1.5), fill=_colour(rng), outline=_colour(rng))
    return written


def frame(picture: Picture, rng: Random) -> Picture:
    """A border, uneven as a screenshot's."""
    left, top, right, bottom = (round(max(picture.size) * side) for side in rng.uniform(0, 0.3, 4))
    ground = Image.new("RGB", (picture.width + left + right, picture.height + top + bottom), _colour(rng))
    ground.paste(picture, (left, top))
    return ground


def _colour(rng: Random) -> tuple[int, int, int]:
    if rng.random() < 0.5:
        return ((0, 0, 0), (255, 255, 255))[int(rng.integers(2))]
    red, green, blue = (int(level) for level in rng.integers(0, 256, 3))
    return red, green, blue


_MILD: tuple[tuple[Edit, float], ...] = ((mirror, 0.5), (light, 0.5), (tint, 0.3), (compress, 0.3), (blur, 0.1))
_GEOMETRY: tuple[tuple[Edit, float], ...] = ((mirror, 0.4), (quarter_turn, 0.15), (tilt, 0.12), (perspective, 0.15))
_LIGHT: tuple[tuple[Edit, float], ...] = (
    (light, 0.4), (darkness, 0.15), (glare, 0.08), (tint, 0.3), (hue, 0.08), (grey, 0.1), (blur, 0.2),
    (pixelate, 0.1), (noise, 0.08), (sharpen, 0.08), (compress, 0.3),
)  # fmt: skip
_OVERLAYS: tuple[tuple[Edit, float], ...] = ((meme, 0.07), (text, 0.12), (frame, 0.08))
