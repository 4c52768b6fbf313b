"""The codes of the cloud protocol for the ends of tasks and for lines that failed: each failure of the FAQ its own.

Not beside the other tests of that protocol, which the table in docs/compatibility.md reads: here no call is answered.
"""

import pytest

from similis.domain import SimilisError
from similis.gateway.alibaba._error_table import DOMAIN
from similis.gateway.alibaba._task_codes import TASK_CODES, code_named


def below(kind: type[SimilisError]) -> list[type[SimilisError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in below(child))]


@pytest.mark.parametrize("kind", below(SimilisError), ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_for_tasks(kind: type[SimilisError]) -> None:
    assert code_named(kind.code) in set(TASK_CODES.values())


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("region_mismatch", "RegionMismatch"), ("role_not_trusted", "RoleInvalid"), ("source_denied", "AccessDenied"),
        ("invalid_arn", "InvalidArn"), ("role_not_found", "InvalidArn"), ("bucket_not_found", "NoSuchBucket"),
        ("path_not_found", "NoSuchPath"), ("meta_file_not_found", "MetaNotFound"),
        ("source_unreachable", "EndpointUnreachable"), ("clock_skewed", "RequestTimeTooSkewed"),
        ("credentials_refused", "InvalidAccessKeyId"), ("capacity_reached", "InstanceOverQuota"),
        ("unsupported_pixels", "UnsupportedPicPixels"), ("of_a_later_version", DOMAIN[SimilisError]),
        ("internal_error", DOMAIN[SimilisError]),
    ],
)  # fmt: skip
def test_each_failure_of_the_faq_has_its_own_code(code: str, told: str) -> None:
    assert code_named(code) == told
