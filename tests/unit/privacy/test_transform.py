import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from similis.domain import KeyringFailed
from similis.privacy import InstanceKey
from similis.privacy._transform import rotation


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
