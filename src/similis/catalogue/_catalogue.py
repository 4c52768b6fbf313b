"""The catalogue (skeleton)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from similis.catalogue._rows import LoggedChange, NewPicture, Sealer, StoredPicture, StoredVector
from similis.domain import AccessKey, Category, Filter, Instance, InstanceSpec, PictureKey


class Catalogue:
    """The durable truth."""

    @classmethod
    def open(cls, url: str, sealer: Sealer) -> Catalogue:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def verify(self) -> None:
        """Check every row; StorageFailed when one is damaged."""
        raise NotImplementedError

    def setting(self, name: str) -> str | None:
        raise NotImplementedError

    def set_setting(self, name: str, value: str) -> None:
        raise NotImplementedError

    def create_instance(self, spec: InstanceSpec, *, uid: str, index: str, model: str, dimension: int) -> Instance:
        raise NotImplementedError

    def instance(self, name: str) -> Instance:
        raise NotImplementedError

    def instances(self) -> list[Instance]:
        raise NotImplementedError

    def delete_instance(self, name: str) -> Instance:
        raise NotImplementedError

    def add(self, instance: Instance, pictures: Sequence[NewPicture]) -> list[bool]:
        raise NotImplementedError

    def update(self, instance: Instance, key: PictureKey, changes: Mapping[str, int | str | None]) -> None:
        raise NotImplementedError

    def delete(self, instance: Instance, product_id: str, pic_name: str | None = None) -> list[PictureKey]:
        raise NotImplementedError

    def delete_matching(self, instance: Instance, tree: Filter) -> list[PictureKey]:
        raise NotImplementedError

    def picture(self, instance: Instance, key: PictureKey) -> StoredPicture:
        raise NotImplementedError

    def pictures(self, instance: Instance, ids: Sequence[int]) -> dict[int, StoredPicture]:
        raise NotImplementedError

    def vectors(self, instance: Instance, ids: Sequence[int]) -> dict[int, StoredVector]:
        raise NotImplementedError

    def select_ids(self, instance: Instance, tree: Filter | None, category: Category | None) -> NDArray[np.int64]:
        raise NotImplementedError

    def changes(self, instance: Instance, after: int) -> Iterator[LoggedChange]:
        raise NotImplementedError

    def last_seq(self, instance: Instance) -> int:
        raise NotImplementedError

    def add_key(self, key: AccessKey, sealed_secret: bytes) -> None:
        raise NotImplementedError

    def keys(self) -> list[AccessKey]:
        raise NotImplementedError

    def key(self, key_id: str) -> tuple[AccessKey, bytes]:
        raise NotImplementedError

    def disable_key(self, key_id: str) -> AccessKey:
        raise NotImplementedError
