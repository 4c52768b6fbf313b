from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from similis.catalogue import Catalogue, NewPicture, ScoreCurve
from similis.domain import Instance, InstanceNotFound

Open = Callable[[], Catalogue]
MakeInstance = Callable[..., Instance]
MakePicture = Callable[..., NewPicture]


def test_a_curve_is_kept_replaced_and_goes_with_its_instance(
    open_catalogue: Open, catalogue: Catalogue, make_instance: MakeInstance
) -> None:
    instance, other = make_instance(), make_instance("other")
    assert catalogue.score_curves.get(instance) is None
    curve = ScoreCurve(70, (0.1 + 0.2, 9.25, 0.9))
    for kept in (ScoreCurve(60, None), curve):
        catalogue.score_curves.set(instance, kept)
        assert catalogue.score_curves.get(instance) == kept
    assert catalogue.score_curves.get(other) is None
    catalogue.close()
    again = open_catalogue()
    assert again.score_curves.get(instance) == curve
    again.delete_instance(instance.name)
    assert again.score_curves.get(instance) is None
    with pytest.raises(InstanceNotFound):
        again.score_curves.set(instance, curve)


def test_siblings_are_pictures_whose_product_has_others(
    catalogue: Catalogue, make_instance: MakeInstance, new_picture: MakePicture
) -> None:
    first, second = make_instance(), make_instance("other")
    products = [1, 2, 2, 3, 4, 4, 4, 5, 6, 6]
    for instance in (first, second):
        catalogue.add(instance, [new_picture(f"p{product}", str(n)) for n, product in enumerate(products)])
    catalogue.add(second, [new_picture("p1", "more")])
    everything = catalogue.select_ids(first, None, None).tolist()
    names = catalogue.names(first, everything)
    counts = Counter(product for product, _ in names.values())
    expected = [each for each in everything if counts[names[each][0]] > 1]
    assert catalogue.score_curves.siblings(first).tolist() == expected
    for stride in (2, 3):
        found = catalogue.score_curves.siblings(first, stride).tolist()
        assert found == [each for each in expected if each % stride == 0]
