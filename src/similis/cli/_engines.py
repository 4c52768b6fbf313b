"""What gets pictures and their features in an import: this machine's processors, or a Ray cluster."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias

import typer

from similis.cli._session import Session
from similis.domain import InvalidInput
from similis.service import MakeExtractor, on_ray


class Engine(StrEnum):
    """Where pictures are analysed."""

    LOCAL = "local"
    RAY = "ray"


EngineOption: TypeAlias = Annotated[
    Engine, typer.Option("--engine", help="Where pictures are analysed: on this machine, or on a Ray cluster.")
]
RayAddressOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--ray-address", metavar="HOST:PORT", help="Of the cluster; else a Ray of this machine alone."),
]


def chosen_extractor(session: Session, engine: Engine, ray_address: str | None) -> MakeExtractor | None:
    """What `Transfers.run` is to use; None for the processors of this machine.

    Raises:
        InvalidInput: the options do not go together.
    """
    if engine is Engine.LOCAL:
        if ray_address is not None:
            raise InvalidInput("--ray-address was given without --engine ray.", "Give both or neither.")
        return None
    if session.endpoint is not None:
        raise InvalidInput(
            "--engine ray was given together with --endpoint.",
            "Run the command on a machine of the cluster, on the catalogue itself (--catalogue).",
        )
    return on_ray(session.settings, ray_address)
