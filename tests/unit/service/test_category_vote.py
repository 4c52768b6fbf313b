"""The category that a search settles on: the model's word and the vote of stored pictures."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.domain import Category, CategoryCandidate, InstanceSpec, InstanceType, PictureKey, SearchOptions
from similis.service import App
from similis.service._category_vote import MODEL_VOTES, join

Draw = Callable[..., bytes]
_VOTES = st.lists(st.tuples(st.sampled_from(Category), st.floats(0, 1)), max_size=20)


@pytest.fixture
def shop(app: App) -> App:
    """An empty product instance."""
    app.instances.create(InstanceSpec("shop", InstanceType.PRODUCT))
    return app


@given(shares=st.lists(st.floats(0.01, 1), min_size=len(Category), max_size=len(Category)), votes=_VOTES)
def test_joined_probabilities_are_those_of_all_votes_counted(
    shares: list[float], votes: list[tuple[Category, float]]
) -> None:
    model = {category: share / sum(shares) for category, share in zip(Category, shares, strict=True)}
    joined = join([CategoryCandidate(category, share) for category, share in model.items()], votes)
    total = MODEL_VOTES + sum(weight for _, weight in votes)
    for each in joined:
        own = sum(weight for category, weight in votes if category is each.category)
        assert each.probability == pytest.approx((MODEL_VOTES * model[each.category] + own) / total, abs=1e-6)
    assert [each.probability for each in joined] == sorted((each.probability for each in joined), reverse=True)
    assert {each.category for each in joined} == set(Category)


def test_a_search_goes_to_where_pictures_like_the_query_are_stored(shop: App, draw: Draw) -> None:
    for view in range(3):
        shop.pictures.add("shop", draw(1, view), PictureKey("boot", str(view)), category=Category.SHOES)
    result = shop.search.by_picture("shop", draw(1, view=7))
    assert result.category_id == Category.SHOES
    assert result.matches[0].product_id == "boot"
    assert result.subject is not None
    assert result.subject.categories[0].category is Category.SHOES


def test_a_category_that_is_given_is_not_voted_on(shop: App, draw: Draw) -> None:
    shop.pictures.add("shop", draw(1), PictureKey("boot", "a"), category=Category.SHOES)
    result = shop.search.by_picture("shop", draw(1), SearchOptions(category=Category.BAG))
    assert (result.category_id, result.matches) == (Category.BAG, [])


def test_a_search_is_not_sent_to_where_nothing_is(shop: App, draw: Draw) -> None:
    shop.pictures.add("shop", draw(1), PictureKey("sofa", "a"), category=Category.FURNITURE)
    result = shop.search.by_picture("shop", draw(5))
    assert result.category_id == Category.FURNITURE
    assert [match.product_id for match in result.matches] == ["sofa"]


def test_an_empty_instance_leaves_the_word_to_the_model(shop: App, draw: Draw) -> None:
    result = shop.search.by_picture("shop", draw(5))
    assert result.matches == []
    added = shop.pictures.add("shop", draw(5), PictureKey("p", "a"))
    assert added.category_id == result.category_id


def test_adding_does_not_vote(shop: App, draw: Draw) -> None:
    alone = shop.pictures.add("shop", draw(1), PictureKey("p", "a"))
    for view in range(3):
        shop.pictures.add("shop", draw(1, view), PictureKey("boot", str(view)), category=Category.SHOES)
    assert shop.pictures.add("shop", draw(1), PictureKey("p", "b")).categories == alone.categories
