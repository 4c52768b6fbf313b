"""The whole way of a picture: bytes → pixels → subject → sight → category and features."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from similis.algorithm._attention import look
from similis.algorithm._backbone import Backbone, Maps, Pixels
from similis.algorithm._category import CategoryHead, decided_category
from similis.algorithm._clarity import say_of_colours
from similis.algorithm._decode import DEFAULT_LIMITS, Decode, Orientation, PictureLimits, decode
from similis.algorithm._encoders import Description, ImageEncoder
from similis.algorithm._features import Describer, Features, palette, unit
from similis.algorithm._frames import inner_picture, other_frames
from similis.algorithm._guises import recoloured
from similis.algorithm._light import lit
from similis.algorithm._scores import Calibration
from similis.algorithm._subject import SubjectFinder, SubjectHead, SubjectMode, SubjectNetwork, chosen_subject
from similis.algorithm.models import ModelStore
from similis.domain import Category, InstanceType, Region, Subject, tell_stage

BACKBONE = "efficientnet-lite2"
PRECISE_SUBJECT = "u2netp"


def needed_models(subject: SubjectMode) -> tuple[str, ...]:
    """The names of the models that the pipeline loads to find subjects in this way."""
    return (BACKBONE, PRECISE_SUBJECT) if subject is SubjectMode.PRECISE else (BACKBONE,)


@dataclass(frozen=True)
class Analysis:
    """What is kept of a picture; the pixels are not, but for a few while it is searched with.

    Attributes:
        subject: the region used, its category, and the alternatives to both.
        vector: features of the region used, float32[dimension], of unit length.
        milliseconds: time by stage: decode, backbone, subject, category, features.
        frames: where a picture inside the picture was used, what may be meant instead; see `analyse`.
        palette: some of its pixels, to tell what its colours may have been; see `Pipeline.apart`.
        by_colour: of a blurred or noisy picture, features to search with where `vector` has no good match.
    """

    subject: Subject
    vector: Features
    milliseconds: dict[str, float]
    palette: Pixels
    frames: tuple[Region, ...] = ()
    by_colour: Features | None = None

    @property
    def collage(self) -> bool:
        """Whether `frames` are pictures of a collage, of which any may be meant as well as the one used."""
        return bool(self.frames) and self.subject.regions[-1] not in self.frames


class Pipeline:
    """Loaded models and the way through them. Safe for threads; the same bytes always give the same bits.

    Attributes:
        model: names everything that decides the features; features of different models do not mix.
        dimension: numbers in a feature vector.
        decode: makes pixels of a picture's bytes.
    """

    def __init__(
        self,
        finder: SubjectFinder,
        backbone: Backbone,
        head: CategoryHead,
        description: Description,
        calibrations: Mapping[InstanceType, Calibration],
        decode: Decode = decode,
    ) -> None:
        self._finder = finder
        self._backbone = backbone
        self._head = head
        self._description = description
        self._calibrations = calibrations
        self.decode = decode
        self.model = description.name
        self.dimension = description.dimension

    @classmethod
    def load(
        cls,
        store: ModelStore,
        threads: int = 1,
        finder: SubjectMode = SubjectMode.FAST,
        decode: Decode = decode,
    ) -> Pipeline:
        """Load the default models.

        Args:
            store: where the model files are.
            threads: threads inside one pass of a model.
            finder: how subjects are found.
            decode: makes pixels of a picture's bytes, bit by bit as the default does.

        Raises:
            ModelNotFetched: a model file is not there.
            ModelDamaged: a model file is not the one that was fetched.
        """
        backbone = Backbone(store.path(BACKBONE), store.manifest(BACKBONE), threads)
        curves = {kind: Calibration.for_type(kind) for kind in InstanceType}
        return cls(_finder(store, threads, finder), backbone, CategoryHead(), Describer(), curves, decode)

    def with_encoder(self, encoder: ImageEncoder, calibration: Calibration) -> Pipeline:
        """The same way of a picture, but with the features of an added encoder."""
        curves = dict.fromkeys(InstanceType, calibration)
        return Pipeline(self._finder, self._backbone, self._head, encoder, curves, self.decode)

    def calibration(self, kind: InstanceType) -> Calibration:
        """How similarities of these features read as scores in instances of a type."""
        return self._calibrations[kind]

    def analyse(
        self,
        data: bytes,
        *,
        crop: bool = True,
        region: Region | None = None,
        subject: int | None = None,
        frame: Region | None = None,
        category: Category | None = None,
        limits: PictureLimits = DEFAULT_LIMITS,
        orientation: Orientation = Orientation.APPLY,
    ) -> Analysis:
        """Decode a picture and find its subject, category and features.

        Args:
            data: an encoded picture.
            crop: use the main subject; False uses the whole picture and looks for no subjects.
            region: use this region whatever `crop` says, in pixels of the picture as it is seen.
            subject: use the subject found in this place, 1 being the main one.
            frame: take this part for a picture by itself, instead of looking for a picture inside the picture.
            category: what the user knows it to be; None lets it be predicted.
            limits: what the picture may measure.
            orientation: what to do with a picture turned by EXIF.

        Raises:
            InvalidPicture: one of its kinds, see `decode`.
            InvalidRegion: the region reaches outside the picture.
            InvalidSubject: there are not so many subjects in it.
        """
        times: dict[str, float] = {}
        with _timed("decode", times):
            pixels = self.decode(data, limits, orientation)
        analysis = self.analyse_pixels(
            pixels, crop=crop, region=region, subject=subject, frame=frame, category=category
        )
        return replace(analysis, milliseconds=times | analysis.milliseconds)

    def analyse_pixels(
        self,
        pixels: Pixels,
        *,
        crop: bool = True,
        region: Region | None = None,
        subject: int | None = None,
        frame: Region | None = None,
        category: Category | None = None,
    ) -> Analysis:
        """As `analyse`, for pixels that are decoded already: RGB, uint8[height, width, 3], of any size.

        Raises:
            InvalidRegion: the region reaches outside the picture.
            InvalidSubject: there are not so many subjects in it.
        """
        height, width = pixels.shape[:2]
        whole = Region.whole(width, height)
        times: dict[str, float] = {}
        with _timed("backbone", times):
            small = self._backbone.squashed(pixels)
        with _timed("subject", times):
            inner = frame
            if frame is None and crop and region is None:
                inner = inner_picture(small, width, height)
        if inner is None or inner == whole:
            return self._analyse(pixels, small, crop, region, subject, category, times)
        alone = pixels[inner.y1 : inner.y2, inner.x1 : inner.x2]
        found = self._analyse(alone, self._backbone.squashed(alone), crop, None, subject, category, times)
        return _seen_from_outside(found, inner, whole, () if frame else other_frames(inner, whole))

    def _analyse(
        self,
        pixels: Pixels,
        small: Pixels,
        crop: bool,
        region: Region | None,
        subject: int | None,
        category: Category | None,
        times: dict[str, float],
    ) -> Analysis:
        """A picture that is not looked at for one inside it; `small` is the same squashed."""
        with _timed("backbone", times):
            light = lit(pixels)
            if light is not pixels:
                small = self._backbone.squashed(light)
            maps = self._backbone.maps(small)
        with _timed("subject", times):
            regions = self._regions(light, maps, crop, region)
            used = chosen_subject(regions, subject)
        with _timed("backbone", times):
            sight = look(self._backbone, light, used, maps, small)
        with _timed("category", times):
            candidates = self._head.predict(sight)
        with _timed("features", times):
            vector = self._description.describe(sight)
            say = say_of_colours(small)
            by_colour = self._description.by_colour(vector, say) if say > 1 else None
        best = decided_category(candidates) if category is None else category
        found = Subject(best, used, regions, candidates)
        return Analysis(found, vector, times, palette(sight), by_colour=by_colour)

    def apart(self, analysis: Analysis) -> Features | None:
        """What is seen of a picture, its colours, and what these may have been, as `likeliest` takes them.

        None where the features do not tell these apart, and of blurred and noisy pictures.
        """
        if analysis.by_colour is not None:
            return None
        return self._description.apart(analysis.vector, recoloured(analysis.palette))

    def plain_pools(self, pixels: Pixels, powers: Sequence[float] = (1.0,)) -> list[Features]:
        """Generalised means of the backbone's last map over a whole picture, of unit length: a measure of quality.

        Args:
            pixels: RGB, uint8[height, width, 3].
            powers: exponents, one mean each: 1 is the plain mean, the higher the nearer to the maximum.
        """
        cells = self._backbone.maps(pixels).feature_map
        rows = np.maximum(cells.reshape(len(cells), -1), 0.0)
        return [unit(np.mean(rows**power, axis=1) ** (1 / power)) for power in powers]

    def _regions(self, pixels: Pixels, maps: Maps, crop: bool, region: Region | None) -> tuple[Region, ...]:
        """All regions known of a picture, the one to use first and the whole picture last."""
        height, width = pixels.shape[:2]
        whole = Region.whole(width, height)
        if region is not None:
            return tuple(dict.fromkeys([region.inside(width, height), whole]))
        return self._finder.regions(pixels, maps) if crop else (whole,)


def _seen_from_outside(inner: Analysis, frame: Region, whole: Region, frames: tuple[Region, ...]) -> Analysis:
    """What was found in an inner picture, in pixels of the outer one, which closes the list of regions.

    The inner picture itself is a region only where it is the subject: those before the last are what can be chosen.
    """
    subjects = inner.subject.regions[:-1] or inner.subject.regions
    regions = (*(region.moved(frame.x1, frame.y1) for region in subjects), whole)
    used = inner.subject.region.moved(frame.x1, frame.y1)
    return replace(inner, subject=replace(inner.subject, region=used, regions=regions), frames=frames)


def _finder(store: ModelStore, threads: int, mode: SubjectMode) -> SubjectFinder:
    if mode is SubjectMode.FAST:
        return SubjectHead(threads)
    return SubjectNetwork(store.path(PRECISE_SUBJECT), store.manifest(PRECISE_SUBJECT), threads)


@contextmanager
def _timed(stage: str, times: dict[str, float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds = time.perf_counter() - started
    tell_stage(stage, seconds)
    times[stage] = times.get(stage, 0.0) + seconds * 1000
