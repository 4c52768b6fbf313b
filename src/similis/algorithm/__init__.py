"""Picture bytes in; category, subject region and features out. Keeps nothing."""

from similis.algorithm._backbone import Backbone
from similis.algorithm._binary import binary_code, hamming_distances
from similis.algorithm._category import CategoryHead, decided_category
from similis.algorithm._curve_fit import MIN_QUERIES, Experience, own_curve
from similis.algorithm._decode import Decode, Orientation, PictureLimits, check_bytes, decode
from similis.algorithm._duplicates import DuplicateLimit
from similis.algorithm._encoders import ImageEncoder, TextEncoder
from similis.algorithm._features import Describer
from similis.algorithm._guises import likeliest
from similis.algorithm._pipeline import Analysis, Pipeline, needed_models
from similis.algorithm._scores import Calibration
from similis.algorithm._subject import SubjectFinder, SubjectHead, SubjectMode, SubjectNetwork
from similis.algorithm.models import Manifest, ModelStatus, ModelStore, Role
from similis.algorithm.tuning import Sample, Trial, TunedSpace, fit_space, run_trial

__all__ = [
    "MIN_QUERIES",
    "Analysis",
    "Backbone",
    "Calibration",
    "CategoryHead",
    "Decode",
    "Describer",
    "DuplicateLimit",
    "Experience",
    "ImageEncoder",
    "Manifest",
    "ModelStatus",
    "ModelStore",
    "Orientation",
    "PictureLimits",
    "Pipeline",
    "Role",
    "Sample",
    "SubjectFinder",
    "SubjectHead",
    "SubjectMode",
    "SubjectNetwork",
    "TextEncoder",
    "Trial",
    "TunedSpace",
    "binary_code",
    "check_bytes",
    "decided_category",
    "decode",
    "fit_space",
    "hamming_distances",
    "likeliest",
    "needed_models",
    "own_curve",
    "run_trial",
]
