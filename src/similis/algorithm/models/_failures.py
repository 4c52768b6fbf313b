"""What goes wrong with files of models becomes one kind of error, with advice."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from similis.domain import ModelNotFetched

_PROTECTED = (
    "Let the user that Similis runs as use it: directories need the rights r and x, and w to fetch models, files r. "
    "SIMILIS_MODELS names another directory."
)
_FULL = "Free some space there and where temporary files are, then run `similis models fetch`."
_ADVICE = {
    errno.EACCES: _PROTECTED,
    errno.EPERM: _PROTECTED,
    errno.EROFS: _PROTECTED,
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
}
_GENERAL_ADVICE = "Check the disk that holds it, or name another directory by SIMILIS_MODELS."


@contextmanager
def model_failures(directory: Path) -> Iterator[None]:
    """Turn the operating system's own errors into ModelNotFetched.

    Args:
        directory: the models directory, which is named where the error names no file.
    """
    try:
        yield
    except OSError as error:
        raise ModelNotFetched(
            f"The models directory cannot be used: {error.filename or directory}: {error.strerror or error}.",
            _ADVICE.get(error.errno or 0, _GENERAL_ADVICE),
        ) from None
