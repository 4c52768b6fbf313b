"""Similis: self-hosted image search. Add pictures, find the same product or look-alikes by picture.

import similis

with similis.open("shop-data") as shop:
    shoes = shop.create_instance("shoes", type="product")
    shoes.add("boot.jpg", product_id="boot-1", pic_name="front")
    print(shoes.search("query.jpg").matches[0].product_id)
"""

from similis.domain import (
    Added,
    Attributes,
    Category,
    Instance,
    InstanceType,
    Match,
    Picture,
    PictureKey,
    Region,
    SearchResult,
    SimilisError,
)
from similis.service import InstanceHandle, Similis
from similis.service import open_directory as open  # noqa: A004 - read as similis.open

__all__ = [
    "Added",
    "Attributes",
    "Category",
    "Instance",
    "InstanceHandle",
    "InstanceType",
    "Match",
    "Picture",
    "PictureKey",
    "Region",
    "SearchResult",
    "Similis",
    "SimilisError",
    "open",
]
