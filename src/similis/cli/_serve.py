"""`similis serve`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from similis.cli._auditing import note
from similis.cli._session import Session, SubjectFinderOption, with_session
from similis.domain import AuditAction, InvalidInput, NewAccessKey
from similis.gateway import Tls, set_up_logs
from similis.gateway import serve as serve_app
from similis.service import App, allow_files, wipe_freed_memory

# A tenth of what Python takes: the thread that answers calls waits no longer than that for those that search.
_SWITCH_SECONDS = 0.0005


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    root.command()(with_session(serve))


def serve(
    session: Session,
    host: Annotated[str, typer.Option("--host", help="Address to listen on; loopback by default.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8000,
    tls_cert: Annotated[
        Path | None,
        typer.Option("--tls-cert", envvar="SIMILIS_TLS_CERT", help="Certificate chain (PEM): TLS as well."),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", envvar="SIMILIS_TLS_KEY", help="Private key of the certificate (PEM).")
    ] = None,
    tls_port: Annotated[int, typer.Option("--tls-port", min=1, max=65535, help="Port to listen on for TLS.")] = 8443,
    subject_finder: SubjectFinderOption = None,
    show_key: Annotated[bool, typer.Option("--show-key", help="Print an admin access key with its secret.")] = False,
) -> None:
    """Run the service: REST interface and console. A first start makes an admin access key and prints it."""
    wipe_freed_memory()
    allow_files()
    sys.setswitchinterval(_SWITCH_SECONDS)
    set_up_logs(session.settings)
    tls = _tls(tls_cert, tls_key, tls_port)
    with session.with_subject_finder(subject_finder).local(make=True, serving=True) as app:
        first = not app.access.list()
        operator = app.access.operator_key() if first or show_key else None
        _note_start(app, session, operator)
        app.analyst.warm_up()

        def announce(address: str) -> None:
            answer = {"address": address, "data": str(session.settings.data)}
            session.output.say(
                f"Similis is running.\n  Console:     {address}\n  Data:        {session.settings.data}"
            )
            if tls is not None:
                answer["tls_address"] = f"https://{host}:{tls.port}"
                session.output.say(f"  TLS:         {answer['tls_address']}")
            if operator is not None:
                answer["key"] = f"{operator.key.id}:{operator.secret}"
                session.output.say(f"  Access key:  {answer['key']}")
            session.output.data(answer)

        serve_app(app, host, port, announce, tls)


def _note_start(app: App, session: Session, shown: NewAccessKey | None) -> None:
    note(app, session.audited, AuditAction.SERVICE_START)
    if shown is not None:
        note(app, replace(session.audited, subject=shown.key.id), AuditAction.KEY_REVEAL)


def _tls(certificate: Path | None, key: Path | None, port: int) -> Tls | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise InvalidInput("TLS needs a certificate and its key.", "Give both --tls-cert and --tls-key, or neither.")
    return Tls(certificate, key, port)
