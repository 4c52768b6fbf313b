"""Which of the fourteen categories the kinds of the five sets belong to; kinds that fit none are `OTHER`.

Kinds that are not named here and for which `OTHER` would be wrong or doubtful are left out: `None`.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from similis.domain import Category

_FASHION_SUB = {
    "Bags": Category.BAG, "Wallets": Category.BAG,
    "Belts": Category.ACCESSORIES, "Cufflinks": Category.ACCESSORIES, "Eyewear": Category.ACCESSORIES,
    "Gloves": Category.ACCESSORIES, "Headwear": Category.ACCESSORIES, "Jewellery": Category.ACCESSORIES,
    "Mufflers": Category.ACCESSORIES, "Scarves": Category.ACCESSORIES, "Stoles": Category.ACCESSORIES,
    "Ties": Category.ACCESSORIES, "Umbrellas": Category.ACCESSORIES, "Watches": Category.ACCESSORIES,
    "Socks": Category.ACCESSORIES, "Sports Accessories": Category.ACCESSORIES,
    "Bottomwear": Category.BOTTOMS, "Topwear": Category.TOPS, "Dress": Category.DRESS, "Saree": Category.DRESS,
    "Innerwear": Category.UNDERWEAR, "Loungewear and Nightwear": Category.UNDERWEAR,
    "Flip Flops": Category.SHOES, "Sandal": Category.SHOES, "Shoes": Category.SHOES,
    "Sports Equipment": Category.OTHER,
}  # fmt: skip
_FASHION_KINDS = {
    "Swimwear": Category.UNDERWEAR, "Dupatta": Category.ACCESSORIES, "Belts": Category.ACCESSORIES,
    "Suspenders": Category.ACCESSORIES, "Dresses": Category.DRESS, "Clothing Set": None, "Kurta Sets": None,
    "Rompers": None, "Lehenga Choli": None, "Salwar and Dupatta": None, "Booties": None, "Tracksuits": None,
}  # fmt: skip
_CLOTHING = {
    "dress": Category.DRESS, "hat": Category.ACCESSORIES, "longsleeve": Category.TOPS, "outwear": Category.TOPS,
    "pants": Category.BOTTOMS, "shirt": Category.TOPS, "shoes": Category.SHOES, "shorts": Category.BOTTOMS,
    "skirt": Category.BOTTOMS, "t-shirt": Category.TOPS,
}  # fmt: skip
_DRINKS = ("Juice", "Milk", "Oat-Milk", "Soy-Milk", "Sour-Milk", "Yoghurt", "Oatghurt", "Soyghurt")
_GROCERIES = dict.fromkeys(_DRINKS, Category.BOTTLE_DRINK) | {"Sour-Cream": Category.SNACKS}
_CALTECH = {
    "camera": Category.DIGITAL_DEVICE, "cellphone": Category.DIGITAL_DEVICE, "laptop": Category.DIGITAL_DEVICE,
    "headphone": Category.DIGITAL_DEVICE, "chair": Category.FURNITURE, "windsor_chair": Category.FURNITURE,
    "lamp": Category.FURNITURE, "chandelier": Category.FURNITURE, "umbrella": Category.ACCESSORIES,
    "watch": Category.ACCESSORIES, "pizza": Category.SNACKS, "inline_skate": None, "garfield": None, "snoopy": None,
    "binocular": None, "gramophone": None, "soccer_ball": None,
}  # fmt: skip
_OBJECTS = {
    "backpack": Category.BAG, "beer bottle": Category.BOTTLE_DRINK, "pop bottle": Category.BOTTLE_DRINK,
    "bikini": Category.UNDERWEAR, "swimming trunks": Category.UNDERWEAR, "bow tie": Category.ACCESSORIES,
    "sunglasses": Category.ACCESSORIES, "sock": Category.ACCESSORIES, "umbrella": Category.ACCESSORIES,
    "CD player": Category.DIGITAL_DEVICE, "computer keyboard": Category.DIGITAL_DEVICE,
    "iPod": Category.DIGITAL_DEVICE, "remote control": Category.DIGITAL_DEVICE, "desk": Category.FURNITURE,
    "dining table": Category.FURNITURE, "rocking chair": Category.FURNITURE, "lampshade": Category.FURNITURE,
    "teddy": Category.TOY, "kimono": Category.DRESS, "miniskirt": Category.BOTTOMS, "poncho": Category.TOPS,
    "sandal": Category.SHOES, "pretzel": Category.SNACKS, "ice cream": Category.SNACKS, "pizza": Category.SNACKS,
    "potpie": Category.SNACKS, "meat loaf": Category.SNACKS, "water jug": None, "military uniform": None,
    "binoculars": None, "apron": None, "vestment": None, "basketball": None, "rugby ball": None, "volleyball": None,
    "Christmas stocking": None, "mashed potato": None, "guacamole": None, "chain": None, "magnetic compass": None,
    "bathtub": None, "refrigerator": None,
}  # fmt: skip


def held_out(path: str) -> bool:
    """Whether a picture is of the fifth that no head learns from, by the path in its set."""
    return zlib.crc32(path.encode()) % 5 == 0


def category_of(name: str, row: dict[str, str]) -> Category | None:
    """The category of a picture of a set, by its row of the labels; None leaves it out."""
    if name == "fashion_products_small":
        return _fashion(row)
    tables: dict[str, tuple[Mapping[str, Category | None], str]] = {
        "clothing_small": (_CLOTHING, row["label"]),
        "grocery_store": (_GROCERIES, row.get("coarse_label", "")),
        "caltech101": (_CALTECH, row["label"]),
        "objects64": (_OBJECTS, row.get("words", "").split(",")[0]),
    }
    table, kind = tables[name]
    return table.get(kind, Category.OTHER)


def _fashion(row: dict[str, str]) -> Category | None:
    if row["master_category"] == "Personal Care":
        return Category.MAKEUP
    if row["label"] in _FASHION_KINDS:
        return _FASHION_KINDS[row["label"]]
    return _FASHION_SUB.get(row["sub_category"])
