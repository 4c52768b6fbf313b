"""Settings of uploads and picture hosts, as they come from the environment."""

import pytest
from pydantic import ValidationError

from similis.service import Settings


def test_nothing_is_fetched_by_default() -> None:
    assert Settings().picture_hosts == ()
    assert Settings().upload_host is None


def test_hosts_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMILIS_UPLOAD_HOST", "img.example.com:8443")
    monkeypatch.setenv("SIMILIS_PICTURE_HOSTS", "Cdn.example.com, *.shop.example:8080,*,")
    settings = Settings()
    assert settings.upload_host == "img.example.com:8443"
    assert settings.picture_hosts == ("cdn.example.com", "*.shop.example:8080", "*")


@pytest.mark.parametrize(
    "hosts", ["http://a.example", "a.example/path", "*a.example", "**", "a b", "user@a.example", "a:"]
)
def test_what_is_no_host_is_refused(monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
    monkeypatch.setenv("SIMILIS_PICTURE_HOSTS", hosts)
    with pytest.raises(ValidationError, match="give host names"):
        Settings()


@pytest.mark.parametrize("host", ["localhost", "https://a.example", "a.example/", "a.example:", "", ".example"])
def test_an_upload_host_must_be_a_name_with_a_dot(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("SIMILIS_UPLOAD_HOST", host)
    with pytest.raises(ValidationError, match="upload_host"):
        Settings()


def test_hosts_of_callbacks_are_named_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMILIS_CALLBACK_HOSTS", "hooks.example:9000,*.lan")
    assert Settings().callback_hosts == ("hooks.example:9000", "*.lan")
    monkeypatch.setenv("SIMILIS_CALLBACK_HOSTS", "hooks.example,*")
    with pytest.raises(ValidationError, match="one by one"):
        Settings()


def test_hosts_of_pictures_in_a_private_network_are_named_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().private_picture_hosts == ()
    monkeypatch.setenv("SIMILIS_PRIVATE_PICTURE_HOSTS", "Images.lan, 127.0.0.1:8080")
    assert Settings().private_picture_hosts == ("images.lan", "127.0.0.1:8080")


@pytest.mark.parametrize("hosts", ["*", "*.lan", "images.lan,*.shop.lan:8080"])
def test_a_private_network_is_not_opened_by_patterns(monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
    monkeypatch.setenv("SIMILIS_PRIVATE_PICTURE_HOSTS", hosts)
    with pytest.raises(ValidationError, match="name every host of a private network whole"):
        Settings()


@pytest.mark.parametrize("hosts", [("*",), ["images.lan", "*.lan"], ("*.lan",)])
def test_programs_do_not_open_it_by_patterns_either(hosts: tuple[str, ...] | list[str]) -> None:
    with pytest.raises(ValidationError, match="whole"):
        Settings(private_picture_hosts=hosts)  # type: ignore[arg-type] # a list is one, too
    with pytest.raises(ValidationError, match="one by one"):
        Settings(callback_hosts=("hooks.example", "*"))
