"""The bodies and queries that the REST interface takes, and their translation into domain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from similis.domain import (
    DEFAULT_CAPACITY,
    DEFAULT_REGION,
    INT_FIELDS,
    MAX_BODY,
    MAX_CAPACITY,
    MAX_LIFETIME,
    MAX_NUM,
    MAX_QPS,
    MAX_RESULTS,
    MAX_RETENTION_DAYS,
    MIN_BODY,
    MIN_DUPLICATE_SIMILARITY,
    MIN_QPS,
    STR_FIELDS,
    Attributes,
    Category,
    Filter,
    InstanceSpec,
    InstanceType,
    InvalidInput,
    KeyLimit,
    PictureKey,
    Region,
    Role,
    SearchOptions,
    SettingValue,
    parse_filter,
)
from similis.service import as_category, as_region, as_search_options, require_one_way_to_delete

_REGION = "Pixels as `x1,x2,y1,y2`; replaces the detection."
_CROP = "Find the main subject and use it; false uses the whole picture."
_FILTER = 'Such as `int_attr>=2 AND str_attr in ("red", "blue")`.'
_ON_DUPLICATE = (
    "Where a near-identical picture is stored under another key: `report` tells the keys, `refuse` answers 409."
)
_QPS = f"Calls a second, {MIN_QPS:g} to {MAX_QPS:,.0f}."
_MAX_BODY = f"Bytes of a request's body, {MIN_BODY:,} to {MAX_BODY:,}."
_PICTURES_PER_DAY = "Pictures that may be added with it from midnight to midnight UTC."
_CAPACITY = f"Pictures at most, 1 to {MAX_CAPACITY:,}, and not fewer than there are; never null."
_RETENTION = f"Days after which pictures are removed, 1 to {MAX_RETENTION_DAYS:,}."
_PICTURE_URL = (
    "Where the console shows the shop's own pictures, such as `https://shop.example/{product_id}/{pic_name}`; "
    "browsers fetch them, Similis does not."
)
_MIN_SIMILARITY = f"Cosine of features, {MIN_DUPLICATE_SIMILARITY} to 1; the measured default if absent."
_Minutes = Annotated[int, Field(ge=1, le=MAX_LIFETIME // timedelta(minutes=1))]
FilterText = Annotated[str, Field(description=_FILTER)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class JsonForm(BaseModel):
    """A body in JSON: no unknown fields, no text where a number belongs."""

    model_config = ConfigDict(extra="forbid", strict=True)


class InstanceForm(JsonForm):
    """A new instance."""

    name: str
    type: Literal["product", "generic"]
    region: str = DEFAULT_REGION
    capacity: int = DEFAULT_CAPACITY
    index: str = "faiss"
    model: str | None = None

    def spec(self) -> InstanceSpec:
        """The domain's specification."""
        return InstanceSpec(self.name, InstanceType(self.type), self.region, self.capacity)


class MoveForm(JsonForm):
    """Where to move."""

    index: Annotated[str, Field(description="`faiss` or `milvus`.")]


class SettingsForm(JsonForm):
    """Settings of an instance to change; null takes one away, an absent one stays."""

    capacity: Annotated[int | None, Field(description=_CAPACITY)] = None
    retention_days: Annotated[int | None, Field(description=_RETENTION)] = None
    qps: Annotated[float | None, Field(description=_QPS)] = None
    max_body: Annotated[int | None, Field(description=_MAX_BODY)] = None
    picture_url: Annotated[str | None, Field(description=_PICTURE_URL)] = None

    def changes(self) -> Mapping[str, SettingValue]:
        """Only what was given."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class KeyForm(JsonForm):
    """A new access key; no instances means all, minutes make it a temporary one."""

    role: Literal["admin", "writer", "reader"]
    instances: list[str] = []
    temporary_minutes: _Minutes | None = None
    qps: Annotated[float | None, Field(description=_QPS)] = None
    pictures_per_day: Annotated[int | None, Field(description=_PICTURES_PER_DAY)] = None
    max_body: Annotated[int | None, Field(description=_MAX_BODY)] = None

    def domain_role(self) -> Role:
        """The domain's role."""
        return Role(self.role)

    def lifetime(self) -> timedelta | None:
        """How long the key lives, None for ever."""
        return None if self.temporary_minutes is None else timedelta(minutes=self.temporary_minutes)


