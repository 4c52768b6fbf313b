"""How near-identical pictures must be: which edits are found, and how often different pictures pass for the same.

    python -m benchmarks.duplicates LABELS.csv … --cache DIR [--edited N] [--limit N] [--no-crop] [--save]

Edits that leave a picture what it is – recompressing, scaling, a small crop, brightness, a watermark, a border,
another format – are to be found; all pairs of different pictures, those of one product included, are not. Pictures
that are bit-identical or that a perceptual hash cannot tell apart are one picture and count for nothing.

`--save` writes the table, and as default the lowest cosine with at most `--false` false matches of a million pairs,
to where the service reads it.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.features import Floats, features, read, read_rows
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance

from similis.algorithm import ModelStore, Pipeline
from similis.service import Settings

FIGURES = Path(__file__).parents[1] / "src" / "similis" / "algorithm" / "weights" / "duplicates.json"
LIMITS = (0.80, 0.85, 0.88, 0.90, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99)
_MILLION = 1_000_000
_AT_ONCE = 512
_HASH_SIDE = 16
_SAME_HASH = 10  # of 256 bits


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path, nargs="+")
    parser.add_argument("--cache", type=Path, required=True, help="directory for features, made if missing")
    parser.add_argument("--edited", type=int, default=60, help="pictures of each file to edit")
    parser.add_argument("--limit", type=int, help="use every n-th row so that about so many are left")
    parser.add_argument("--no-crop", action="store_true")
    parser.add_argument("--false", type=float, default=10.0, help="false matches of a million pairs to allow")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    results = measure(options)
    print_table(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    if options.save:
        kept = {name: results[name] for name in ("model", "min_similarity", "pairs", "edited", "table")}
        FIGURES.write_text(json.dumps(kept, indent=2) + "\n", "utf-8")


def edits(picture: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    """The picture as it may come again, by the name of what happened to it."""
    width, height = picture.size
    yield "recompressed", _jpeg(picture, 50)
    yield "half size", picture.resize((max(width // 2, 1), max(height // 2, 1)))
    edge_x, edge_y = round(width * 0.03), round(height * 0.03)
    yield "cropped 6 %", picture.crop((edge_x, edge_y, width - edge_x, height - edge_y))
    yield "brighter", ImageEnhance.Brightness(picture).enhance(1.15)
    yield "darker, recompressed", _jpeg(ImageEnhance.Brightness(picture).enhance(0.85), 70)
    marked = picture.copy()
    ImageDraw.Draw(marked).text((width * 0.55, height * 0.88), "© shop", fill=(255, 255, 255), font_size=height // 12)
    yield "watermark", marked
    framed = Image.new("RGB", (round(width * 1.06), round(height * 1.06)), (255, 255, 255))
    framed.paste(picture, (round(width * 0.03), round(height * 0.03)))
    yield "white border", framed


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Shares of edits found and rates of false matches by cosine."""
    pipeline = Pipeline.load(ModelStore(Settings().models))
    found: dict[str, list[float]] = {}
    false, pairs = np.zeros(len(LIMITS)), 0
    for labels in options.labels:
        rows = read_rows(labels)
        rows = rows[:: max(1, len(rows) // options.limit)] if options.limit else rows
        vectors = features(rows, labels, options.cache, crop=not options.no_crop)
        counted, several = false_pairs(vectors, [row["path"] for row in rows])
        false, pairs = false + counted, pairs + several
        for place in range(0, len(rows), max(1, len(rows) // options.edited)):
            for name, edited in edits(Image.fromarray(read(rows[place]["path"]))):
                vector = pipeline.analyse_pixels(np.asarray(edited), crop=not options.no_crop).vector
                found.setdefault(name, []).append(float(vector @ vectors[place]))
    table = [
        {
            "min_similarity": limit,
            "found": round(float(np.mean([np.mean(np.array(each) >= limit) for each in found.values()])), 4),
            "found_by_edit": {
                name: round(float(np.mean(np.array(each) >= limit)), 3) for name, each in found.items()
            },
            "false_matches": round(float(wrong) / pairs * _MILLION, 3),
        }
        for limit, wrong in zip(LIMITS, false, strict=True)
    ]
    fit = (row["min_similarity"] for row in table if row["false_matches"] <= options.false)
    return {
        "model": pipeline.model,
        "min_similarity": next(fit, LIMITS[-1]),
        "pairs": pairs,
        "edited": sum(len(each) for each in found.values()),
        "table": table,
    }


def false_pairs(vectors: Floats, paths: list[str]) -> tuple[NDArray[np.float64], int]:
    """How many pairs of different pictures reach each limit, and how many pairs there are."""
    counted = np.zeros(len(LIMITS))
    for start in range(0, len(vectors), _AT_ONCE):
        block = vectors[start : start + _AT_ONCE] @ vectors.T
        for one, other in np.argwhere(np.triu(block, 1 + start) >= LIMITS[0]).tolist():
            if np.count_nonzero(perceptual_hash(paths[start + one]) != perceptual_hash(paths[other])) > _SAME_HASH:
                counted += block[one, other] >= np.array(LIMITS)
    return counted, len(vectors) * (len(vectors) - 1) // 2


@cache
def perceptual_hash(path: str) -> NDArray[np.bool_]:
    """Where the picture grows brighter from left to right (the "difference hash"), bool[256]."""
    small = Image.fromarray(read(path)).convert("L").resize((_HASH_SIDE + 1, _HASH_SIDE), Image.Resampling.BOX)
    values = np.asarray(small, int)
    brighter: NDArray[np.bool_] = (np.diff(values, axis=1) > 0).ravel()
    return brighter


def print_table(results: dict[str, Any]) -> None:
    """Found and false by cosine; a star at the default."""
    print(
        f"{results['model']}: {results['pairs']:,} pairs of different pictures, {results['edited']} edited pictures"
    )
    print(f"{'cosine':<8}{'found':>8}{'false of a million':>20}  worst edit")
    for row in results["table"]:
        name, share = min(row["found_by_edit"].items(), key=lambda each: each[1])
        star = "*" if row["min_similarity"] == results["min_similarity"] else ""
        cosine = f"{row['min_similarity']:.2f}{star}"
        print(f"{cosine:<8}{row['found']:>8.3f}{row['false_matches']:>20.2f}  {name} {share:.2f}")


def _jpeg(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


if __name__ == "__main__":
    main()
