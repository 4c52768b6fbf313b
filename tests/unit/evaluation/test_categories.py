from __future__ import annotations

from similis.domain import Category
from similis.evaluation import Categories


def test_confusion_counts_true_against_predicted() -> None:
    bag, shoes, other = Category.BAG, Category.SHOES, Category.OTHER
    found = Categories.of([(bag, bag), (bag, bag), (bag, shoes), (shoes, other)])
    assert found.accuracy.value == 0.5
    assert found.seen == [bag, shoes, other]
    assert found.total(bag) == 3
    told = found.as_dict()
    assert told["categories"] == [3, 4, 88888888]
    assert told["confusion"] == [[2, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert told["pictures"] == 4
