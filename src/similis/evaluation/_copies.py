"""Copy detection: whether edited copies of gallery pictures find what they were made from.

What is put around a copy – other pictures of a collage, the photograph that one is pasted on – is not searched in, as
in DISC21 (Douze et al. 2021): else a collage of four would have four right answers, of which only one would count.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from similis.domain import InstanceType, PictureKey, SearchOptions
from similis.evaluation._edits import EDITS, edited
from similis.evaluation._floors import Described, Floor, describe
from similis.evaluation._labels import LabelledPicture
from similis.evaluation._metrics import Estimate
from similis.evaluation._searching import Bench, Trial, Way, loaded
from similis.service import read_picture

OURS = "similis"
_OTHERS = 3
_HELD_OUT = 10  # one in so many, where no queries stand apart from the gallery


@dataclass(frozen=True, slots=True)
class Copies:
    """How often the first result of an edited copy is the original.

    Attributes:
        pictures: how many were copied.
        gallery: how many were searched in.
        recall: R@1 by edit, of Similis (`OURS`) and of each floor.
        mean: R@1 over all edits, likewise; the interval is over pictures.
    """

    pictures: int
    gallery: int
    recall: dict[str, dict[str, Estimate]]
    mean: dict[str, Estimate]

    @classmethod
    def of(cls, hits: Sequence[dict[str, dict[str, bool]]], gallery: int) -> Copies:
        """Gather for each picture, by edit and by who searched, whether the original came first."""
        names = list(hits[0][next(iter(EDITS))])
        recall = {
            edit: {name: Estimate.of([float(each[edit][name]) for each in hits]) for name in names} for edit in EDITS
        }
        mean = {
            name: Estimate.of([float(np.mean([each[edit][name] for edit in EDITS])) for each in hits])
            for name in names
        }
        return cls(len(hits), gallery, recall, mean)

    def as_dict(self) -> dict[str, object]:
        """The figures as JSON can hold them."""
        return {
            "pictures": self.pictures,
            "gallery": self.gallery,
            "mean": {name: figure.as_dict() for name, figure in self.mean.items()},
            "recall_at_1": {
                edit: {name: round(figure.value, 4) for name, figure in figures.items()}
                for edit, figures in self.recall.items()
            },
        }


def measure_copies(bench: Bench, trial: Trial, stored: Described, count: int) -> Copies:
    """Search with edited copies of `count` gallery pictures, drawn with a fixed seed, in a generic instance.

    What is put around them are the trial's queries. Where these are the gallery itself, one in ten of its pictures –
    three at least, half of them at most – is held out of the instance for it.

    Args:
        bench: the service to measure.
        trial: a gallery and queries that can be used, and whether subjects are looked for.
        stored: features of the trial's gallery by floor, float32[n, dimension]; floors not there are not measured.
        count: pictures to copy.
    """
    way = Way(InstanceType.GENERIC, trial.way.crop)
    places, others = _sides(trial)
    gallery = [trial.gallery()[place] for place in places]
    drawn = np.sort(np.random.default_rng(0).permutation(len(gallery))[:count])
    with bench.instance(way.type) as instance:
        bench.fill(instance, way, gallery)
        kept = {floor: features[places] for floor, features in stored.items()}
        search = _Search(bench, instance, way, gallery, others, kept)
        numbers = {gallery[number].key: int(number) for number in drawn}
        chosen = [gallery[number] for number in drawn]
        hits = bench.each(lambda picture: search.hits(numbers[picture.key]), chosen, "Searching with copies")
    return Copies.of(hits, len(gallery))


def _sides(trial: Trial) -> tuple[NDArray[np.int64], list[LabelledPicture]]:
    """Places in the gallery of what is searched in, and the pictures to put around copies, which are not."""
    gallery = trial.gallery()
    if not trial.leave_one_out:
        return np.arange(len(gallery)), [each.picture for each in trial.searched if each.error is None]
    held = min(max(_OTHERS, len(gallery) // _HELD_OUT), len(gallery) // 2)
    order = np.random.default_rng(1).permutation(len(gallery))
    return np.sort(order[held:]), [gallery[place] for place in order[:held]]


class _Search:
    """Makes copies of a picture and searches with each; a picture that is in the gallery twice is right twice."""

    def __init__(
        self,
        bench: Bench,
        instance: str,
        way: Way,
        gallery: Sequence[LabelledPicture],
        others: Sequence[LabelledPicture],
        stored: Described,
    ) -> None:
        self._bench = bench
        self._instance = instance
        self._way = way
        self._gallery = gallery
        self._others = others
        self._stored = stored
        self._twins = _twins(gallery)

    def hits(self, place: int) -> dict[str, dict[str, bool]]:
        """By edit and by who searched, whether a copy of the picture in this place finds it."""
        random = np.random.default_rng([place, len(self._gallery)])
        beside = np.resize(random.permutation(len(self._others)), _OTHERS)  # some more than once where there are few
        picture = self._opened(self._gallery[place])
        others = [self._opened(self._others[int(each)]) for each in beside]
        return {
            edit: self._found(edited(edit, picture, others, [place, number]), place)
            for number, edit in enumerate(EDITS)
        }

    def _found(self, copy: bytes, place: int) -> dict[str, bool]:
        right = self._twins[self._gallery[place].key]
        options = SearchOptions(num=1)
        found = self._bench.app.search.by_picture(self._instance, copy, options, crop=self._way.crop)
        first = {OURS: found.matches[0].key if found.matches else None}
        if self._stored:
            described = describe(self._bench.app, self._bench.app.analyst.pixels(copy))
            best = {floor: int(np.argmax(self._stored[floor] @ described[floor])) for floor in Floor}
            first |= {floor.value: self._gallery[best[floor]].key for floor in Floor}
        return {name: key in right for name, key in first.items()}

    def _opened(self, picture: LabelledPicture) -> Image.Image:
        return Image.fromarray(self._bench.app.analyst.pixels(loaded(picture)))


def _twins(gallery: Sequence[LabelledPicture]) -> dict[PictureKey, set[PictureKey]]:
    """For each picture, those with the same bytes, itself included."""
    same: dict[bytes, set[PictureKey]] = defaultdict(set)
    digests = {picture.key: hashlib.sha256(read_picture(picture.path)).digest() for picture in gallery}
    for key, digest in digests.items():
        same[digest].add(key)
    return {key: same[digest] for key, digest in digests.items()}
