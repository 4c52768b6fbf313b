"""What the REST interface answers, as models for its OpenAPI description; `similis.domain.as_json` makes the values.

Unknown fields are forbidden, so that a test of a route fails when the two part.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_RegionText = Annotated[str, Field(description="Pixels as `x1,x2,y1,y2`.", examples=["280,486,232,351"])]
_STAGES = (
    "Time by stage: `decode`, `backbone` (the network that all else is read from), `subject`, `category`, "
    "`features`, `vote` (what similar pictures say of the category), `search`; by a stored picture only the last."
)


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="forbid")


class ErrorAnswer(Answer):
    """Every error of every route."""

    code: Annotated[str, Field(description="Stable name of the error.", examples=["invalid_region"])]
    message: Annotated[str, Field(description="What was wrong.")]
    hint: Annotated[str, Field(description="What was expected and what to do.")]
    request_id: Annotated[str, Field(description="Also in the header `x-request-id` and in the service's log.")]


class TuningAnswer(Answer):
    """How a tuning did on products that it was not learned from."""

    adopted: Annotated[bool, Field(description="Whether searches use it.")]
    reason: str
    method: str
    products: Annotated[int, Field(description="Products with at least two pictures, which it is learned from.")]
    pictures: Annotated[int, Field(description="Their pictures.")]
    queries: Annotated[int, Field(description="Held-out pictures searched for.")]
    recall_before: Annotated[float, Field(description="R@1 with the features as they are.")]
    recall_after: Annotated[float, Field(description="R@1 with tuned features.")]
    precision_before: Annotated[
        float, Field(description="Share of the product's pictures among the ten best matches.")
    ]
    precision_after: Annotated[float, Field(description="The same with tuned features.")]
    gain_low: Annotated[float, Field(description="Lower end of the 95 % interval of the difference in precision.")]
    gain_high: float
    tuned_at: datetime


class InstanceAnswer(Answer):
    """An instance."""

    name: str
    type: Literal["product", "generic"]
    region: str
    capacity: int
    picture_count: int
    index: str
    model: Annotated[str, Field(description="The model that makes its features.")]
    dimension: int
    created_at: datetime
    tuning: Annotated[TuningAnswer | None, Field(description="The tuning in use, else the last one not adopted.")]
    retention_days: Annotated[int | None, Field(description="So long are pictures kept; null means for ever.")]
    qps: Annotated[float | None, Field(description="Calls a second that may be made on it; null sets no limit.")]
    max_body: Annotated[int | None, Field(description="Bytes of a request's body; null means 8 MB.")]
    picture_url: Annotated[str | None, Field(description="Where browsers find the shop's own pictures.")]


class KeyAnswer(Answer):
    """An access key without its secret."""

    id: str
    role: Literal["admin", "writer", "reader"]
    instances: Annotated[list[str], Field(description="Empty means all.")]
    disabled: bool
    created_at: datetime
    expires_at: Annotated[datetime | None, Field(description="When a temporary key ends; null for a permanent one.")]
    qps: Annotated[float | None, Field(description="Calls a second that it may make; null sets no limit.")]
    pictures_per_day: Annotated[
        int | None, Field(description="Pictures that may be added with it in a day; null sets no limit.")
    ]
    max_body: Annotated[int | None, Field(description="Bytes of a request's body; null means 8 MB.")]


class NewKeyAnswer(KeyAnswer):
    """A key just made; its secret, and a temporary key's security token, are shown this once."""

    secret: str
    security_token: str | None


class PictureKeyAnswer(Answer):
    """Names a picture."""

    product_id: str
    pic_name: str


class _Attributes(Answer):
    custom_content: str | None
    int_attr: int | None
    int_attr2: int | None
    int_attr3: int | None
    int_attr4: int | None
    str_attr: str | None
    str_attr2: str | None
    str_attr3: str | None
    str_attr4: str | None


class PictureAnswer(PictureKeyAnswer, _Attributes):
    """What is kept of a picture, beside its features."""

    category_id: int
    region: _RegionText


class CategoryAnswer(Answer):
    """A category that the picture may belong to."""

    category_id: int
    name: str
    probability: float


class AddedAnswer(Answer):
    """What was found in an added picture."""

    category_id: int
    region: _RegionText
    regions: list[_RegionText]
    categories: list[CategoryAnswer]
    replaced: bool
    duplicates: Annotated[list[PictureKeyAnswer], Field(description="Near-identical pictures, if asked for.")]


class MatchAnswer(PictureKeyAnswer, _Attributes):
    """One result."""

    category_id: int
    score: Annotated[float, Field(description="0 to 1; 1 exactly when the features are identical.")]
    sort_expr_values: Annotated[str, Field(description="`relevance;Hamming distance`.")]
    hamming_distance: int


class SearchAnswer(Answer):
    """Results, best first, and what was found in the query."""

    matches: list[MatchAnswer]
    found: Annotated[int, Field(description="Results in all pages, at most 500.")]
    good_match: Annotated[bool, Field(description="Whether any of these matches scores at least `threshold`.")]
    threshold: Annotated[float, Field(description="The score from which on a match is good.")]
    category_id: Annotated[int, Field(description="The category that was searched in.")]
    region: _RegionText | None
    regions: list[_RegionText]
    categories: list[CategoryAnswer]
    milliseconds: Annotated[dict[str, float], Field(description=_STAGES)]


class FilterAnswer(Answer):
    """A filter that can be used."""

    valid: Literal[True]
    fields: Annotated[list[str], Field(description="The attributes that it looks at.")]


class ComparisonAnswer(Answer):
    """How alike two pictures are."""

    score: float


class DeletedAnswer(Answer):
    """The pictures that were deleted."""

    deleted: list[PictureKeyAnswer]


class DuplicateAnswer(PictureKeyAnswer):
    """A picture of a group."""

    similarity: Annotated[float, Field(description="Cosine to the group's first picture.")]


class DuplicatesAnswer(Answer):
    """Groups of near-identical pictures, the largest first."""

    groups: list[list[DuplicateAnswer]]
    pictures: Annotated[int, Field(description="How many were looked at.")]
    min_similarity: float
    false_matches: Annotated[
        float | None, Field(description="Measured false matches of a million pairs of different pictures, if known.")
    ]


class InstancesAnswer(Answer):
    """All instances that the key may see."""

    instances: list[InstanceAnswer]


class KeysAnswer(Answer):
    """All access keys."""

    keys: list[KeyAnswer]
