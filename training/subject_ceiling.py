"""How far the teacher agrees with itself: what it says of the test pictures, and of the same mirrored or relit.

    python -m training.subject_ceiling --data … --models … --cache …

Mirroring changes no subject, so what differs is chance: a head cannot be expected to agree better than this.
"""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray
from training.pictures import SETS, arguments
from training.subject_agreement import box_overlap, mask_overlap
from training.subject_teacher import TEST, see

Mask = NDArray[np.float32]


def main() -> None:
    """Print mean intersections over union of masks and of main boxes, by change and set."""
    options = arguments(__doc__ or "")
    first = [mask.astype(np.float32) for mask in see(options, "tests").masks[: TEST * len(SETS)]]
    for change in ("mirrored", "relit"):
        again = [mask.astype(np.float32) for mask in see(options, change).masks]
        print(json.dumps({change: _agreement(first, again)}))


def _agreement(first: list[Mask], again: list[Mask]) -> dict[str, dict[str, float]]:
    both = zip(again, first, strict=True)
    pairs = np.array([(mask_overlap(one, other), box_overlap(one, other)) for one, other in both])
    means = np.vstack([pairs.reshape(len(SETS), TEST, 2).mean(1), pairs.mean(0)]).round(3)
    names = (*SETS, "mean")
    return {name: {"mask": float(mask), "box": float(box)} for name, (mask, box) in zip(names, means, strict=True)}


if __name__ == "__main__":
    main()
