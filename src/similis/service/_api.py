"""The public Python API: `similis.open(path)`."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from similis.domain import (
    DEFAULT_CAPACITY,
    Added,
    Attributes,
    DuplicateGroups,
    Instance,
    InstanceSpec,
    InstanceType,
    InvalidInput,
    OnDuplicate,
    Picture,
    PictureKey,
    SearchResult,
    SettingValue,
    Tuning,
    parse_filter,
)
from similis.service._app import App
from similis.service._inputs import (
    PictureSource,
    RegionSource,
    as_category,
    as_on_duplicate,
    as_region,
    as_search_options,
    read_picture,
    require_one_way_to_delete,
)
from similis.service._settings import Settings


class Similis:
    """A data directory opened for use. Close it, or use it in a `with` statement."""

    def __init__(self, app: App) -> None:
        self._app = app

    def create_instance(
        self,
        name: str,
        type: InstanceType | str = InstanceType.PRODUCT,  # noqa: A002 - the field's own word
        capacity: int = DEFAULT_CAPACITY,
        model: str | None = None,
    ) -> InstanceHandle:
        """Make an instance of type `product` or `generic` for at most `capacity` pictures.

        Its features are the built-in ones, or those of an image encoder added by manifest and named by `model`.

        Raises:
            InvalidName: the name cannot be used.
            InstanceExists: the name is taken.
        """
        self._app.instances.create(InstanceSpec(name, _instance_type(type), capacity=capacity), model=model)
        return InstanceHandle(self._app, name)

    def instance(self, name: str) -> InstanceHandle:
        """An existing instance.

        Raises:
            InstanceNotFound: there is none of that name.
        """
        self._app.instances.get(name)
        return InstanceHandle(self._app, name)

    def instances(self) -> list[Instance]:
        """All instances with their figures."""
        return self._app.instances.list()

    def delete_instance(self, name: str) -> None:
        """Delete an instance with everything in it.

        Raises:
            InstanceNotFound: there is none of that name.
        """
        self._app.instances.delete(name)

    def compare(self, first: PictureSource, second: PictureSource) -> float:
        """How alike two pictures are, 0..1.

        Raises:
            InvalidPicture: one of them cannot be used.
        """
        return self._app.search.compare(read_picture(first), read_picture(second))

    def close(self) -> None:
        """Give the data directory free."""
        self._app.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class InstanceHandle:
    """One instance: add pictures, search, change, delete."""

    def __init__(self, app: App, name: str) -> None:
        self._app = app
        self.name = name

    def info(self) -> Instance:
        """The instance's specification and figures."""
        return self._app.instances.get(self.name)

    def add(
        self,
        picture: PictureSource,
        *,
        product_id: str,
        pic_name: str,
        category: int | None = None,
        crop: bool = True,
        region: RegionSource = None,
        custom_content: str | None = None,
        on_duplicate: OnDuplicate | str = OnDuplicate.ALLOW,
        **attributes: int | str | None,
    ) -> Added:
        """Keep a picture's features under its key; see `similis.service` for what each parameter means.

        Args:
            picture: encoded bytes, a path or a file open for reading bytes.
            product_id: which product it shows.
            pic_name: which picture of the product it is.
            category: the product's category; None predicts it.
            crop: find the main subject and use only that.
            region: use this rectangle instead, `x1,x2,y1,y2` in pixels.
            custom_content: any text to get back with a match.
            on_duplicate: what to do where a near-identical picture is stored under another key: `allow`, `report`
                their keys in the answer's `duplicates`, or `refuse` to add it.
            **attributes: `int_attr`…`int_attr4`, `str_attr`…`str_attr4`, for filters.

        Raises:
            InvalidInput: the picture or a parameter cannot be used; see its subclasses.
            CapacityReached: the instance is full.
            DuplicatePicture: it was refused.
        """
        return self._app.pictures.add(
            self.name,
            read_picture(picture),
            PictureKey(product_id, pic_name),
            category=as_category(category),
            crop=crop,
            region=as_region(region),
            custom_content=custom_content,
            attributes=Attributes(**attributes),  # type: ignore[arg-type] # checked there, at run time
            on_duplicate=as_on_duplicate(on_duplicate),
        )

    def search(
        self,
        picture: PictureSource,
        num: int = 10,
        *,
        start: int = 0,
        category: int | None = None,
        crop: bool = True,
        region: RegionSource = None,
        subject: int | None = None,
        filter: str | None = None,  # noqa: A002 - the field's own word
        distinct_product: bool = False,
        min_score: float = 0.0,
        good_match: float | None = None,
    ) -> SearchResult:
        """Find the most similar pictures.

        Args:
            picture: encoded bytes, a path or a file open for reading bytes.
            num: results wanted, 1..100.
            start: how many of the best to pass over.
            category: search in this category; None predicts it (product instances).
            crop: find the main subject and use only that.
            region: use this rectangle instead, `x1,x2,y1,y2` in pixels.
            subject: use the subject found in this place, 1 being the main one.
            filter: such as `int_attr>=2 AND str_attr="red"`.
            distinct_product: keep only the best picture of each product.
            min_score: keep only results that score at least this, 0..1.
            good_match: the score from which on a match is good, 0..1; None uses what fits the features.

        Raises:
            InvalidInput: the picture or a parameter cannot be used; see its subclasses.
        """
        options = as_search_options(num, start, category, filter, distinct_product, min_score, good_match)
        data = read_picture(picture)
        return self._app.search.by_picture(
            self.name, data, options, crop=crop, region=as_region(region), subject=subject
        )

    def search_by_name(
        self,
        product_id: str,
        pic_name: str,
        num: int = 10,
        *,
        start: int = 0,
        category: int | None = None,
        filter: str | None = None,  # noqa: A002 - the field's own word
        distinct_product: bool = False,
        min_score: float = 0.0,
        good_match: float | None = None,
    ) -> SearchResult:
        """Find the pictures most similar to a stored one; parameters as in `search`.

        Raises:
            PictureNotFound: there is no such picture.
        """
        options = as_search_options(num, start, category, filter, distinct_product, min_score, good_match)
        return self._app.search.by_name(self.name, PictureKey(product_id, pic_name), options)

    def search_by_text(
        self,
        text: str,
        num: int = 10,
        *,
        start: int = 0,
        category: int | None = None,
        filter: str | None = None,  # noqa: A002 - the field's own word
        distinct_product: bool = False,
        min_score: float = 0.0,
        good_match: float | None = None,
    ) -> SearchResult:
        """Find the pictures that a text describes best; parameters as in `search`.

        Raises:
            NoTextEncoder: no text encoder is installed for the instance's features.
        """
        options = as_search_options(num, start, category, filter, distinct_product, min_score, good_match)
        return self._app.search.by_text(self.name, text, options)

    def set(self, **settings: SettingValue) -> Instance:
        """Change settings, and return the instance; None takes one away.

        Args:
            **settings: `capacity`, pictures at most (not None), `retention_days`, after which pictures are removed,
                `qps`, calls a second over HTTP, `max_body`, bytes of such a call, and `picture_url`, where the
                console finds the shop's pictures.

        Raises:
            CapacityTooSmall: the capacity is below the number of pictures that there are.
            InvalidInput: nothing, an unknown setting, or a value out of its limits.
        """
        return self._app.instances.set(self.name, **settings)

    def tune(self, *, dry_run: bool = False) -> Tuning:
        """Learn from the instance's own products, and search by that from then on if it surely helps.

        Args:
            dry_run: only tell whether it would.

        Raises:
            NothingToTune: too few products have several pictures.
        """
        return self._app.tuning.tune(self.name, dry_run=dry_run)

    def undo_tuning(self) -> Instance:
        """Search by the features as they are again."""
        return self._app.tuning.undo(self.name)

    def duplicates(self, min_similarity: float | None = None) -> DuplicateGroups:
        """Groups of near-identical pictures, the largest first.

        Args:
            min_similarity: cosine of features from which on pictures are near-identical, 0.7..1; None for the
                measured default.

        Raises:
            InvalidScore: `min_similarity` is out of range.
        """
        return self._app.duplicates.groups(self.name, min_similarity)

    def get(self, product_id: str, pic_name: str) -> Picture:
        """What is stored of a picture beside its features.

        Raises:
            PictureNotFound: there is no such picture.
        """
        return self._app.pictures.get(self.name, PictureKey(product_id, pic_name))

    def update(self, product_id: str, pic_name: str, **changes: int | str | None) -> Picture:
        """Change `custom_content`, `int_attr`…, `str_attr`…; None clears one.

        Raises:
            InvalidAttribute: an unknown name or a value out of its limits.
            PictureNotFound: there is no such picture.
        """
        return self._app.pictures.update(self.name, PictureKey(product_id, pic_name), changes)

    def delete(
        self,
        product_id: str | None = None,
        pic_name: str | None = None,
        *,
        filter: str | None = None,  # noqa: A002 - the field's own word
    ) -> list[PictureKey]:
        """Delete one picture, all of a product, or all that match a filter; returns the keys deleted.

        Raises:
            InvalidInput: neither or both of `product_id` and `filter` are given.
        """
        require_one_way_to_delete(product_id, pic_name, filter)
        if filter is not None:
            return self._app.pictures.delete_matching(self.name, parse_filter(filter))
        return self._app.pictures.delete(self.name, product_id or "", pic_name)


def open_directory(path: str | Path, **settings: Path | int) -> Similis:
    """Open a data directory, making it when it is new.

    Until it is closed, NumPy's linear algebra keeps to one thread in the whole process: Similis has its own threads.

    Args:
        path: the data directory.
        **settings: other `Settings`, such as `keys=` or `models=`.

    Raises:
        DataDirectoryLocked: another process owns it.
        StorageFailed: it cannot be read or written.
        KeyringFailed: its key directory is missing or unsafe.
    """
    return Similis(App.open(Settings(data=Path(path), **settings)))  # type: ignore[arg-type] # checked by Settings


def _instance_type(name: InstanceType | str) -> InstanceType:
    try:
        return InstanceType(name)
    except ValueError:
        raise InvalidInput(
            f"There is no instance type {name!r}.", f"Use one of: {', '.join(InstanceType)}."
        ) from None
