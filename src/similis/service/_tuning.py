"""Use cases of tuning: learn from an instance's own products, try it, use it, undo it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from similis.algorithm import Sample, Trial, fit_space, run_trial
from similis.catalogue import Catalogue
from similis.domain import Instance, InstanceType, NothingToTune, Tuning
from similis.service._alone import Alone
from similis.service._analyst import Analyst
from similis.service._indexes import Indexes
from similis.service._instances import Instances
from similis.service._spaces import Spaces

MIN_PRODUCTS = 10
MIN_PICTURES = 30
# What a trial takes: half a minute and some 200 MB. More pictures teach little more.
MAX_PICTURES = 20_000
_COME_AGAIN = 30.0  # seconds


class Tunings:
    """The verbs of tuning. One instance is tuned at a time; searches and additions go on meanwhile."""

    def __init__(
        self, catalogue: Catalogue, spaces: Spaces, indexes: Indexes, analyst: Analyst, instances: Instances
    ) -> None:
        self._catalogue = catalogue
        self._spaces = spaces
        self._indexes = indexes
        self._analyst = analyst
        self._instances = instances
        self._alone = Alone("An instance is being tuned already, this one or another.", _COME_AGAIN)

    def tune(self, instance_name: str, *, dry_run: bool = False) -> Tuning:
        """Learn a transform of the stored features from the products that have several pictures, and try it.

        It is used from then on if it surely finds held-out products better than the features as they are. Otherwise
        everything stays as it is, an earlier tuning included.

        Args:
            instance_name: which instance.
            dry_run: only try.

        Raises:
            InstanceNotFound: there is no such instance.
            InstanceRebuilding: it is being rebuilt from storage, which would lose what was learned.
            NothingToTune: fewer than 10 products, or 30 pictures of them, to learn from.
            TooManyRequests: another tuning is under way.
        """
        with self._instances.using(instance_name) as instance, self._alone.at_once():
            return self._tune(instance, dry_run=dry_run)

    def tune_in_turn(self, instance: Instance) -> Tuning:
        """Tune an instance, be it one that users do not see, after those that are being tuned; see `tune`.

        Raises:
            InstanceNotFound: it was deleted meanwhile.
            InstanceRebuilding: it is being rebuilt from storage.
            NothingToTune: fewer than 10 products, or 30 pictures of them, to learn from.
        """
        with self._alone.in_turn():
            return self._tune(instance, dry_run=False)

    def undo(self, instance_name: str) -> Instance:
        """Search by the features as they are again; nothing happens where there is no tuning.

        Raises:
            InstanceNotFound: there is no such instance.
            InstanceRebuilding: it is being rebuilt from storage.
            TooManyRequests: a tuning is under way.
        """
        with self._alone.at_once(), self._instances.using(instance_name) as instance:
            self._catalogue.tunings.forget(instance)
            if instance.tuning is not None and instance.tuning.adopted:
                self._indexes.rebuild(instance)
            return self._instances.get(instance_name)

    def _tune(self, instance: Instance, *, dry_run: bool) -> Tuning:
        sample, products, pictures = self._sample(instance)
        trial = run_trial(sample)
        report = _report(trial, products, pictures, dry_run=dry_run)
        if not dry_run:
            self._conclude(instance, sample, trial, report)
        return report

    def _conclude(self, instance: Instance, sample: Sample, trial: Trial, report: Tuning) -> None:
        if report.adopted:
            curve = self._analyst.pipeline_of(instance.model).calibration(instance.spec.type)
            space = fit_space(sample, trial, curve.threshold)
            self._catalogue.tunings.set(instance, report, self._spaces.seal(instance, space))
            self._indexes.rebuild(instance)
        elif instance.tuning is None or not instance.tuning.adopted:
            self._catalogue.tunings.set(instance, report, None)

    def _sample(self, instance: Instance) -> tuple[Sample, int, int]:
        """Pictures to learn from and try on, and how many products with several pictures there are, and of these."""
        ids = self._catalogue.select_ids(instance, None, None)
        names = self._catalogue.names(instance, ids.tolist())
        ids = np.array([each for each in ids.tolist() if each in names], np.int64)
        owners = [names[each][0] for each in ids.tolist()]
        _, products, counts = np.unique(owners, return_inverse=True, return_counts=True)
        several = counts > 1
        found, pictures = int(several.sum()), int(counts[several].sum())
        if found < MIN_PRODUCTS or pictures < MIN_PICTURES:
            raise NothingToTune(
                f"The instance {instance.name!r} has {found} products with two or more pictures, {pictures} in all.",
                f"Tuning learns from {MIN_PRODUCTS} such products with {MIN_PICTURES} pictures on: "
                "give pictures of one product the same ProductId.",
            )
        kept = _draw(products, several)
        return self._read(instance, ids[kept], products[kept]), found, pictures

    def _read(self, instance: Instance, ids: npt.NDArray[np.int64], products: npt.NDArray[np.int64]) -> Sample:
        """The features of pictures, without those that are gone since their names were read."""
        vectors = self._catalogue.vectors(instance, ids.tolist())
        there = np.array([each in vectors for each in ids.tolist()])
        ids, products = ids[there], products[there]
        rows = np.array([vectors[each] for each in ids.tolist()], np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        places = np.zeros(len(ids), np.int64)
        if instance.spec.type is InstanceType.PRODUCT:
            categories = self._catalogue.categories(instance, ids.tolist())
            places = np.array([int(categories.get(each, -1)) for each in ids.tolist()], np.int64)
        return Sample(rows, products, places)


def _draw(products: npt.NDArray[np.int64], several: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Places of pictures to use: whole products at random, those with several pictures before the others."""
    rank = np.random.default_rng(0).permutation(len(several)) + np.where(several, 0, len(several))
    order = np.argsort(rank[products], kind="stable")
    return np.sort(order[:MAX_PICTURES])


def _report(trial: Trial, products: int, pictures: int, *, dry_run: bool) -> Tuning:
    low, high = trial.gain
    return Tuning(
        adopted=trial.better and not dry_run,
        reason=_reason(better=trial.better, dry_run=dry_run),
        method=trial.recipe.name,
        products=products,
        pictures=pictures,
        queries=trial.queries,
        recall_before=round(trial.recall[0], 4),
        recall_after=round(trial.recall[1], 4),
        precision_before=round(trial.precision[0], 4),
        precision_after=round(trial.precision[1], 4),
        gain_low=round(low, 4),
        gain_high=round(high, 4),
        tuned_at=datetime.now(UTC),
    )


def _reason(*, better: bool, dry_run: bool) -> str:
    if not better:
        return "Not adopted: products that it was not learned from are not surely found better with it."
    if dry_run:
        return "Would be adopted: products that it was not learned from are found better with it. This was a dry run."
    return "Adopted: products that it was not learned from are found better with it."
