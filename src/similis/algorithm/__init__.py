"""Picture bytes in; category, subject region and features out. Keeps nothing."""

from similis.algorithm._backbone import Backbone
from similis.algorithm._binary import binary_code, hamming_distance
from similis.algorithm._category import CategoryHead, decided_category
from similis.algorithm._decode import Orientation, PictureLimits, decode
from similis.algorithm._encoders import ImageEncoder, TextEncoder
from similis.algorithm._features import Describer
from similis.algorithm._pipeline import Analysis, Pipeline
from similis.algorithm._scores import Calibration
from similis.algorithm._subject import SubjectFinder
from similis.algorithm.models import Manifest, ModelStatus, ModelStore, Role
from similis.algorithm.tuning import TunedSpace

__all__ = [
    "Analysis",
    "Backbone",
    "Calibration",
    "CategoryHead",
    "Describer",
    "ImageEncoder",
    "Manifest",
    "ModelStatus",
    "ModelStore",
    "Orientation",
    "PictureLimits",
    "Pipeline",
    "Role",
    "SubjectFinder",
    "TextEncoder",
    "TunedSpace",
    "binary_code",
    "decided_category",
    "decode",
    "hamming_distance",
]
