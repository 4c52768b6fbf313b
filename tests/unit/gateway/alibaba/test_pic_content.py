"""What a PicContent stands for."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.domain import UnsupportedFormat
from similis.gateway.alibaba._errors import Refused
from similis.gateway.alibaba._fetch import Fetcher
from similis.gateway.alibaba._pic_content import decode, released, resolve
from similis.gateway.alibaba._upload_policy import UploadPolicies
from similis.gateway.alibaba._uploads import Uploads
from similis.service import Outbound

KEY = UploadPolicies().issue().key
URLS = [
    f"http://img.example.com/{KEY}",
    f"https://127.0.0.1:8443/{KEY}",
    f"http://http://127.0.0.1:8000/_oss/b.e/{KEY}",
    f"http://http://127.0.0.1:8000/_oss/b.e-internal/{KEY}",
]


@given(st.binary(), st.booleans(), st.sampled_from(["", "\r\n", "\n", "\t"]))
def test_base64_is_read_as_clients_send_it(content: bytes, padded: bool, between: str) -> None:
    text = base64.b64encode(content).decode()
    text = text if padded else text.rstrip("=")
    assert decode(between.join(text[at : at + 76] for at in range(0, len(text), 76))) == content


@given(st.lists(st.sampled_from([b"\xfb\xef\xbe", b"pic", b"\xfb\xef", b"x"])).map(b"".join), st.booleans())
def test_a_plus_that_a_form_turned_to_a_space_is_restored(content: bytes, padded: bool) -> None:
    text = base64.b64encode(content).decode().replace("+", " ")
    assert decode(text if padded else text.rstrip("=")) == content


def test_spaces_between_are_passed_over_where_a_plus_shows_that_none_was_lost() -> None:
    assert decode("++ ++") == decode("++++")


@pytest.mark.parametrize("text", ["###", "a", "ftp:/x", "aGVsbG8_", "päd"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UnsupportedFormat, match="neither Base64 nor a URL"):
        resolve(text, Uploads(), Fetcher(Outbound()))


@pytest.mark.parametrize("url", URLS, ids=range(len(URLS)))  # the key in them is another each time
def test_an_upload_is_taken_once_whatever_host_its_url_names(url: str) -> None:
    uploads = Uploads()
    uploads.put(KEY, b"picture")
    assert resolve(url, uploads, Fetcher(Outbound(["*"]))) == b"picture"
    with pytest.raises(Refused, match="InvalidPicUrl") as refused:
        resolve(url, uploads, Fetcher(Outbound(["*"])))
    assert "upload the picture again" in refused.value.what


def test_a_foreign_url_is_refused_by_default() -> None:
    with pytest.raises(Refused, match="InvalidPicUrl") as refused:
        resolve("http://img.example.com/a.jpg", Uploads(), Fetcher(Outbound()))
    assert "SIMILIS_PICTURE_HOSTS" in refused.value.what


@pytest.mark.parametrize("name", ["PicContent", "PrimaryPicContent", "SecondaryPicContent"])
def test_an_upload_is_gone_after_its_call_whatever_became_of_it(name: str) -> None:
    uploads = Uploads()
    uploads.put(KEY, b"picture")
    with released({name: URLS[0]}, uploads):
        assert len(uploads) == 1
    assert len(uploads) == 0
    uploads.put(KEY, b"picture")
    with pytest.raises(UnsupportedFormat), released({name: URLS[0]}, uploads):
        resolve("###", uploads, Fetcher(Outbound()))
    assert len(uploads) == 0


def test_other_uploads_stay() -> None:
    uploads = Uploads()
    uploads.put(KEY, b"picture")
    with released({"PicContent": "aGVsbG8=", "CustomContent": URLS[0]}, uploads):
        pass
    assert len(uploads) == 1
