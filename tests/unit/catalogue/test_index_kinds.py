import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import pytest

from similis.catalogue import Catalogue, IndexState
from similis.domain import Instance, InstanceNotFound

OpenCatalogue: TypeAlias = Callable[[], Catalogue]


def test_an_instance_changes_its_index_and_nothing_else(catalogue: Catalogue, instance: Instance) -> None:
    changed = catalogue.change_index(instance, "milvus")
    assert changed.index == "milvus"
    assert catalogue.change_index(changed, "faiss") == instance
    catalogue.verify()
    catalogue.delete_instance(instance.name)
    with pytest.raises(InstanceNotFound):
        catalogue.change_index(instance, "milvus")


def test_one_at_a_time_is_alone_with_an_index(
    database_kind: str, open_catalogue: OpenCatalogue, catalogue: Catalogue, instance: Instance
) -> None:
    catalogues = [catalogue, open_catalogue()] if database_kind == "postgresql" else [catalogue]

    def advance(number: int) -> None:
        shared = catalogues[number % len(catalogues)]
        with shared.alone_with_index(instance, "milvus"):
            state = shared.index_states.get(instance, "milvus") or IndexState("collection", 0)
            time.sleep(0.01)
            shared.index_states.set(instance, "milvus", IndexState("collection", state.applied_seq + 1))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(advance, range(24)))
    assert catalogue.index_states.get(instance, "milvus") == IndexState("collection", 24)
    with catalogue.alone_with_index(instance, "milvus"), catalogue.alone_with_index(instance, "another"):
        pass
