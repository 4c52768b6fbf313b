"""Picture URLs: what is taken, what is refused in which words, and what becomes part of the page's policy."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.domain import PICTURE_URL_FIELDS, InvalidUrl, check_picture_url, picture_origin

HOST = st.from_regex(r"([a-z0-9-]{1,9}\.){0,3}[A-Za-z0-9-]{1,9}(:([1-9][0-9]{0,3}))?", fullmatch=True)
PART = st.sampled_from([f"{{{name}}}" for name in PICTURE_URL_FIELDS])
TEMPLATE = st.builds(
    "{}://{}/{}{}{}".format, st.sampled_from(["http", "https"]), HOST, st.sampled_from(["", "p/", "%20x?y="]), PART,
    st.sampled_from(["", ".jpg", "?w=200&h=200", "#top"]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("template", "origin"),
    [
        ("https://shop.example/p/{product_id}/{pic_name}", "https://shop.example"),
        ("http://127.0.0.1:9000/{pic_name}?size=200", "http://127.0.0.1:9000"),
        ("https://Shop.Example:443?of={custom_content}", "https://shop.example"),
        ("https://a-b.example/{product_id}{product_id}#x", "https://a-b.example"),
        (f"https://{'x' * 63}.example/{{pic_name}}", f"https://{'x' * 63}.example"),
        (f"https://{'shop.' * 50}eu:8443/{{pic_name}}", f"https://{'shop.' * 50}eu:8443"),
    ],
)
def test_a_picture_url_and_its_origin(template: str, origin: str) -> None:
    assert check_picture_url(template) == template
    assert picture_origin(template) == origin


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("", "empty"),
        ("https://shop.example/{pic_name} x", "no URL has"),
        ("https://shop.example/\u00fc/{pic_name}", "no URL has"),
        ("https://shop.example/{pic_name}\n", "no URL has"),
        ('https://shop.example/"{pic_name}', "no URL has"),
        ("ftp://shop.example/{pic_name}", "does not begin"),
        ("javascript:alert({pic_name})", "does not begin"),
        ("//shop.example/{pic_name}", "does not begin"),
        ("https:///{pic_name}", "does not begin"),
        ("https://{product_id}.shop.example/", "does not begin"),
        ("https://shop.example;script-src/{pic_name}", "does not begin"),
        ("https://*.example/{pic_name}", "does not begin"),
        ("https://[::1]/{pic_name}", "does not begin"),
        ("https://shop..example/{pic_name}", "does not begin"),
        ("https://shop.example:0/{pic_name}", "does not begin"),
        ("https://shop.example:70000/{pic_name}", "does not begin"),
        (f"https://{'x' * 64}.example/{{pic_name}}", "does not begin"),
        (f"https://{'shop.' * 50}name/{{pic_name}}", "does not begin"),
        ("https://user:word@shop.example/{pic_name}", "credentials"),
        ("https://shop.example/picture.jpg", "no placeholder"),
        ("https://shop.example/{sku}/{pic_name}", "unknown placeholder {sku}"),
        ("https://shop.example/{}", "unknown placeholder {}"),
        ("https://shop.example/{pic_name", "other half"),
        ("https://shop.example/{pic_name}}", "other half"),
        ("https://shop.example/{pic_name}" + "x" * 1000, "1,031 characters"),
    ],
)
def test_what_is_none_is_refused(template: str, words: str) -> None:
    with pytest.raises(InvalidUrl, match=re.escape(words)) as raised:
        check_picture_url(template)
    assert raised.value.hint


@given(TEMPLATE)
def test_urls_made_of_such_parts_are_taken(template: str) -> None:
    check_picture_url(template)
    assert template.lower().startswith(picture_origin(template).removesuffix(":80").removesuffix(":443"))


@given(st.text(max_size=60) | st.builds("https://{}/{{pic_name}}".format, st.text(max_size=20)))
def test_whatever_is_taken_can_stand_in_a_policy(text: str) -> None:
    try:
        origin = picture_origin(check_picture_url(text))
    except InvalidUrl:
        return
    assert re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]+)?", origin)
