import hashlib
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from similis.domain import KeyringFailed
from similis.privacy import InstanceKey
from similis.privacy._instance_key import new_secret
from similis.privacy._transform import rotate, rotation, snap


def _key(number: int = 1) -> InstanceKey:
    return InstanceKey("0" * 32, bytes([number]) * 32)


def _vectors(count: int, dimension: int, seed: int = 0) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


@settings(deadline=None, max_examples=30)
@given(dimension=st.integers(1, 99), count=st.integers(1, 9), seed=st.integers(0, 99))
def test_inner_products_stay(dimension: int, count: int, seed: int) -> None:
    vectors = _vectors(count, dimension, seed)
    turned = _key(seed % 7).transform(vectors)
    assert turned.dtype == np.float32
    np.testing.assert_allclose(turned @ turned.T, vectors @ vectors.T, atol=2e-6)


@pytest.mark.parametrize("dimension", [1, 3, 64, 257, 512])
@pytest.mark.parametrize("count", [1, 2, 19])
def test_a_row_gives_the_same_bits_alone_and_among_others(dimension: int, count: int) -> None:
    key, vectors = _key(), _vectors(count, dimension)
    together = key.transform(vectors)
    alone = np.stack([key.transform(row) for row in vectors])
    assert together.tobytes() == alone.tobytes()


def test_the_same_key_gives_the_same_bits_again() -> None:
    vectors = _vectors(5, 64)
    assert _key().transform(vectors).tobytes() == _key().transform(np.asfortranarray(vectors)).tobytes()


def test_the_matrix_is_orthogonal() -> None:
    matrix = rotation(b"s" * 32, 300)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(300), atol=1e-12)


def test_the_matrices_are_spread_evenly() -> None:
    entries = np.stack([rotation(bytes([seed]) * 32, 8) for seed in range(250)])
    assert np.abs(entries.mean(axis=0)).max() < 5 / np.sqrt(8 * 250)
    np.testing.assert_allclose((entries**2).mean(axis=0), 1 / 8, atol=0.05)
    assert 0.3 < (np.linalg.det(entries) > 0).mean() < 0.7


def test_another_key_gives_unrelated_vectors() -> None:
    vectors = _vectors(200, 512)
    first, second = _key(1).transform(vectors), _key(2).transform(vectors)
    for one, other in [(first, second), (first, vectors)]:
        similarities = np.einsum("nd,nd->n", one, other)
        assert np.abs(similarities).max() < 0.25
        assert abs(similarities.mean()) < 0.02


def test_stored_features_outlive_new_versions() -> None:
    # The golden values: should they change, every stored feature is lost.
    expected = [[-0.66012, 0.69387, -0.28773], [0.44628, 0.67039, 0.5928], [0.60422, 0.26291, -0.7522]]
    np.testing.assert_allclose(rotation(bytes(range(32)), 3), expected, atol=1e-5)


def test_an_erased_key_transforms_nothing() -> None:
    key = _key()
    key.transform(_vectors(1, 4))
    key.erase()
    with pytest.raises(KeyringFailed):
        key.transform(_vectors(1, 4))


@settings(deadline=None, max_examples=25)
@given(dimension=st.integers(1, 200), seed=st.binary(min_size=32, max_size=32), drawn=st.integers(0, 99))
def test_distances_and_inner_products_are_kept_exactly_by_the_matrix(dimension: int, seed: bytes, drawn: int) -> None:
    vectors = np.random.default_rng(drawn).standard_normal((7, dimension))
    turned = vectors @ rotation(seed, dimension).T
    np.testing.assert_allclose(turned @ turned.T, vectors @ vectors.T, rtol=0, atol=1e-12 * dimension)
    gaps, turned_gaps = (np.linalg.norm(each[:, np.newaxis] - each, axis=2) for each in (vectors, turned))
    np.testing.assert_allclose(turned_gaps, gaps, rtol=0, atol=1e-12 * dimension)


@settings(deadline=None, max_examples=25)
@given(dimension=st.integers(8, 200), seed=st.integers(0, 99))
def test_what_is_stored_keeps_cosines_to_the_stated_bound(dimension: int, seed: int) -> None:
    vectors = _vectors(9, dimension, seed)
    stored = InstanceKey("0" * 32, new_secret()).transform(vectors).astype(np.float16).astype(np.float64)
    # Six standard deviations of snapping and of rounding to 16 bits together.
    bound = 6 * (2.8e-3 / np.sqrt(12) + 3e-4) * np.sqrt(2 / dimension)
    assert np.abs(stored @ stored.T - vectors @ vectors.T).max() < bound


@settings(deadline=None, max_examples=7)
@given(
    dimension=st.sampled_from([256, 384, 512]),  # of much shorter ones too many do not: see `snap`
    seed=st.integers(0, 99),
    spread=st.floats(0, 2),
    length=st.sampled_from([2.0**-7, 1.0, 2.0**7]),
)
def test_features_pass_through_any_number_of_keys_bit_by_bit(
    dimension: int, seed: int, spread: float, length: float
) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((5, dimension)) * np.exp(spread * rng.standard_normal((5, dimension)))
    given = (length * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    keys = [InstanceKey("0" * 32, new_secret()) for _ in range(4)]
    stored = keys[0].transform(given).astype(np.float16)
    for old, new in pairwise(keys):
        stored = new.transform(old.restore(stored)).astype(np.float16)
    assert stored.tobytes() == keys[-1].transform(given).astype(np.float16).tobytes()


def test_features_stored_with_a_key_of_the_first_version_come_back_nearly() -> None:
    vectors = _vectors(50, 512)
    old, new = _key(), InstanceKey("0" * 32, new_secret())
    again = new.transform(old.restore(old.transform(vectors).astype(np.float16)))
    assert np.linalg.norm(again - new.transform(vectors), axis=1).max() < 1e-3


def test_snapping_twice_changes_nothing() -> None:
    snapped = snap(_vectors(20, 300))
    np.testing.assert_allclose(snap(snapped), snapped, rtol=0, atol=1e-15)
    assert not snap(np.zeros((2, 3), np.float32)).any()


def test_matrices_differ_by_key_and_dimension() -> None:
    seeds, dimensions = [bytes([each]) * 32 for each in range(4)], (16, 17)
    corners = {rotation(seed, dimension)[0, 0] for seed in seeds for dimension in dimensions}
    assert len(corners) == len(seeds) * len(dimensions)
    small, large = rotation(seeds[0], 16), rotation(seeds[0], 17)
    assert np.abs(small - large[:16, :16]).max() > 0.1


_PRINT = """
import hashlib, numpy as np
from similis.privacy._transform import rotate, rotation
seed = bytes(range(32))
vectors = np.random.default_rng(7).standard_normal((20, 64)).astype(np.float32)
turned = rotate(rotation(seed, 64), vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
print(hashlib.sha256(turned.astype("<f2").tobytes()).hexdigest())
"""


@pytest.mark.parametrize("kernels", [None, "Prescott", "Nehalem"])  # of OpenBLAS, on processors of this kind
def test_other_processes_and_linear_algebra_store_the_same_bits(kernels: str | None) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_CORETYPE")}
    if kernels is not None:
        environment["OPENBLAS_CORETYPE"] = kernels
    told = subprocess.run([sys.executable, "-c", _PRINT], env=environment, check=True, capture_output=True, text=True)
    vectors = np.random.default_rng(7).standard_normal((20, 64)).astype(np.float32)
    turned = rotate(rotation(bytes(range(32)), 64), vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    assert told.stdout.strip() == hashlib.sha256(turned.astype("<f2").tobytes()).hexdigest()
