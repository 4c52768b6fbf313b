"""Signatures: those of the official SDKs are accepted, and anything changed behind them is refused."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from urllib.parse import parse_qsl, quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.unit.gateway.alibaba.signing import (
    FORM,
    SECRET,
    Pairs,
    changed,
    request,
    sign_acs3,
    sign_roa,
    sign_rpc,
)

from similis.gateway.alibaba._claim import escaped
from similis.gateway.alibaba._errors import WireError
from similis.gateway.alibaba._request import WireRequest
from similis.gateway.alibaba._signatures import Scheme, claim, verify

SAMPLES = json.loads((Path(__file__).parent / "data" / "signed_requests.json").read_text(encoding="utf-8"))

Sign = Callable[[WireRequest], WireRequest]


def from_wire(method: str, target: str, headers: Mapping[str, str], body: str) -> WireRequest:
    path, _, query = target.partition("?")
    is_form = headers.get("content-type") == FORM
    pairs = parse_qsl(body, keep_blank_values=True) if is_form else []
    decoded = parse_qsl(query, keep_blank_values=True)
    return request(method, path, tuple(decoded), headers, body.encode(), tuple(pairs))


def code_of(given: WireRequest, secret: str = SECRET) -> str:
    with pytest.raises(WireError) as caught:
        verify(claim(given), given, secret)
    assert caught.value.status == 400
    return caught.value.code


# --- random requests ---------------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.text(st.sampled_from("ABCabcxyz019._-"), min_size=1, max_size=8).map("p".__add__)
plain_texts = texts.filter(lambda text: "&" not in text)


def pairs(values: st.SearchStrategy[str]) -> st.SearchStrategy[Pairs]:
    return st.dictionaries(names, values, max_size=4).map(lambda found: tuple(found.items()))


own_headers = st.dictionaries(
    st.sampled_from(["x-acs-action", "x-acs-version", "x-acs-security-token", "user-agent", "x-acs-region-id"]),
    st.text(st.sampled_from("abcXYZ 019/;(),="), max_size=9).map(lambda text: f"a{text}z"),
)
methods = st.sampled_from(["GET", "POST"])
paths = st.sampled_from(["/", "/v2/image/add", "/item/%E4%B8%AD"])


@st.composite
def acs3_requests(draw: st.DrawFn) -> WireRequest:
    return sign_acs3(
        request(draw(methods), draw(paths), draw(pairs(texts)), draw(own_headers), draw(st.binary(max_size=30)))
    )


@st.composite
def rpc_requests(draw: st.DrawFn) -> WireRequest:
    query, form = draw(pairs(texts)), draw(pairs(texts))
    form = tuple(pair for pair in form if pair[0] not in dict(query))
    return sign_rpc(request(draw(methods), "/", query, {}, b"any", form))


@st.composite
def roa_requests(draw: st.DrawFn) -> WireRequest:
    return sign_roa(
        request(draw(methods), draw(paths), draw(pairs(plain_texts)), draw(own_headers), draw(st.binary(max_size=30)))
    )


signed_requests = st.one_of(acs3_requests(), rpc_requests(), roa_requests())


# --- properties --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", SAMPLES["requests"], ids=lambda sample: sample["name"])
def test_what_the_official_sdks_sent_is_accepted(sample: dict[str, str | dict[str, str]]) -> None:
    headers = sample["headers"]
    assert isinstance(headers, dict)
    sent = from_wire(str(sample["method"]), str(sample["target"]), headers, str(sample["body"]))
    claimed = claim(sent)
    assert (claimed.scheme, claimed.key_id, claimed.signature) == (sample["scheme"], "testid", sample["signature"])
    assert claimed.moment is not None
    assert claimed.moment.isoformat().startswith("2026-11-23T2")
    verify(claimed, sent, SAMPLES["secret"])
    assert code_of(sent, "othersecret") == "SignatureDoesNotMatch"


def test_the_samples_carry_what_their_sdks_send() -> None:
    def claims(scheme: Scheme) -> list[tuple[str | None, str | None]]:
        sent = [
            from_wire(each["method"], each["target"], each["headers"], each["body"])
            for each in SAMPLES["requests"]
            if each["scheme"] == scheme
        ]
        return [(found.nonce and found.nonce[:6], found.security_token) for found in map(claim, sent)]

    assert claims(Scheme.ACS3) == [("903904", None), ("7f5b04", "STSTOKEN"), ("c66b2e", None)]
    assert claims(Scheme.RPC) == [("050de3", None), ("102220", None), ("e917dc", None)]
    assert claims(Scheme.ROA) == [(None, None), ("35a600", None), (None, None)]


@given(signed_requests)
def test_a_signed_request_is_accepted(signed: WireRequest) -> None:
    verify(claim(signed), signed, SECRET)


@given(signed_requests, texts)
def test_another_secret_is_refused(signed: WireRequest, secret: str) -> None:
    assume(secret != SECRET)
    assert code_of(signed, secret) == "SignatureDoesNotMatch"


@given(signed_requests, st.data())
def test_any_change_of_the_query_is_refused(signed: WireRequest, data: st.DataObject) -> None:
    altered = data.draw(altered_pairs(tuple(pair for pair in signed.query if pair[0].startswith("p"))))
    # Query and form are one set to the RPC scheme: to move a pair between them is no change.
    assume({*altered, *signed.form} != {pair for pair in (*signed.query, *signed.form) if pair[0].startswith("p")})
    rest = tuple(pair for pair in signed.query if not pair[0].startswith("p"))
    assert code_of(changed(signed, query=(*altered, *rest))) in {"SignatureDoesNotMatch", "IncompleteSignature"}


@given(rpc_requests(), st.data())
def test_any_change_of_an_rpc_form_is_refused(signed: WireRequest, data: st.DataObject) -> None:
    assume({*signed.query}.isdisjoint(signed.form))
    altered = data.draw(altered_pairs(signed.form))
    assume({*altered} - {*signed.query} != {*signed.form})
    assert code_of(changed(signed, form=altered)) == "SignatureDoesNotMatch"


@given(st.one_of(acs3_requests(), roa_requests()), st.data())
def test_any_change_of_a_signed_header_is_refused(signed: WireRequest, data: st.DataObject) -> None:
    own = sorted({*signed.headers} - {"authorization", "x-acs-date", "date", "content-md5", "user-agent"})
    name = data.draw(st.sampled_from(own))
    altered = {**signed.headers, name: signed.headers[name] + "x"}
    assert code_of(changed(signed, headers=altered)) == "SignatureDoesNotMatch"


@given(st.one_of(acs3_requests(), roa_requests()))
def test_a_header_of_the_protocol_cannot_be_slipped_in(signed: WireRequest) -> None:
    altered = {**signed.headers, "x-acs-new": "1"}
    assert code_of(changed(signed, headers=altered)) in {"SignatureDoesNotMatch", "IncompleteSignature"}


@given(signed_requests, st.sampled_from(["PUT", "DELETE"]))
def test_another_method_is_refused(signed: WireRequest, method: str) -> None:
    assert code_of(changed(signed, method=method)) == "SignatureDoesNotMatch"


@given(signed_requests)
def test_another_path_is_refused(signed: WireRequest) -> None:
    assert code_of(changed(signed, path="/v2/image/delete")) in {"SignatureDoesNotMatch", "IncompleteSignature"}


@given(st.one_of(acs3_requests(), roa_requests()))
def test_another_body_is_refused(signed: WireRequest) -> None:
    code = code_of(changed(signed, body=signed.body + b"."))
    assert code == ("ContentMD5NotMatched" if "content-md5" in signed.headers else "SignatureDoesNotMatch")


def test_a_digest_that_is_signed_but_wrong_is_refused() -> None:
    signed = sign_acs3(request(headers={"x-acs-content-sha256": "0" * 64}, body=b"b"))
    assert code_of(signed) == "SignatureDoesNotMatch"


@given(pairs(st.text(st.sampled_from("a +%*~/é中'"), max_size=6)), st.booleans())
def test_spellings_on_the_wire_do_not_matter(form: Pairs, plus: bool) -> None:
    signed = sign_rpc(request(form=form))
    escape = quote_plus if plus else quote
    body = "&".join(f"{escape(name)}={escape(value)}" for name, value in form)
    target = "/?" + "&".join(f"{escape(name)}={escape(value)}" for name, value in signed.query)
    sent = from_wire("POST", target, {"content-type": FORM}, body)
    verify(claim(sent), sent, SECRET)


@given(acs3_requests(), st.randoms(use_true_random=False))
def test_the_order_of_the_query_does_not_matter(signed: WireRequest, rng: Random) -> None:
    shuffled = list(signed.query)
    rng.shuffle(shuffled)
    same = changed(signed, query=tuple(shuffled))
    verify(claim(same), same, SECRET)


def test_a_second_value_of_a_signed_parameter_is_refused() -> None:
    signed = sign_rpc(request(form=(("InstanceName", "a"),)))
    for place in ("query", "form"):
        altered = (("InstanceName", "b"), *getattr(signed, place))
        assert code_of(changed(signed, **{place: altered})) == "SignatureDoesNotMatch"


def test_all_of_an_rpc_request_may_come_in_its_form() -> None:
    signed = sign_rpc(request(query=(("Action", "Detail"),)))
    moved = changed(signed, query=(), form=signed.query)
    verify(claim(moved), moved, SECRET)


# --- malformed claims --------------------------------------------------------------------------------------------


def without(signed: WireRequest, name: str) -> WireRequest:
    headers = {key: value for key, value in signed.headers.items() if key != name}
    return changed(signed, headers=headers, query=tuple(pair for pair in signed.query if pair[0] != name))


@pytest.mark.parametrize(
    ("sign", "name", "code"),
    [
        (sign_acs3, "x-acs-date", "MissingDate"),
        (sign_acs3, "x-acs-signature-nonce", "MissingSignatureNonce"),
        (sign_acs3, "x-acs-content-sha256", "MissingContentSha256"),
        (sign_acs3, "host", "MissingHost"),
        (sign_acs3, "authorization", "MissingAccessKeyId"),
        (sign_rpc, "AccessKeyId", "MissingAccessKeyId"),
        (sign_rpc, "Signature", "MissingSignature"),
        (sign_rpc, "SignatureMethod", "MissingSignatureMethod"),
        (sign_rpc, "SignatureVersion", "MissingSignatureVersion"),
        (sign_rpc, "SignatureNonce", "MissingSignatureNonce"),
        (sign_rpc, "Timestamp", "MissingTimestamp"),
        (sign_roa, "date", "MissingDate"),
        (sign_roa, "authorization", "MissingAccessKeyId"),
    ],
)
def test_a_missing_part_is_named(sign: Sign, name: str, code: str) -> None:
    assert code_of(without(sign(request()), name)) == code


@pytest.mark.parametrize(
    "wrong",
    [
        request(headers={"authorization": "ACS3-HMAC-SHA256"}),
        request(headers={"authorization": "ACS3-HMAC-SM3 Credential=a,SignedHeaders=host,Signature=00"}),
        request(headers={"authorization": "acs AK"}),
        request(headers={"authorization": "acs :c2ln"}),
        sign_roa(request(headers={"x-acs-signature-method": "HMAC-SHA256"})),
        sign_roa(request(query=(("a", "1&b=2"),))),
        sign_rpc(request(query=(("SignatureMethod", "HMAC-SHA256"),))),
        sign_rpc(request(query=(("SignatureVersion", "2.0"),))),
        changed(sign_rpc(request()), path="/v2/image/add"),
        changed(sign_rpc(request()), form=tuple((f"p{number}", "/") for number in range(1000))),
    ],
)
def test_another_form_of_signature_is_refused(wrong: WireRequest) -> None:
    assert code_of(wrong) == "IncompleteSignature"


def test_no_header_is_signed_twice() -> None:
    """By 60 KB of head a stranger would have 400 MB written, before the signature is found wrong."""
    signed = sign_acs3(request(headers={"x-acs-long": "x" * 28_000}))
    for names in ("x-acs-long;", "X-Acs-Long;", "x-acs-long;" * 2_500):
        proof = signed.headers["authorization"].replace("SignedHeaders=", f"SignedHeaders={names}")
        assert code_of(changed(signed, headers={**signed.headers, "authorization": proof})) == "IncompleteSignature"


@pytest.mark.parametrize("name", ["host", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"])
def test_the_headers_that_matter_must_be_signed(name: str) -> None:
    signed = sign_acs3(request())
    proof = signed.headers["authorization"].replace(f"{name};", "").replace(f";{name},", ",")
    assert proof != signed.headers["authorization"]
    assert code_of(changed(signed, headers={**signed.headers, "authorization": proof})) == "IncompleteSignature"


@pytest.mark.parametrize(
    "signed",
    [
        sign_acs3(request(headers={"x-acs-date": "2026-11-23 20:57:11"})),
        sign_rpc(request(query=(("Timestamp", "now"),))),
        sign_roa(request(headers={"date": "2026-11-23T20:57:11Z"})),
    ],
)
def test_a_malformed_time_is_refused(signed: WireRequest) -> None:
    assert code_of(signed) == "InvalidTimeStamp.Format"


def test_a_mismatch_shows_what_was_signed_but_no_token_and_no_picture() -> None:
    signed = sign_acs3(request(headers={"x-acs-security-token": "TOKEN-1"}))
    with pytest.raises(WireError, match=r"server string to sign is:POST\n/\n\nhost:shop.example") as caught:
        verify(claim(signed), signed, "other")
    assert "TOKEN-1" not in caught.value.message
    for length in (300, 5000):
        picture = sign_rpc(request(form=(("PicContent", "A" * length),)))
        with pytest.raises(WireError) as caught:
            verify(claim(picture), picture, "other")
        assert caught.value.message == "Specified signature is not matched with our calculation."


def test_a_bearer_token_is_id_and_secret() -> None:
    for given_so in (
        request(headers={"x-acs-bearer-token": f"AK:{SECRET}"}, query=(("SignatureType", "BEARERTOKEN"),)),
        request(query=(("BearerToken", f"AK:{SECRET}"), ("Timestamp", "2026-11-23T20:57:11Z"))),
    ):
        claimed = claim(given_so)
        assert (claimed.scheme, claimed.key_id, claimed.nonce) == (Scheme.BEARER, "AK", None)
        verify(claimed, given_so, SECRET)
        assert code_of(given_so, "other") == "InvalidBearerToken"
    temporary = claim(request(headers={"x-acs-bearer-token": "AK:secret:token"}))
    assert (temporary.signature, temporary.security_token) == ("secret", "token")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_escapes_are_those_of_urllib(text: str) -> None:
    assert escaped(text) == quote(text, safe="~")


def test_a_body_of_hostile_characters_is_signed_in_seconds() -> None:
    body = "".join(map(chr, range(256))) * 8_000
    begun = time.perf_counter()
    verify(claim(signed := sign_rpc(request(form=(("PicContent", body),)))), signed, SECRET)
    assert time.perf_counter() - begun < 30


def altered_pairs(before: Pairs) -> st.SearchStrategy[Pairs]:
    """Other pairs than `before`: one more, one less, another value, another name."""
    more = st.tuples(names, plain_texts).map(lambda pair: (*before, pair))
    less = st.integers(0, max(len(before) - 1, 0)).map(lambda at: before[:at] + before[at + 1 :])
    return st.one_of(more, less, pairs(plain_texts)).filter(lambda found: {*found} != {*before})
