"""Whatever parameters a call has, its answer is a success or an error of the contract, and never unforeseen."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.gateway.alibaba.calling import Wire, refusal_of

from similis.gateway.alibaba._actions import V2020

NAMES = (
    *("ProductId", "PicName", "PicContent", "PrimaryPicContent", "SecondaryPicContent", "CategoryId", "Crop"),
    *("Region", "CustomContent", "Num", "Start", "Filter", "DistinctProductId", "ScoreThreshold", "Text"),
    *(f"{kind}Attr{number}" for kind in ("Int", "Str") for number in ("", "2", "3", "4")),
    *("IsDeleteByFilter", "BucketName", "Path", "CallbackAddress", "Id", "PageNumber", "PageSize", "Type", "Unknown"),
)
LISTS = ("DumpMetaList", "IncreaseList")
"""Their answers have no `Success`, as the contract says."""
VALUES = st.one_of(
    st.text(max_size=20),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["true", "False", "0,10,0,10", "int_attr=1", 'str_attr in ("a","b")', "88888888", "aGVsbG8="]),
    st.sampled_from(["http://localhost/", "://", "\x00", "\ufffd", "١", "1e3", "--1", "a" * 600]),
)


@pytest.mark.parametrize("action", V2020)
def test_every_answer_is_foreseen(wire: Wire, action: str) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8))
    def call(form: dict[str, str]) -> None:
        answer = wire.call(action, {"InstanceName": "shop", **form})
        if answer.status_code == 200:
            assert answer.json().get("Success") is (None if action in LISTS else True)
        else:
            status, code, _ = refusal_of(answer)
            assert status == 400 or code in {"UnsupportedOperationType", "Console.TaskAlreadyExist"}

    call()


@given(path=st.sampled_from(["/item/add", "/item/search", "/item/delete"]), body=st.binary(max_size=80))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_item_body_is_foreseen(wire: Wire, path: str, body: bytes) -> None:
    content = b"item_id,0,1#pic_list,1,5#YQ==,5,%d^1YQ==%b" % (5 + len(body), body)
    for sent in (body, content):
        answer = wire.call("", version="", path=path, content=sent, query={"instanceName": "shop"})
        assert answer.status_code in {200, 400}
