"""What every command shares: which Similis it works on, and how it answers."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypeAlias

import typer
from pydantic import ValidationError

from similis.cli._auditing import CommandEntry, audited
from similis.cli._output import Output
from similis.cli._remote import RemoteApp
from similis.domain import InvalidInput
from similis.service import App, Settings, SubjectMode, has_data, require_data

Target: TypeAlias = App | RemoteApp

_DATA = typer.Option("--data", help="Data directory (SIMILIS_DATA; ./similis-data).", show_default=False)
_CATALOGUE = typer.Option(
    "--catalogue",
    help="PostgreSQL URL of the catalogue (SIMILIS_CATALOGUE, where a password is not seen by others).",
    show_default=False,
)
_KEYS = typer.Option("--keys", help="Key directory (SIMILIS_KEYS; <data>.keys).", show_default=False)
_KEY = typer.Option("--key", envvar="SIMILIS_KEY", help="Access key of that service, as ID:SECRET.")
_JSON = typer.Option("--json", help="Print JSON.")

SubjectFinderOption: TypeAlias = Annotated[
    SubjectMode | None,
    typer.Option(
        "--subject-finder", help="How subjects are found; `precise` takes longer (SIMILIS_SUBJECT_FINDER; fast)."
    ),
]


def _shared(name: str, kind: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _all_shared(service: str) -> tuple[inspect.Parameter, ...]:
    endpoint = typer.Option(service, envvar="SIMILIS_ENDPOINT", help="Work on the service running at this URL.")
    return (
        _shared("data", Annotated[Path | None, _DATA], None),
        _shared("catalogue", Annotated[str | None, _CATALOGUE], None),
        _shared("keys", Annotated[Path | None, _KEYS], None),
        _shared("endpoint", Annotated[str | None, endpoint], None),
        _shared("key", Annotated[str | None, _KEY], None),
        _shared("json", Annotated[bool, _JSON], False),
    )


@dataclass
class Session:
    """One run of a command."""

    settings: Settings
    output: Output
    endpoint: str | None = None
    key: str | None = None
    audited: CommandEntry = field(default_factory=CommandEntry)

    def with_subject_finder(self, mode: SubjectMode | None) -> Session:
        """The same, but finding subjects in this way; None leaves it to the settings."""
        if mode is None:
            return self
        return replace(self, settings=self.settings.model_copy(update={"subject_finder": mode}))

    @contextmanager
    def target(self, *, make: bool = False) -> Iterator[Target]:
        """The Similis that the command works on: the data directory, or a running service.

        Args:
            make: whether a data directory is made where there is none.

        Raises:
            InvalidInput: an endpoint without a key.
            DataDirectoryLocked: another process owns the data directory.
            DataDirectoryMissing: there is none.
            ServiceUnreachable: nothing answers at the endpoint.
        """
        if self.endpoint is None:
            with self.local(make=make) as app:
                yield app
            return
        if not self.key:
            raise InvalidInput("--endpoint was given without --key.", "Give --key ID:SECRET or set SIMILIS_KEY.")
        with RemoteApp(self.endpoint, self.key) as remote:
            yield remote

    @contextmanager
    def anywhere(self) -> Iterator[Target]:
        """The same or, where there are no data, a directory that is gone afterwards: for what needs none.

        Raises:
            DataDirectoryLocked: another process owns the data directory.
            ServiceUnreachable: nothing answers at the endpoint.
        """
        if self.endpoint is not None or has_data(self.settings):
            with self.target() as target:
                yield target
            return
        with TemporaryDirectory(prefix="similis-") as folder:
            empty = {"data": Path(folder, "data"), "keys": None, "catalogue": None}
            with replace(self, settings=self.settings.model_copy(update=empty)).local(make=True) as app:
                yield app

    @contextmanager
    def local(self, *, make: bool = False, serving: bool = False) -> Iterator[App]:
        """The data directory, opened.

        Args:
            make: whether it is made where there is none; else a command in the wrong folder would leave one there.
            serving: whether many will ask at once.

        Raises:
            DataDirectoryLocked: another process owns it.
            DataDirectoryMissing: there is none.
        """
        if not make:
            require_data(self.settings)
        with App.open(self.settings, serving=serving) as app, audited(app, self.audited):
            yield app


def settings_of(data: Path | None, catalogue: str | None, keys: Path | None) -> Settings:
    """Settings from options where given, from the environment otherwise.

    Raises:
        InvalidInput: a variable of the environment cannot be used.
    """
    options = {"data": data, "catalogue": catalogue, "keys": keys}
    try:
        settings = Settings(**{name: value for name, value in options.items() if value is not None})  # type: ignore[arg-type] # pydantic checks them
    except ValidationError as error:
        told = "; ".join(f"SIMILIS_{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors())
        raise InvalidInput(
            f"The environment has a setting that cannot be used. {told}.", "Mend or unset it."
        ) from None
    os.environ.pop("SIMILIS_MASTER_KEY", None)  # no process that is started from here needs it
    return settings


def with_session(function: Callable[..., None], *, service: str = "--endpoint") -> Callable[..., None]:
    """Give a command the shared options, `--data` to `--json`; it takes a `Session` first instead.

    Args:
        function: the command.
        service: the option that names the running service, where `--endpoint` means something else.
    """
    shared = _all_shared(service)

    @wraps(function)
    def command(**given: Any) -> None:  # noqa: ANN401 - whatever the command declares
        data, catalogue, keys, endpoint, key, json = (given.pop(parameter.name) for parameter in shared)
        settings, entry = settings_of(data, catalogue, keys), CommandEntry.of(function, given)
        function(Session(settings, Output(json=json), endpoint, key, entry), **given)

    # Typer reads parameters from the signature: the command's own ones first, then the shared ones.
    del command.__wrapped__
    _, *own = inspect.signature(function, eval_str=True).parameters.values()
    keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    signature = inspect.Signature([*keyword_only, *shared])
    command.__signature__ = signature  # type: ignore[attr-defined] # functions take one
    command.__annotations__ = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    return command
