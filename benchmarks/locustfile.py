"""Loads a running service with locust: of ten calls six search by name, three by picture, one adds.

    SIMILIS_KEY=ID:SECRET SIMILIS_INSTANCE=shoes python -m locust -f benchmarks/locustfile.py --host http://localhost:8000

`similis benchmark http` tells more of one service; this is for those who know locust, want its charts and its ramps,
or load from several machines. Each user adds pictures of its own, which it draws, to the instance, and leaves them
there: take one that is made for this. An answer that asks to come again later counts as a failure.
"""

from __future__ import annotations

import io
import itertools
import os
import uuid

import numpy as np
from locust import FastHttpUser, between, task
from PIL import Image

SIDE = 640
PICTURES = 3


def drawing(number: int) -> bytes:
    """A JPEG of soft colours with noise; another for every number."""
    generator = np.random.default_rng(number)
    ground = Image.fromarray(generator.integers(60, 230, (6, 6, 3), dtype=np.uint8)).resize((SIDE, SIDE))
    noisy = np.asarray(ground, float) + generator.normal(0, 6, (SIDE, SIDE, 3))
    buffer = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


class Shopper(FastHttpUser):
    """Looks at what is like a picture of the shop, brings photos, and now and then adds one."""

    wait_time = between(0.0, 0.2)

    def on_start(self) -> None:
        """Add something to search for."""
        self._name = uuid.uuid4().hex
        self._numbers = itertools.cycle(range(PICTURES))
        self._drawings = [drawing(number) for number in range(PICTURES)]
        self._path = f"/api/v1/instances/{os.environ['SIMILIS_INSTANCE']}"
        self._headers = {"authorization": f"Bearer {os.environ['SIMILIS_KEY']}"}
        for number in range(PICTURES):
            self._add(number)

    @task(6)
    def search_by_name(self) -> None:
        """Search with a picture that was added."""
        self._post("search", "search by name", self._key(next(self._numbers)))

    @task(3)
    def search_by_picture(self) -> None:
        """Search with a photo."""
        self._post("search", "search by picture", {"num": "10"}, self._drawings[next(self._numbers)])

    @task(1)
    def add(self) -> None:
        """Add a picture anew."""
        self._add(next(self._numbers))

    def _add(self, number: int) -> None:
        self._post("pictures", "add", self._key(number), self._drawings[number])

    def _key(self, number: int) -> dict[str, str]:
        return {"product_id": self._name, "pic_name": str(number)}

    def _post(self, what: str, name: str, fields: dict[str, str], picture: bytes | None = None) -> None:
        boundary = uuid.uuid4().hex
        headers = {**self._headers, "content-type": f"multipart/form-data; boundary={boundary}"}
        body = _form(boundary, fields, picture)
        self.client.post(f"{self._path}/{what}", name=name, data=body, headers=headers)  # type: ignore[arg-type] # sent as they are


def _form(boundary: str, fields: dict[str, str], picture: bytes | None) -> bytes:
    """A form; locust's quick client does not write any."""
    parts = [f'name="{name}"\r\n\r\n{text}'.encode() for name, text in fields.items()]
    if picture is not None:
        parts.append(b'name="file"; filename="photo.jpg"\r\n\r\n' + picture)
    head = f"--{boundary}\r\nContent-Disposition: form-data; ".encode()
    return b"".join(head + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
