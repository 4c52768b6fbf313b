"""Limits of the domain's values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.domain import (
    AccessKey,
    Attributes,
    Category,
    Connection,
    InstanceSpec,
    InvalidAttribute,
    InvalidCategory,
    InvalidInput,
    InvalidKey,
    InvalidName,
    InvalidPaging,
    InvalidRegion,
    InvalidScore,
    PictureKey,
    Provider,
    Region,
    Role,
    SearchOptions,
    SimilisError,
    _conflicts,
    _errors,
    _quota,
    _unavailable,
    check_bucket,
    check_custom_content,
)


@given(st.tuples(st.integers(0, 99), st.integers(1, 99), st.integers(0, 99), st.integers(1, 99)))
def test_a_region_is_read_back_from_its_text(corners: tuple[int, int, int, int]) -> None:
    x, width, y, height = corners
    region = Region(x, x + width, y, y + height)
    assert Region.parse(str(region)) == region
    assert region.area == width * height


@pytest.mark.parametrize(
    "text",
    ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "5,5,1,2", "1,2,5,4", "-1,2,0,2", "1.5,2,3,4", "1_0,20,1,9", "1,2,3,٤"],
)
def test_bad_regions_are_refused(text: str) -> None:
    with pytest.raises(InvalidRegion):
        Region.parse(text)


def test_a_region_outside_the_picture_is_refused_with_its_size() -> None:
    with pytest.raises(InvalidRegion, match="100×80"):
        Region(0, 101, 0, 80).inside(100, 80)
    assert Region(0, 100, 0, 80).inside(100, 80) == Region.whole(100, 80)


def test_categories_are_the_fourteen_of_the_wire() -> None:
    assert sorted(Category) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21, 22, 88888888]
    assert Category.of(8).label == "Bottle drink"
    with pytest.raises(InvalidCategory, match="23"):
        Category.of(23)


@pytest.mark.parametrize("name", ["", "a" * 21, "-a", "a b", "a/b", "ä", "a\n"])
def test_bad_instance_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        InstanceSpec(name)


@pytest.mark.parametrize("region", ["", "r" * 65, "a\nb", "\udce9"])
def test_bad_regions_of_instances_are_refused(region: str) -> None:
    with pytest.raises(InvalidInput, match="region"):
        InstanceSpec("shop", region=region)


def test_a_capacity_below_one_is_refused() -> None:
    with pytest.raises(InvalidInput):
        InstanceSpec("shop", capacity=0)


@pytest.mark.parametrize("part", ["包\u3000红.jpg", "a\u00a0b", "👩\u200d👧.jpg", "\U0001fae9", "e\u0301", " "])
def test_names_in_any_script_are_keys(part: str) -> None:
    assert PictureKey(part, part).pic_name == part


@pytest.mark.parametrize("part", ["", "a" * 513, "a\nb", "\x00", "\x7f", "a\u2028b", "\udce9"])
def test_bad_key_parts_are_refused(part: str) -> None:
    with pytest.raises(InvalidKey):
        PictureKey(part, "a")
    with pytest.raises(InvalidKey):
        PictureKey("a", part)


@pytest.mark.parametrize(
    "attributes", [{"int_attr": 2**31}, {"int_attr4": -(2**31) - 1}, {"str_attr": "a" * 129}, {"str_attr2": "5 $"}]
)
def test_bad_attributes_are_refused(attributes: dict[str, int | str]) -> None:
    with pytest.raises(InvalidAttribute):
        Attributes(**attributes)  # type: ignore[arg-type] # wrong on purpose


@pytest.mark.parametrize("attributes", [{"int_attr": "1"}, {"int_attr": True}, {"int_attr": 1.5}, {"str_attr": 1}])
def test_attributes_of_the_wrong_type_are_refused(attributes: dict[str, object]) -> None:
    with pytest.raises(InvalidAttribute):
        Attributes(**attributes)  # type: ignore[arg-type] # wrong on purpose


def test_custom_content_has_a_limit() -> None:
    assert check_custom_content("a" * 4096)
    with pytest.raises(InvalidAttribute, match="4097"):
        check_custom_content("a" * 4097)


@pytest.mark.parametrize(
    "paging", [{"num": 0}, {"num": 101}, {"start": -1}, {"start": 500}, {"start": 450, "num": 51}]
)
def test_bad_paging_is_refused(paging: dict[str, int]) -> None:
    with pytest.raises(InvalidPaging):
        SearchOptions(**paging)  # type: ignore[arg-type] # integers all


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
def test_a_bad_least_score_is_refused(score: float) -> None:
    with pytest.raises(InvalidScore):
        SearchOptions(min_score=score)


def test_roles_cover_the_ones_after_them_and_instances_bound_a_key() -> None:
    def key(role: Role, *instances: str, disabled: bool = False) -> AccessKey:
        return AccessKey("SIM1", role, instances, datetime.now(UTC), disabled)

    assert key(Role.ADMIN).allows(Role.READER, "any")
    assert key(Role.WRITER, "shop").allows(Role.READER, "shop")
    assert not key(Role.WRITER, "shop").allows(Role.READER, "other")
    assert not key(Role.READER).allows(Role.WRITER, "shop")
    assert not key(Role.ADMIN, disabled=True).allows(Role.READER)
    assert key(Role.READER, "shop").allows(Role.READER)


def test_an_admin_of_one_instance_cannot_administer_the_service() -> None:
    key = AccessKey("SIM1", Role.ADMIN, ("shop",), datetime.now(UTC))
    assert key.allows(Role.ADMIN, "shop")
    assert not key.allows(Role.ADMIN)


@pytest.mark.parametrize("name", ["a", "1", "Bilder 2026", "图片", ".hidden", "...", "x" * 255, "C:\\pictures"])
def test_any_directory_is_a_bucket_of_files(name: str) -> None:
    assert check_bucket(name, Provider.FILE) == name
    assert Connection("c", Provider.FILE, root="/srv", bucket=name).bucket == name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", "a/", "a\0", "x" * 256, "\ud800"])
def test_what_is_no_directory_is_no_bucket(name: str) -> None:
    for provider in Provider:
        with pytest.raises(InvalidInput, match="No bucket"):
            check_bucket(name, provider)


@pytest.mark.parametrize("provider", [Provider.OSS, Provider.S3])
def test_buckets_of_clouds_have_names_that_clouds_allow(provider: Provider) -> None:
    assert check_bucket("my-bucket.2", provider) == "my-bucket.2"
    for name in ("a", "-ab", "x" * 64, "图片", "a b"):
        with pytest.raises(InvalidInput, match="No bucket"):
            check_bucket(name, provider)


@pytest.mark.parametrize("endpoint", ["{bucket}.storage.example", "https://{bucket}.storage.example:9000/"])
def test_buckets_of_s3_may_have_hosts_of_their_own(endpoint: str) -> None:
    connection = Connection("c", Provider.S3, endpoint=endpoint)
    assert connection.hosts_buckets
    assert connection.endpoint_of("shoes") == endpoint.replace("{bucket}", "shoes")
    with pytest.raises(InvalidInput, match="The endpoint"):
        Connection("c", Provider.OSS, endpoint=endpoint)


@pytest.mark.parametrize(
    "endpoint", ["{bucket}", "storage.{bucket}", "{bucket}.{bucket}.x", "{bucket}.x/y", "{name}.x"]
)
def test_a_bucket_stands_at_the_beginning_of_a_host_alone(endpoint: str) -> None:
    with pytest.raises(InvalidInput, match="The endpoint"):
        Connection("c", Provider.S3, endpoint=endpoint)


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn = (_errors.__doc__ or "").splitlines()[2:]
    assert [re.match(r"[│├└─ ]*\w+", line)[0] for line in drawn] == list(_tree(SimilisError))  # type: ignore[index]


_MODULES = {_conflicts.__name__, _errors.__name__, _quota.__name__, _unavailable.__name__}


def _tree(kind: type[SimilisError]) -> Iterator[str]:
    """The lines of the tree of a class, as far as the domain has it."""
    yield kind.__name__
    children = [each for each in kind.__subclasses__() if each.__module__ in _MODULES]
    for each in children:
        last = each is children[-1]
        first, *rest = _tree(each)
        yield f"{'└── ' if last else '├── '}{first}"
        yield from (f"{'    ' if last else '│   '}{line}" for line in rest)
