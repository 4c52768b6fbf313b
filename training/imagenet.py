"""What ImageNet's thousand classes say of the fourteen categories: a starting point that knows toys and sweets.

The numbers are the places of classes in the usual order of ILSVRC 2012, which the backbone's classifier keeps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from similis.domain import Category

CLASSES = {
    Category.TOPS: (474, 568, 610, 617, 735, 834, 841, 869),
    Category.DRESS: (578, 601, 689),
    Category.BOTTOMS: (608, 655),
    Category.BAG: (414, 636, 748, 893),
    Category.SHOES: (502, 514, 630, 770, 774),
    Category.ACCESSORIES: (457, 515, 531, 658, 679, 806, 808, 824, 836, 837, 879, 906),
    Category.SNACKS: (927, 928, 929, 930, 931, 932, 933, 934, 963, 964, 965),
    Category.MAKEUP: (551, 585, 629, 631, 711, 838),
    Category.BOTTLE_DRINK: (440, 737, 898, 901, 907),
    Category.FURNITURE: (423, 453, 493, 495, 516, 520, 526, 532, 553, 559, 564, 619, 703, 765, 831, 846, 857, 894),
    Category.TOY: (850,),
    Category.UNDERWEAR: (445, 459, 638, 639, 842),
    Category.DIGITAL_DEVICE: (
        *(485, 487, 508, 527, 590, 592, 605, 613, 620, 632, 662, 664, 673, 681, 713),
        *(732, 742, 745, 754, 759, 761, 782, 848, 851),
    ),
}


@dataclass(frozen=True)
class Kinds:
    """Kinds of things, each of one category: a linear classifier whose classes are summed into categories.

    Attributes:
        weight: float32[kinds, channels].
        bias: float32[kinds].
        category: place in the order of categories, int64[kinds].
        offset: float32[categories], added to the log of each category's sum.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    category: NDArray[np.int64]
    offset: NDArray[np.float32]


def kinds(model: onnx.ModelProto, order: list[Category], others: int = 100) -> Kinds:
    """What the backbone's own classifier says of the categories, without training.

    Classes of a category stay as they are. The hundreds that belong to none are `OTHER`; they are gathered into
    `others` groups of similar ones. Categories have from one class to hundreds, which says nothing of shops: half of
    that goes into the offset.

    Args:
        model: the backbone with its classifier.
        order: the order of categories.
        others: groups of the classes of no category.
    """
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    rows = np.concatenate([constants["_fc.weight"], constants["_fc.bias"][:, None]], axis=1).astype(np.float32)
    named = [(place, number) for place, category in enumerate(order) for number in CLASSES.get(category, ())]
    rest = np.setdiff1d(np.arange(len(rows)), [number for _, number in named])
    groups, sizes = _groups(rows[rest], others)
    groups[:, -1] += np.log(sizes)
    counts = np.array([len(CLASSES.get(category, rest)) for category in order])
    chosen = np.concatenate([rows[[number for _, number in named]], groups])
    category = [*(place for place, _ in named), *[order.index(Category.OTHER)] * len(groups)]
    return Kinds(chosen[:, :-1], chosen[:, -1], np.array(category), (-0.5 * np.log(counts)).astype(np.float32))


def _groups(rows: NDArray[np.float32], count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Centres and sizes of groups of near rows, by Lloyd's algorithm."""
    centres = rows[np.random.default_rng(0).choice(len(rows), count, replace=False)]
    for _ in range(25):
        nearest = (np.square(centres).sum(1) - 2 * rows @ centres.T).argmin(1)
        centres = np.array([rows[nearest == group].mean(0) for group in np.unique(nearest)], np.float32)
    nearest = (np.square(centres).sum(1) - 2 * rows @ centres.T).argmin(1)
    names, sizes = np.unique(nearest, return_counts=True)
    return centres[names], sizes
