"""What ImageNet's thousand classes say of the fourteen categories: a starting point that knows toys and sweets.

The numbers are the places of classes in the usual order of ILSVRC 2012, which the backbone's classifier keeps.
"""

from __future__ import annotations

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


def prior(model: onnx.ModelProto, order: list[Category]) -> NDArray[np.float32]:
    """A linear head without training: the mean classifier row of each category's classes.

    `OTHER` has the mean of all remaining classes. Rows are relative to the mean of all.

    Returns:
        float32[categories, channels + 1], the last column being the bias.
    """
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    rows = np.concatenate([constants["_fc.weight"], constants["_fc.bias"][:, None]], axis=1)
    named = {number for numbers in CLASSES.values() for number in numbers}
    rest = tuple(number for number in range(len(rows)) if number not in named)
    chosen = [rows[list(CLASSES.get(category, rest))].mean(0) for category in order]
    head: NDArray[np.float32] = (np.array(chosen) - rows.mean(0)).astype(np.float32)
    return head
