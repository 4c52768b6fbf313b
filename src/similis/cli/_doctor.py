"""`similis doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from similis.cli._check_endpoint import check_endpoint
from similis.cli._check_listening import check_port, check_tls
from similis.cli._session import Session, with_session
from similis.service import Finding, Settings, examine


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    root.command()(with_session(doctor))


def doctor(
    session: Session,
    host: Annotated[str, typer.Option("--host", help="Address that the service will listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port that it will listen on; 0 takes any.")
    ] = 8000,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", envvar="SIMILIS_TLS_CERT", help="Its certificate chain (PEM).")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", envvar="SIMILIS_TLS_KEY", help="Private key of the certificate (PEM).")
    ] = None,
) -> None:
    """Check the set-up: what is right, what is not, and what to do about it.

    With --endpoint a running service is called as well, to see whether a proxy before it lets everything through.
    """
    findings: list[Finding] = []
    if session.endpoint is None or _is_host(session.settings):
        findings += [*examine(session.settings), check_port(host, port), *check_tls(tls_cert, tls_key)]
    if session.endpoint is not None:
        findings += check_endpoint(session.endpoint, session.key)
    session.output.data({"findings": [finding.as_dict() for finding in findings]})
    session.output.table(
        ("", "CHECK", "FOUND", "TO DO"),
        ((_mark(each), each.check, each.found, "" if each.good else each.to_do) for each in findings),
    )
    if any(finding.bad for finding in findings):
        raise typer.Exit(1)


def _is_host(settings: Settings) -> bool:
    """Whether a service may be meant to run here: who has only its address need not have models and the like."""
    return settings.catalogue is not None or settings.data.is_dir()


def _mark(finding: Finding) -> str:
    if finding.good:
        return "ok"
    return "!!" if finding.grave else "!"
