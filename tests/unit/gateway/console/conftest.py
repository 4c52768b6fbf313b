"""A browser without its page: it keeps cookies, and signs in."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from similis.domain import NewAccessKey, Role
from similis.service import App

SESSION = "/console/session"
SignIn = Callable[[NewAccessKey], dict[str, str]]


@pytest.fixture
def page(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=30) as client:
        yield client


@pytest.fixture
def admin(app: App) -> NewAccessKey:
    return app.access.create(Role.ADMIN)


def text_of(made: NewAccessKey) -> str:
    """An access key as it is entered."""
    return ":".join(filter(None, (made.key.id, made.secret, made.security_token)))


@pytest.fixture
def sign_in(page: httpx.Client) -> SignIn:
    """Signs in and returns the header that changes need."""

    def sign_in(made: NewAccessKey) -> dict[str, str]:
        answer = page.post(SESSION, json={"key": text_of(made)})
        assert answer.status_code == 200, answer.text
        return {"x-similis-csrf": answer.json()["csrf"]}

    return sign_in
