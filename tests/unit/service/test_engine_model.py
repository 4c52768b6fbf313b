"""A service does whatever comes, restarts and crashes included, and is compared with a plain model of it."""

import contextlib
import random
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from tests.shadow import (
    SHOP,
    Add,
    Delete,
    DeleteMatching,
    Operation,
    Rebuild,
    Seal,
    Shadow,
    Update,
    compare,
    embedded,
    make_shop,
)

from similis.domain import PictureKey
from similis.service import App, Settings

_PRODUCTS = st.sampled_from([f"product {number}" for number in range(6)])
_NAMES = st.integers(0, 59).map(str)
_KEYS = st.builds(PictureKey, _PRODUCTS, _NAMES)
_NUMBERS, _TEXTS = st.none() | st.integers(0, 9), st.none() | st.sampled_from("abcd")
_FILTERS = st.builds('int_attr={} AND str_attr="{}"'.format, st.integers(0, 9), st.sampled_from("abcd"))

_OPERATIONS = st.one_of(
    st.builds(Add, st.tuples(_KEYS), st.integers(10**6, 10**7)),
    st.builds(Update, _KEYS, _NUMBERS, _TEXTS),
    st.builds(Delete, _PRODUCTS, _NAMES),
    st.builds(DeleteMatching, _FILTERS),
)


class Service(RuleBasedStateMachine):
    """A service whose index goes to disk with a hundred pictures, and again with every forty changes."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.pool = ThreadPoolExecutor(1)
        self.shadow, self.versions, self.lives = Shadow(), count(), count()
        self.app = self._open()
        make_shop(self.app)

    @rule(key=_KEYS)
    def add(self, key: PictureKey) -> None:
        self._do(Add((key,), next(self.versions)))

    @rule(product=_PRODUCTS, names=st.integers(20, 60))
    def add_many(self, product: str, names: int) -> None:
        keys = tuple(PictureKey(product, str(name)) for name in range(names))
        self._do(Add(keys, next(self.versions)))

    @rule(key=_KEYS, number=_NUMBERS, text=_TEXTS)
    def update(self, key: PictureKey, number: int | None, text: str | None) -> None:
        self._do(Update(key, number, text))

    @rule(operation=st.builds(Delete, _PRODUCTS, st.none() | _NAMES) | st.builds(DeleteMatching, _FILTERS))
    def delete(self, operation: Operation) -> None:
        self._do(operation)

    @rule(operation=st.sampled_from([Seal(), Rebuild()]))
    def renew_index(self, operation: Operation) -> None:
        self._do(operation)

    @rule(operations=st.lists(_OPERATIONS, min_size=1, max_size=8))
    def write_segment_meanwhile(self, operations: list[Operation]) -> None:
        writing = self.pool.submit(embedded(self.app).seal)
        for operation in operations:
            self._do(operation)
        writing.result()

    @rule(seed=st.integers(0, 10**6))
    def search(self, seed: int) -> None:
        compare(self.app, self.shadow, random.Random(seed))  # noqa: S311 - no secret

    @rule()
    def restart(self) -> None:
        data = self.app.settings.data
        self.app.close()
        self.app = App.open(_settings(data))

    @rule()
    def crash(self) -> None:
        """Go on with the files as they are at some moment."""
        crashed = self.app
        with crashed._catalogue.still(crashed.instances.get(SHOP)):
            _copy(crashed.settings.data.parent, self._next_life().parent)
        self.app = App.open(_settings(self._life))
        crashed.close()

    def teardown(self) -> None:
        compare(self.app, self.shadow, random.Random(0))  # noqa: S311 - no secret
        self.app.close()
        self.pool.shutdown()
        self.directory.cleanup()

    def _do(self, operation: Operation) -> None:
        operation.run(self.app)
        operation.note(self.shadow)

    def _open(self) -> App:
        return App.open(_settings(self._next_life()))

    def _next_life(self) -> Path:
        self._life = Path(self.directory.name) / str(next(self.lives)) / "data"
        return self._life


def _settings(data: Path) -> Settings:
    return Settings(data=data, exact_below=100, threads=1)


def _copy(source: Path, target: Path) -> None:
    """Copy files that may go meanwhile: a thread writes segments and clears away old ones."""
    for path in sorted(source.rglob("*")):
        with contextlib.suppress(FileNotFoundError):
            copy = target / path.relative_to(source)
            if path.is_dir():
                copy.mkdir(mode=0o700, parents=True)
            else:
                shutil.copy2(path, copy)


@pytest.mark.slow
def test_whatever_comes_a_service_holds_and_finds_what_it_must() -> None:
    _try(examples=8, steps=25)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_whatever_comes_for_long_a_service_holds_and_finds_what_it_must() -> None:
    _try(examples=40, steps=50)


def _try(examples: int, steps: int) -> None:
    settings = hypothesis.settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        phases=[Phase.reuse, Phase.generate],  # to make a failure shorter would take many minutes
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Service, settings=settings)
