"""From where a session's page may load pictures: the hosts of the shop's own, as instances name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from similis.domain import Role, picture_origin
from similis.service import App, Session

_MOST = 2_000  # characters together: proxies refuse answers whose headers are longer than 4 or 8 KB


def picture_origins(service: App, session: Session | None) -> list[str]:
    """The origins of the picture URLs of the instances that a session reaches; of nobody's none."""
    if session is None:
        return []
    reached = (each for each in service.instances.list() if session.key.allows(Role.READER, each.name))
    return list(_fitting(sorted({picture_origin(each.picture_url) for each in reached if each.picture_url})))


def _fitting(origins: Iterable[str]) -> Iterator[str]:
    """The first ones that fit into a header."""
    left = _MOST
    for origin in origins:
        left -= len(origin) + 1  # with the space between
        if left < 0:
            return
        yield origin
