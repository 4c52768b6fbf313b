import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.domain import (
    AccessKey,
    Added,
    All,
    Attributes,
    Category,
    CategoryCandidate,
    Comparison,
    Connection,
    ConnectionCheck,
    Duplicate,
    DuplicateGroups,
    Either,
    Filter,
    ImportSource,
    Instance,
    InstanceSpec,
    InstanceType,
    InvalidFilter,
    Match,
    Membership,
    NewAccessKey,
    Picture,
    PictureKey,
    Provider,
    Region,
    Role,
    SearchResult,
    SimilisError,
    Subject,
    Task,
    TaskCounts,
    TaskFailure,
    TaskKind,
    TaskStatus,
    Tuning,
    access_key_from_json,
    added_from_json,
    as_json,
    connection_check_from_json,
    connection_from_json,
    duplicate_groups_from_json,
    error_from_json,
    format_filter,
    instance_from_json,
    match_from_json,
    new_access_key_from_json,
    parse_filter,
    picture_from_json,
    picture_key_from_json,
    search_result_from_json,
    task_failure_from_json,
    task_from_json,
    tuning_from_json,
)

NOW = datetime(2026, 11, 23, 20, 57, 11, 250_000, tzinfo=UTC)
ATTRIBUTES = Attributes(int_attr=0, int_attr4=-7, str_attr="", str_attr2="rød")
REGION = Region(1, 20, 3, 40)
REGIONS = (REGION, Region(0, 100, 0, 200))
CANDIDATES = (CategoryCandidate(Category.BAG, 0.75), CategoryCandidate(Category.OTHER, 0.25))
MATCH = Match("p", "a.jpg", 3, 1 / 3, "7.33136443711219e+24;0", 0, "note", ATTRIBUTES)
SUBJECT = Subject(Category.BAG, REGION, REGIONS, CANDIDATES)
TUNING = Tuning(
    adopted=True, reason="Adopted.", method="m", products=81, pictures=2640, queries=1500, recall_before=0.9,
    recall_after=0.95, precision_before=0.5, precision_after=0.6, gain_low=0.01, gain_high=0.09, tuned_at=NOW,
)  # fmt: skip
BUCKET = Connection(
    "photos", Provider.OSS, "https://oss.example", "cn-shanghai", "b-1", role_arn="acs:ram::1:role/r",
    instances=("shop",), access_key_id="id", created_at=NOW,
)  # fmt: skip
TASK = Task(
    7, "shop", TaskKind.REBUILD, TaskStatus.FAIL, ImportSource("photos", None, "/a"), "https://a.example/",
    TaskCounts(9, 5, 1, 2, 2), 90, 100, "bucket_not_found", "No.", cancelling=True, created_at=NOW, updated_at=NOW,
)  # fmt: skip
KEY = AccessKey("id", Role.WRITER, ("shoes", "bags"), NOW, disabled=True)

PAIRS: list[tuple[object, Callable[[Any], object]]] = [
    (PictureKey("p", "a b.jpg"), picture_key_from_json),
    (Picture(PictureKey("p", "a"), Category.TOPS, REGION, None, ATTRIBUTES), picture_from_json),
    (Added(3, REGION, REGIONS, CANDIDATES, replaced=True), added_from_json),
    (MATCH, match_from_json),
    (SearchResult([MATCH], 12, 3, SUBJECT, {"decode": 1.5}, 0.61), search_result_from_json),
    (SearchResult([], 0, 88888888), search_result_from_json),
    (KEY, access_key_from_json),
    (NewAccessKey(KEY, "s3cret"), new_access_key_from_json),
    (NewAccessKey(replace(KEY, expires_at=NOW), "s3cret", "t0ken"), new_access_key_from_json),
    (
        Instance(0, "", InstanceSpec("x", InstanceType.GENERIC, "eu", 5), "faiss", "m", 8, NOW, 3),
        instance_from_json,
    ),
    (
        Instance(0, "", InstanceSpec("x"), "faiss", "m", 8, NOW, 3, TUNING),
        instance_from_json,
    ),
    (TUNING, tuning_from_json),
    (Added(3, REGION, REGIONS, CANDIDATES, duplicates=(PictureKey("p", "a"),)), added_from_json),
    (
        DuplicateGroups(
            ((Duplicate(PictureKey("p", "a"), 1.0), Duplicate(PictureKey("q", "b"), 0.97)),), 9, 0.95, 0.5
        ),
        duplicate_groups_from_json,
    ),
    (DuplicateGroups((), 0, 0.95, None), duplicate_groups_from_json),
    (BUCKET, connection_from_json),
    (Connection("here", Provider.FILE, root="/srv"), connection_from_json),
    (ConnectionCheck("bucket", False, "bucket_not_found", "There is none."), connection_check_from_json),
    (TASK, task_from_json),
    (replace(TASK, source=None, callback=None, kind=TaskKind.EXPORT, total_bytes=None), task_from_json),
    (TaskFailure(3, "p", None, "invalid_key", "Which?"), task_failure_from_json),
]


