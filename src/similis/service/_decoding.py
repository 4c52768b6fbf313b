"""Where pictures are decoded: in this process, or in others that can do nothing else."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from similis.algorithm import Orientation, PictureLimits, decode
from similis.service._sandbox import Sandbox
from similis.service._sandbox_worker import Pixels


class Decoding(StrEnum):
    """Where pictures are decoded."""

    INSIDE = "inside"
    SANDBOX = "sandbox"


class Decoder:
    """Decodes pictures as the settings say; close it after use.

    Args:
        where: they are decoded.
        count: of pictures at a time.
    """

    def __init__(self, where: Decoding, count: int) -> None:
        self._sandbox = Sandbox(count) if where is Decoding.SANDBOX else None

    def __call__(self, data: bytes, limits: PictureLimits, orientation: Orientation) -> Pixels:
        """Decode a picture, see `similis.algorithm.decode`."""
        run = self._sandbox.decode if self._sandbox else decode
        return run(data, limits, orientation)

    def started(self) -> Self:
        """Itself, ready for the first picture.

        Raises:
            Unavailable: the processes of the sandbox end as soon as they are started.
        """
        if self._sandbox:
            self._sandbox.start()
        return self

    def close(self) -> None:
        """End what runs for it."""
        if self._sandbox:
            self._sandbox.close()
