"""From where a session's page may load pictures: the hosts of the shop's own, as instances name them."""

from __future__ import annotations

from similis.domain import Role, picture_origin
from similis.service import App, Session

_MOST = 50  # proxies refuse long headers


def picture_origins(service: App, session: Session | None) -> list[str]:
    """The origins of the picture URLs of the instances that a session reaches; of nobody's none."""
    if session is None:
        return []
    reached = (each for each in service.instances.list() if session.key.allows(Role.READER, each.name))
    return sorted({picture_origin(each.picture_url) for each in reached if each.picture_url})[:_MOST]
