"""Sets the service's log up: one stream of lines, of our own code and of libraries, through one set of filters."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Sequence
from typing import TextIO

import structlog
from structlog.typing import Processor

from similis.gateway._redaction import redact, without_values
from similis.service import LogForm, LogLevel, Settings

_OWN = "similis"


def set_up_logs(settings: Settings, stream: TextIO | None = None) -> None:
    """Have everything that is logged in this process written to a stream, standard error by default.

    Libraries are heard from warnings on: what they tell below that is about single requests, with addresses.
    """
    stream = stream or sys.stderr
    terminal = stream.isatty()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(settings.log or (LogForm.HUMAN if terminal else LogForm.JSON), colours=terminal))
    level = settings.log_level or (LogLevel.WARNING if terminal else LogLevel.INFO)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.ERROR if level is LogLevel.ERROR else logging.WARNING)
    logging.getLogger(_OWN).setLevel(level.upper())
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_failed


def _formatter(form: LogForm, *, colours: bool) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_filters(form),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(form, colours=colours)],
    )


def _filters(form: LogForm) -> Sequence[Processor]:
    return (
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        without_values,
        redact,
        structlog.processors.TimeStamper(fmt="iso", utc=form is LogForm.JSON),
    )


def _renderer(form: LogForm, *, colours: bool) -> Processor:
    if form is LogForm.JSON:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=colours)


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    """Log what ended a thread, as everything else is logged."""
    if failed.exc_value is not None and failed.exc_type is not SystemExit:
        raised = failed.exc_type, failed.exc_value, failed.exc_traceback
        logging.getLogger(_OWN).error("A thread ended with an error.", exc_info=raised)
