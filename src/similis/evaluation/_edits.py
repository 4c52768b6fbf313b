"""Hard edits that copies of pictures undergo, made on the fly: a fixed set, the same for the same seed.

The kinds follow those of the copy detection benchmarks (Copydays, Douze et al. 2009; DISC21, Douze et al. 2021).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

_WORKING_SIDE = 512
_SMALLEST_SIDE = 128
_LONGEST_SIDE = 1024
_QUALITY = 90
_WORDS = ("WHEN", "THE", "NEW", "ONE", "FINALLY", "ARRIVES", "AND", "IT", "IS", "WHAT", "YOU", "ORDERED")
_INK, _PAPER = (20, 20, 24), (250, 250, 250)


@dataclass(frozen=True, slots=True)
class Scene:
    """What an edit works with.

    Attributes:
        picture: RGB.
        others: three other pictures to put beside or below it, RGB.
        random: decides places and strengths.
    """

    picture: Image.Image
    others: Sequence[Image.Image]
    random: np.random.Generator


def edited(name: str, picture: Image.Image, others: Sequence[Image.Image], seed: Sequence[int]) -> bytes:
    """A copy of an RGB picture after one of `EDITS`, as JPEG.

    Args:
        name: the edit.
        picture: worked on at no more than 512 pixels.
        others: three other pictures.
        seed: makes places and strengths; the same seed, the same copy.
    """
    scene = Scene(_working(picture), [_working(other) for other in others], np.random.default_rng(seed))
    copy = EDITS[name](scene)
    quality = int(scene.random.integers(5, 11)) if name == "heavy JPEG" else _QUALITY
    buffer = io.BytesIO()
    _large_enough(copy).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _working(picture: Image.Image) -> Image.Image:
    small = picture.copy()
    small.thumbnail((_WORKING_SIDE, _WORKING_SIDE), Image.Resampling.BICUBIC, reducing_gap=3.0)
    return _large_enough(small)


def _large_enough(picture: Image.Image) -> Image.Image:
    """Grown to the smallest side; very long ones are squashed, so that no copy exceeds what the service takes."""
    if min(picture.size) >= _SMALLEST_SIDE:
        return picture
    factor = _SMALLEST_SIDE / min(picture.size)
    width, height = (min(_LONGEST_SIDE, max(_SMALLEST_SIDE, round(side * factor))) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC)


def _crop_to_a_third(scene: Scene) -> Image.Image:
    """A third of the area, anywhere."""
    width, height = scene.picture.size
    wide, high = round(width / 3**0.5), round(height / 3**0.5)
    x, y = (int(scene.random.integers(0, rest + 1)) for rest in (width - wide, height - high))
    return scene.picture.crop((x, y, x + wide, y + high))


def _turned(turn: Image.Transpose) -> Callable[[Scene], Image.Image]:
    return lambda scene: scene.picture.transpose(turn)


def _brightness(factor: float) -> Callable[[Scene], Image.Image]:
    return lambda scene: ImageEnhance.Brightness(scene.picture).enhance(factor)


def _grey(scene: Scene) -> Image.Image:
    return ImageOps.grayscale(scene.picture).convert("RGB")


def _contrast_and_hue(scene: Scene) -> Image.Image:
    """Hue turned by 30 to 90 degrees, contrast at 60 or 160 %."""
    hue, saturation, value = scene.picture.convert("HSV").split()
    shift = int(scene.random.integers(21, 65)) * int(scene.random.choice([-1, 1]))
    turned = Image.merge("HSV", (hue.point([(level + shift) % 256 for level in range(256)]), saturation, value))
    return ImageEnhance.Contrast(turned.convert("RGB")).enhance(float(scene.random.choice([0.6, 1.6])))


def _pixelated(scene: Scene) -> Image.Image:
    """To 48 pixels and back."""
    small = scene.picture.copy()
    small.thumbnail((48, 48), Image.Resampling.BOX)
    return small.resize(scene.picture.size, Image.Resampling.NEAREST)


def _blurred(scene: Scene) -> Image.Image:
    return scene.picture.filter(ImageFilter.GaussianBlur(max(scene.picture.size) / 50))


def _unchanged(scene: Scene) -> Image.Image:
    return scene.picture


def _noisy(scene: Scene) -> Image.Image:
    """Gaussian noise of 40 levels."""
    levels = np.asarray(scene.picture, np.float32)
    noise = scene.random.normal(0, 40, levels.shape).astype(np.float32)
    return Image.fromarray(np.clip(levels + noise, 0, 255).astype(np.uint8))


def _pasted_small(scene: Scene) -> Image.Image:
    """On another photograph, a third to a half as wide and high."""
    ground = scene.others[0].copy()
    share = scene.random.uniform(0.35, 0.5)
    small = ImageOps.contain(scene.picture, (round(ground.width * share), round(ground.height * share)))
    x, y = (
        int(scene.random.integers(0, rest + 1)) for rest in (ground.width - small.width, ground.height - small.height)
    )
    ground.paste(small, (x, y))
    return ground


def _meme(scene: Scene) -> Image.Image:
    """Bars with a caption above and below."""
    width, height = scene.picture.size
    bar = round(height * 0.22)
    canvas = Image.new("RGB", (width, height + 2 * bar), _PAPER)
    canvas.paste(scene.picture, (0, bar))
    for top in (0, height + bar):
        _write(canvas, scene, (width // 2, top + bar // 2), round(bar * 0.4), _INK)
    return canvas


def _collage(scene: Scene) -> Image.Image:
    """One of four, each as large."""
    width, height = scene.picture.size
    tiles = [ImageOps.fit(other, (width, height)) for other in scene.others]
    tiles.insert(int(scene.random.integers(0, 4)), scene.picture)
    canvas = Image.new("RGB", (2 * width, 2 * height))
    for place, tile in enumerate(tiles):
        canvas.paste(tile, (place % 2 * width, place // 2 * height))
    return canvas


def _occluded(scene: Scene) -> Image.Image:
    """A third of the area covered by patches of one colour."""
    covered = scene.picture.copy()
    width, height = covered.size
    for _ in range(3):
        wide, high = round(width * 0.35), round(height * 0.35)
        x, y = (int(scene.random.integers(0, rest + 1)) for rest in (width - wide, height - high))
        colour = [int(level) for level in scene.random.integers(0, 256, 3)]
        covered.paste((colour[0], colour[1], colour[2]), (x, y, x + wide, y + high))
    return covered


def _perspective(scene: Scene) -> Image.Image:
    """Each corner moved by up to a quarter."""
    width, height = scene.picture.size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    inward = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)]) * (width, height)
    moved = corners + inward * scene.random.uniform(0.0, 0.25, (4, 2))
    coefficients = _homography(moved, corners)
    ground = (128, 128, 128)
    return scene.picture.transform(
        scene.picture.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC, fillcolor=ground
    )


def _homography(source: np.ndarray, target: np.ndarray) -> list[float]:
    """The eight coefficients that Pillow takes: where in `target` each point of `source` comes from."""
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved: list[float] = np.linalg.solve(np.array(rows), np.array(values)).tolist()
    return solved


def _screenshot(scene: Scene) -> Image.Image:
    """Inside the frame of a telephone's or a browser's window."""
    width, height = scene.picture.size
    side, top, bottom = round(width * 0.12), round(height * 0.2), round(height * 0.3)
    paper, ink = [(_PAPER, _INK), (_INK, _PAPER)][int(scene.random.integers(2))]
    canvas = Image.new("RGB", (width + 2 * side, height + top + bottom), paper)
    canvas.paste(scene.picture, (side, top))
    pen = ImageDraw.Draw(canvas)
    pen.rectangle((0, 0, canvas.width, top // 3), fill=(90, 90, 96))
    _write(canvas, scene, (canvas.width // 2, top * 2 // 3), max(8, top // 4), ink)
    for line in range(3):
        y = height + top + round(bottom * (0.2 + 0.25 * line))
        pen.rectangle((side, y, side + round(width * (0.9 - 0.2 * line)), y + bottom // 12), fill=(140, 140, 150))
    return canvas


def _text_and_stickers(scene: Scene) -> Image.Image:
    """Words across it, and round faces."""
    covered = scene.picture.copy()
    width, height = covered.size
    for share in (0.3, 0.6, 0.85):
        _write(covered, scene, (width // 2, round(height * share)), max(10, height // 9), (255, 235, 59))
    for _ in range(3):
        _face(covered, scene)
    return covered


def _face(canvas: Image.Image, scene: Scene) -> None:
    size = round(min(canvas.size) * scene.random.uniform(0.15, 0.25))
    x, y = (int(scene.random.integers(0, side - size)) for side in canvas.size)
    pen = ImageDraw.Draw(canvas)
    pen.ellipse((x, y, x + size, y + size), fill=(255, 204, 51), outline=_INK, width=max(1, size // 20))
    for eye in (0.3, 0.6):
        pen.ellipse((x + eye * size, y + 0.3 * size, x + (eye + 0.12) * size, y + 0.45 * size), fill=_INK)
    pen.arc((x + 0.25 * size, y + 0.4 * size, x + 0.75 * size, y + 0.8 * size), 20, 160, _INK, max(1, size // 15))


def _everything(scene: Scene) -> Image.Image:
    """Cropped, mirrored, in other colours and with a caption."""
    for step in (_crop_to_a_third, _turned(Image.Transpose.FLIP_LEFT_RIGHT), _contrast_and_hue, _meme):
        scene = Scene(_large_enough(step(scene)), scene.others, scene.random)
    return scene.picture


def _write(
    canvas: Image.Image, scene: Scene, middle: tuple[int, int], size: int, colour: tuple[int, int, int]
) -> None:
    words = " ".join(scene.random.choice(_WORDS, 4))
    font = ImageFont.load_default(min(size, round(1.6 * canvas.width / len(words))))
    ImageDraw.Draw(canvas).text(middle, words, colour, font, anchor="mm", stroke_width=size // 12, stroke_fill=_INK)


EDITS: dict[str, Callable[[Scene], Image.Image]] = {
    "crop to a third": _crop_to_a_third,
    "quarter turn": _turned(Image.Transpose.ROTATE_90),
    "half turn": _turned(Image.Transpose.ROTATE_180),
    "mirror image": _turned(Image.Transpose.FLIP_LEFT_RIGHT),
    "quarter brightness": _brightness(0.25),
    "double brightness": _brightness(2.0),
    "grey": _grey,
    "other hue and contrast": _contrast_and_hue,
    "48 pixels": _pixelated,
    "heavy blur": _blurred,
    "heavy JPEG": _unchanged,
    "noise": _noisy,
    "pasted small": _pasted_small,
    "meme": _meme,
    "collage of four": _collage,
    "occluded": _occluded,
    "perspective": _perspective,
    "screenshot": _screenshot,
    "text and stickers": _text_and_stickers,
    "several at once": _everything,
}
