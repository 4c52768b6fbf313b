"""The score curve of an encoder added by manifest: `python -m training.encoder_calibration NAME …`.

Prints what to write as `calibration` into its manifest, fitted as `calibration.py` fits the built-in curves, with all
sets together: an encoder has one curve for both types of instances. The encoder must be fetched.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from training.calibration import Results, among, measured
from training.pictures import SETS, Floats, read_rows

from similis.algorithm import ImageEncoder, ModelStore
from similis.algorithm._attention import Sight
from similis.domain import Region


def main() -> None:
    """Print the calibration and how far it is to be relied on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="the encoder")
    parser.add_argument("--data", type=Path, required=True, help="directory of the labelled sets")
    parser.add_argument("--models", type=Path, required=True, help="models directory with the encoder")
    parser.add_argument("--most", type=int, default=1000, help="pictures of each set, at most")
    options = parser.parse_args()
    store = ModelStore(options.models)
    encoder = ImageEncoder(store.path(options.name), store.manifest(options.name))
    parts = [found(encoder, options.data / name, options.most) for name in SETS]
    print(json.dumps(measured(parts), indent=2))


def found(encoder: ImageEncoder, folder: Path, most: int) -> Results:
    """What pictures of one set find among each other."""
    rows = read_rows(folder)
    chosen = np.sort(np.random.default_rng(0).permutation(len(rows))[:most])
    vectors: Floats = np.stack([encoder.describe(whole(folder / rows[place]["path"])) for place in chosen])
    return among(folder.name, vectors, _labels([rows[place] for place in chosen]))


def whole(path: Path) -> Sight:
    """A picture with attention to all of it; an encoder looks at pixels only."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    return Sight((), np.empty(0, np.float32), pixels, pixels, Region.whole(pixels.shape[1], pixels.shape[0]))


def _labels(rows: list[dict[str, str]]) -> NDArray[np.str_]:
    """Title and colour where a set has them, else the label."""
    return np.array([f"{row['title']}|{row['colour']}" if "title" in row else row["label"] for row in rows])


if __name__ == "__main__":
    main()