@pytest.mark.parametrize(("value", "read"), PAIRS, ids=lambda each: type(each).__name__)
def test_every_value_comes_back_from_its_json_text(value: object, read: Callable[[Any], object]) -> None:
    assert read(json.loads(json.dumps(as_json(value)))) == value


def test_a_match_is_flat_and_complete() -> None:
    assert list(as_json(MATCH)) == [
        "product_id", "pic_name", "category_id", "score", "sort_expr_values", "hamming_distance", "custom_content",
        "int_attr", "int_attr2", "int_attr3", "int_attr4", "str_attr", "str_attr2", "str_attr3", "str_attr4",
    ]  # fmt: skip


def test_a_search_result_shows_what_was_found_in_the_query() -> None:
    form = as_json(SearchResult([MATCH], 1, 3, SUBJECT))
    assert form["region"] == "1,20,3,40"
    assert form["regions"] == ["1,20,3,40", "0,100,0,200"]
    assert form["categories"][0] == {"category_id": 3, "name": "Bag", "probability": 0.75}


def test_a_connection_tells_where_its_credentials_come_from() -> None:
    environment = replace(BUCKET, access_key_id=None)
    told = [as_json(each)["credentials"] for each in (BUCKET, environment, Connection("a", Provider.FILE, root="/"))]
    assert told == ["stored", "environment", None]


def test_an_error_comes_back_as_its_own_class() -> None:
    back = error_from_json(as_json(InvalidFilter("What.", "How.")))
    assert (type(back), back.message, back.hint) == (InvalidFilter, "What.", "How.")


def test_an_error_of_unknown_code_is_still_an_error() -> None:
    back = error_from_json({"code": "from_a_later_version", "message": "What.", "hint": ""})
    assert type(back) is SimilisError


def test_a_value_without_a_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        as_json(object())


@pytest.mark.parametrize(
    "text",
    [
        "int_attr>=-3",
        r'str_attr != "a \"quoted\" \\ word"',
        'int_attr in (1, 2) and str_attr2 not in ("a", "b,c")',
        "(int_attr=1 or int_attr=2) and (int_attr3<4 or int_attr4>5)",
        "(int_attr=1 and int_attr=2) or (int_attr=3 or int_attr=4)",
        "((int_attr=1 and int_attr=2) and int_attr=3)",
    ],
)
def test_a_formatted_filter_reads_as_the_same_tree(text: str) -> None:
    assert parse_filter(format_filter(parse_filter(text))) == parse_filter(text)


_LEAVES: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Comparison, st.just("int_attr"), st.sampled_from(["=", "<", ">="]), st.integers(-(2**31), 2**31 - 1)),
    st.builds(Comparison, st.just("str_attr3"), st.sampled_from(["=", "!="]), st.text(max_size=8)),
    st.builds(
        Membership,
        st.just("str_attr"),
        st.lists(st.text(max_size=4), min_size=1, max_size=3).map(tuple),
        st.booleans(),
    ),
)


def _joined(terms: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(terms, min_size=2, max_size=3).map(tuple)
    return st.builds(All, several) | st.builds(Either, several)


@given(st.recursive(_LEAVES, _joined, max_leaves=8))
def test_formatting_loses_nothing(tree: Filter) -> None:
    assert parse_filter(format_filter(tree)) == tree