class KeyLimitsForm(JsonForm):
    """Limits of an access key to change; null takes one away, an absent one stays."""

    qps: Annotated[float | None, Field(description=_QPS)] = None
    pictures_per_day: Annotated[int | None, Field(description=_PICTURES_PER_DAY)] = None
    max_body: Annotated[int | None, Field(description=_MAX_BODY)] = None

    def changes(self) -> Mapping[str, KeyLimit]:
        """Only what was given."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class AttributeFields(BaseModel):
    """The fields of attributes, shared by several forms."""

    custom_content: str | None = None
    int_attr: int | None = None
    int_attr2: int | None = None
    int_attr3: int | None = None
    int_attr4: int | None = None
    str_attr: str | None = None
    str_attr2: str | None = None
    str_attr3: str | None = None
    str_attr4: str | None = None


class ChangesForm(AttributeFields, JsonForm):
    """Attributes to change; null clears one, an absent one stays."""

    def changes(self) -> Mapping[str, int | str | None]:
        """Only what was given."""
        if not self.model_fields_set:
            raise InvalidInput("The body changes nothing.", f"Give one of {', '.join(type(self).model_fields)}.")
        return {name: getattr(self, name) for name in self.model_fields_set}


class _PictureFields(_Form):
    category_id: int | None = None
    crop: Annotated[bool, Field(description=_CROP)] = True
    region: Annotated[str | None, Field(description=_REGION)] = None

    def category(self) -> Category | None:
        """The category given, if any."""
        return as_category(self.category_id)

    def domain_region(self) -> Region | None:
        """The region given, if any."""
        return as_region(self.region)


class PictureForm(AttributeFields, _PictureFields):
    """A picture to add."""

    file: bytes
    product_id: str
    pic_name: str
    on_duplicate: Annotated[Literal["allow", "report", "refuse"], Field(description=_ON_DUPLICATE)] = "allow"

    def key(self) -> PictureKey:
        """The picture's key."""
        return PictureKey(self.product_id, self.pic_name)

    def attributes(self) -> Attributes:
        """Its attributes."""
        return Attributes(**{name: getattr(self, name) for name in (*INT_FIELDS, *STR_FIELDS)})


class TuningForm(JsonForm):
    """How to tune."""

    dry_run: Annotated[bool, Field(description="Only tell whether it would help.")] = False


class FilterForm(JsonForm):
    """A filter to look at; in a body, so that logs of requests do not have it."""

    expression: FilterText


class DuplicatesQuery(_Form):
    """What counts as near-identical."""

    min_similarity: Annotated[float | None, Field(description=_MIN_SIMILARITY)] = None


class _SearchFields(_Form):
    """What every search takes."""

    category_id: int | None = None
    num: Annotated[int, Field(description=f"Results wanted, 1 to {MAX_NUM}.")] = 10
    start: Annotated[int, Field(description=f"Results to pass over; start + num is at most {MAX_RESULTS}.")] = 0
    filter: FilterText | None = None
    distinct_product: Annotated[bool, Field(description="Only the best picture of each product.")] = False
    min_score: Annotated[float, Field(description="Only results with at least this score.")] = 0.0
    good_match: Annotated[float | None, Field(description="The score from which on a match is good, 0 to 1.")] = None

    def options(self) -> SearchOptions:
        """The domain's options."""
        return as_search_options(
            num=self.num,
            start=self.start,
            category=self.category_id,
            filter=self.filter,
            distinct_product=self.distinct_product,
            min_score=self.min_score,
            good_match=self.good_match,
        )


class StoredSearchForm(_SearchFields):
    """A search by a stored picture, which a form without files can ask for."""

    product_id: str
    pic_name: str


class SearchForm(_SearchFields, _PictureFields):
    """A search by a picture in `file`, or by a stored one's `product_id` and `pic_name`."""

    file: bytes | None = None
    product_id: str | None = None
    pic_name: str | None = None
    subject: Annotated[int | None, Field(description="Use the subject found in this place, 1 being the main.")] = None

    def stored_key(self) -> PictureKey | None:
        """The key of a search by name; None when a picture is given.

        Raises:
            InvalidInput: both, neither, or half of a key, or `crop`, `region` or `subject` without a picture.
        """
        if self.file is not None and self.product_id is None and self.pic_name is None:
            return None
        if self.file is not None or self.product_id is None or self.pic_name is None:
            raise InvalidInput("The search has no single query.", "Give either file, or product_id and pic_name.")
        if extra := self.model_fields_set & {"crop", "region", "subject"}:
            raise InvalidInput(f"{' and '.join(sorted(extra))} only goes with a file.", "Leave it out.")
        return PictureKey(self.product_id, self.pic_name)


class ComparisonForm(_Form):
    """Two pictures to compare; any two file parts do, whatever their names."""

    first: bytes
    second: bytes
    type: Annotated[Literal["product", "generic"], Field(description="Whose scale the score is on.")] = "product"

    @staticmethod
    def files() -> tuple[str, str]:
        """The names under which the two pictures are read."""
        return "first", "second"


class KeyQuery(_Form):
    """Names one picture."""

    product_id: str
    pic_name: str

    def key(self) -> PictureKey:
        """The picture's key."""
        return PictureKey(self.product_id, self.pic_name)


class DeletionQuery(_Form):
    """Names what to delete: one picture, a product, or all that match a filter."""

    product_id: str | None = None
    pic_name: str | None = None
    filter: FilterText | None = None

    def condition(self) -> Filter | None:
        """The filter of a deletion by filter; None when a product is named.

        Raises:
            InvalidInput: both or neither are given.
        """
        require_one_way_to_delete(self.product_id, self.pic_name, self.filter)
        return None if self.filter is None else parse_filter(self.filter)
