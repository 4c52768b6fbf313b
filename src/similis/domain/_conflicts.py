"""Errors of requests that are sound and may go well at another time; the whole tree is drawn in `_errors`."""

from __future__ import annotations

from similis.domain._errors import SimilisError


class Conflict(SimilisError):
    """The request is sound but the present state forbids it."""

    code = "conflict"


class InstanceExists(Conflict):
    """An instance of that name exists already."""

    code = "instance_exists"


class CapacityReached(Conflict):
    """The instance holds as many pictures as it may."""

    code = "capacity_reached"


class CapacityTooSmall(Conflict):
    """The instance holds more pictures than the capacity that it was to have."""

    code = "capacity_too_small"


class PicturesUsedUp(Conflict):
    """With the access key, as many pictures were added today as may be."""

    code = "pictures_used_up"


class DuplicatePicture(Conflict):
    """The picture is near-identical to a stored one of another key, and the caller asked to refuse those."""

    code = "duplicate_picture"


class NothingToTune(Conflict):
    """The instance has too few products with several pictures to learn from."""

    code = "nothing_to_tune"


class ConnectionExists(Conflict):
    """A connection of that name exists already."""

    code = "connection_exists"


class TaskRunning(Conflict):
    """A task of this kind is running for the instance already."""

    code = "task_running"


class ExportNotReady(Conflict):
    """The export has not ended, or not well, so that there is nothing to fetch."""

    code = "export_not_ready"


class InstanceEmpty(Conflict):
    """The instance holds no picture, so there is nothing to rebuild."""

    code = "instance_empty"


class InstanceRebuilding(Conflict):
    """The instance is being rebuilt, from storage or with another key, and takes no changes until that has ended."""

    code = "instance_rebuilding"


class TaskCancelled(Conflict):
    """The task was cancelled."""

    code = "task_cancelled"


class TaskTaken(Conflict):
    """Another process works on the task now, or it has ended: what this one did last was not kept."""

    code = "task_taken"


class TooManyFailures(Conflict):
    """More pictures of a rebuild failed than could be added, so that it took the place of nothing."""

    code = "too_many_failures"


class SourceChanged(Conflict):
    """The file increment.meta was changed while it was being imported."""

    code = "source_changed"


class FeatureModelMismatch(Conflict):
    """The instance was made with another feature model than the one loaded."""

    code = "feature_model_mismatch"


class NoTextEncoder(Conflict):
    """The instance's features have no text encoder."""

    code = "no_text_encoder"
