"""Use cases of pictures: add, show, update, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from similis.algorithm import Orientation
from similis.catalogue import Catalogue, NewPicture
from similis.domain import (
    Added,
    Attributes,
    Category,
    DuplicatePicture,
    Filter,
    Instance,
    InstanceType,
    InvalidAttribute,
    OnDuplicate,
    Picture,
    PictureKey,
    Region,
    check_custom_content,
    check_key_part,
    stage,
)
from similis.privacy import Keyring
from similis.service._analyst import Analyst
from similis.service._duplicates import Duplicates
from similis.service._indexes import Indexes
from similis.service._instances import Instances


class Pictures:
    """The verbs of pictures."""

    def __init__(
        self,
        catalogue: Catalogue,
        keyring: Keyring,
        indexes: Indexes,
        analyst: Analyst,
        instances: Instances,
        duplicates: Duplicates,
    ) -> None:
        self._catalogue = catalogue
        self._keyring = keyring
        self._indexes = indexes
        self._analyst = analyst
        self._instances = instances
        self._duplicates = duplicates

    def add(
        self,
        instance_name: str,
        data: bytes,
        key: PictureKey,
        *,
        category: Category | None = None,
        crop: bool = True,
        region: Region | None = None,
        custom_content: str | None = None,
        attributes: Attributes = Attributes(),
        orientation: Orientation = Orientation.APPLY,
        on_duplicate: OnDuplicate = OnDuplicate.ALLOW,
    ) -> Added:
        """Analyse an encoded picture and keep its features; the picture itself is forgotten.

        An existing key is replaced. When this returns, the picture is durable and will be found. With `on_duplicate`,
        near-identical pictures of other keys are told, or keep this one from being added.

        Raises:
            InvalidInput: the picture, the region or a text cannot be used; see its subclasses.
            InstanceNotFound: there is no such instance.
            FeatureModelMismatch: its features were made by a model that is not here.
            CapacityReached: the instance is full.
            DuplicatePicture: a near-identical picture is there and `on_duplicate` says to refuse.
        """
        check_custom_content(custom_content)
        with self._instances.using(instance_name) as instance:
            given = applied_category(instance, category)
            analysis = self._analyst.analyse(
                data, model=instance.model, crop=crop, region=region, category=given, orientation=orientation
            )
            subject = analysis.subject
            picture = Picture(key, subject.category, subject.region, custom_content, attributes)
            vector = stored_vector(self._keyring, instance, analysis.vector)
            with stage("catalogue"):
                replaced, duplicates = self._keep(instance, NewPicture(picture, vector), on_duplicate)
            with stage("index"):
                self._indexes.follow(instance)
        return Added(subject.category, subject.region, subject.regions, subject.categories, replaced, duplicates)

    def _keep(
        self, instance: Instance, new: NewPicture, on_duplicate: OnDuplicate
    ) -> tuple[bool, tuple[PictureKey, ...]]:
        """Store a picture; whether it replaced one, and its duplicates if asked for."""
        if on_duplicate is OnDuplicate.ALLOW:
            return self._catalogue.add(instance, [new])[0], ()
        # From the look to the commit, so that of two equal pictures that come at once one is seen.
        with self._catalogue.alone_adding(instance):
            found = self._duplicates.of(instance, new.vector.astype(np.float16), new.picture.key)
            if found and on_duplicate is OnDuplicate.REFUSE:
                raise _duplicate(found)
            return self._catalogue.add(instance, [new])[0], found

    def get(self, instance_name: str, key: PictureKey) -> Picture:
        """What is stored of a picture beside its features.

        Raises:
            InstanceNotFound: there is no such instance.
            PictureNotFound: there is no such picture.
        """
        with self._instances.using(instance_name) as instance:
            return self._catalogue.picture(instance, key).picture

    def matching(self, instance_name: str, tree: Filter, *, num: int = 10, start: int = 0) -> list[Picture]:
        """The pictures whose attributes match a filter, in the order in which they were added.

        Args:
            instance_name: where to look.
            tree: the filter.
            num: pictures wanted, at most.
            start: how many of the first to pass over.

        Raises:
            InstanceNotFound: there is no such instance.
        """
        with self._instances.using(instance_name) as instance:
            ids = self._catalogue.select_ids(instance, tree, None)[start : start + num].tolist()
            stored = self._catalogue.pictures(instance, ids)
        return [stored[each].picture for each in ids if each in stored]

    def update(self, instance_name: str, key: PictureKey, changes: Mapping[str, int | str | None]) -> Picture:
        """Change attributes or custom content by name; None clears one. Features stay as they are.

        Raises:
            InvalidAttribute: an unknown name or a value out of its limits.
            InstanceNotFound: there is no such instance.
            PictureNotFound: there is no such picture.
        """
        _check_changes(changes)
        with self._instances.using(instance_name) as instance:
            self._catalogue.update(instance, key, changes)
            return self._catalogue.picture(instance, key).picture

    def delete(self, instance_name: str, product_id: str, pic_name: str | None = None) -> list[PictureKey]:
        """Delete one picture, or all of a product; returns the keys deleted, none when nothing matched.

        Raises:
            InvalidKey: a key part is malformed.
            InstanceNotFound: there is no such instance.
        """
        check_key_part("product_id", product_id)
        if pic_name is not None:
            check_key_part("pic_name", pic_name)
        instance = self._instances.get(instance_name)
        return self._catalogue.delete(instance, product_id, pic_name)

    def delete_matching(self, instance_name: str, tree: Filter) -> list[PictureKey]:
        """Delete every picture whose attributes match a filter; returns their keys.

        Raises:
            InstanceNotFound: there is no such instance.
        """
        return self._catalogue.delete_matching(self._instances.get(instance_name), tree)


def _duplicate(found: Sequence[PictureKey]) -> DuplicatePicture:
    first, *others = found
    more = f" and {len(others)} more" if others else ""
    return DuplicatePicture(
        f"The picture is near-identical to product {first.product_id!r}, picture {first.pic_name!r}{more}.",
        "Add it with on_duplicate=allow if it shall be kept all the same.",
    )


def applied_category(instance: Instance, given: Category | None) -> Category | None:
    """The category that holds before prediction: the given one, or Other always in generic instances."""
    return Category.OTHER if instance.spec.type is InstanceType.GENERIC else given


def stored_vector(keyring: Keyring, instance: Instance, vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    """Features, float32[D], as they are stored and searched: transformed by the instance's key, float16[D]."""
    return keyring.instance(instance.uid).transform(vector).astype(np.float16)


def _check_changes(changes: Mapping[str, int | str | None]) -> None:
    known = Attributes()
    texts = {"custom_content": changes.get("custom_content")}
    if unknown := changes.keys() - known.as_dict().keys() - texts.keys():
        raise InvalidAttribute(
            f"There is no attribute {', '.join(sorted(unknown))}.",
            f"Use {', '.join([*known.as_dict(), *texts])}.",
        )
    content = texts["custom_content"]
    if content is not None and not isinstance(content, str):
        raise InvalidAttribute("custom_content is no text.", "Give a string.")
    check_custom_content(content)
    replace(known, **{name: value for name, value in changes.items() if name not in texts})  # type: ignore[arg-type] # checked there
