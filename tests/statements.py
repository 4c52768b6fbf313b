"""Engines of a kind share the statements that SQLAlchemy compiled, which takes longer than most run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy import URL, Engine, event


class SharingEngines:
    """Makes engines; each takes over what the first of its kind to connect knows of database and statements."""

    def __init__(self, create_engine: Callable[..., Engine]) -> None:
        self._create_engine = create_engine
        self._first: dict[str, Engine] = {}

    def __call__(self, url: URL, **options: object) -> Engine:
        engine = self._create_engine(url, **options)
        kind = engine.dialect.name
        if kind in self._first:
            _share(self._first[kind], engine)
        else:
            event.listen(engine, "connect", partial(self._note, engine), once=True)  # once it is initialised
        return engine

    def _note(self, engine: Engine, *_: object) -> None:
        self._first.setdefault(engine.dialect.name, engine)


def _share(first: Engine, engine: Engine) -> None:
    # Compiled statements are kept by dialect: engines that share them need the very same one.
    engine.dialect = engine.pool._dialect = first.dialect
    engine._compiled_cache = first._compiled_cache
