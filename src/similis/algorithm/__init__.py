"""Picture bytes in; category, subject region and features out. Keeps nothing."""

from similis.algorithm._decode import Orientation, PictureLimits, decode

__all__ = ["Orientation", "PictureLimits", "decode"]
