"""Measurements of retrieval quality, made through the service as a user would."""

from similis.evaluation._evaluate import Progress, evaluate, scratch_app
from similis.evaluation._labels import GALLERY_SPLITS, QUERY_SPLITS, LabelledPicture, Labels, read_labels
from similis.evaluation._metrics import Ranking, bootstrap_interval, mean_average_precision, recall_at
from similis.evaluation._report import BadPicture, Report

__all__ = [
    "GALLERY_SPLITS",
    "QUERY_SPLITS",
    "BadPicture",
    "LabelledPicture",
    "Labels",
    "Progress",
    "Ranking",
    "Report",
    "bootstrap_interval",
    "evaluate",
    "mean_average_precision",
    "read_labels",
    "recall_at",
    "scratch_app",
]
