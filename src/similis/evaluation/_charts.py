"""Plots of reports as inline SVG; colours come from the classes in `style.jinja`.

All but `growth` take figures in 0..1. Coordinates are pixels with the origin at the upper left.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from similis.evaluation._metrics import Estimate
from similis.evaluation._trust import Detection, Reliability

_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_WIDTH, _LABELS, _VALUES, _ROW = 720, 220, 60, 30
_SQUARE, _MARGIN = 260, 40
_WIDE, _HIGH, _BINS = 640, 180, 25
_LEAST_IN_FULL = 0.1
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a chart: a name, its figure, whether it is ours, and a figure to compare it with."""

    name: str
    figure: Estimate
    ours: bool
    beside: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Figures above zero over what they grow with, and whether they are ours."""

    points: Sequence[tuple[float, float]]
    ours: bool


def intervals(rows: Sequence[Row], title: str) -> Markup:
    """A dot for every figure on a scale from 0 to 1, with its interval."""
    lines = [_scale(len(rows))]
    for place, row in enumerate(rows):
        y = _ROW * place + _ROW / 2
        low, value, high = (_x(each) for each in (row.figure.low, row.figure.value, row.figure.high))
        kind = "ours" if row.ours else "floor"
        lines += [
            _row_texts(row, y, strong=row.ours),
            _tag("line", {"class": f"whisker {kind}", "x1": low, "x2": high, "y1": y, "y2": y}),
            _tag("circle", {"class": f"dot {kind}", "cx": value, "cy": y, "r": 5}),
        ]
    return _svg(_WIDTH, _ROW * len(rows) + 24, title, lines)


def bars(rows: Sequence[Row], title: str) -> Markup:
    """A bar for every figure on a scale from 0 to 1, and a mark where `beside` is."""
    lines = [_scale(len(rows))]
    for place, row in enumerate(rows):
        top, y = _ROW * place + 7, _ROW * place + _ROW / 2
        bar = {
            "class": "bar ours",
            "x": _x(0),
            "y": top,
            "width": _x(row.figure.value) - _x(0),
            "height": 16,
            "rx": 3,
        }
        lines += [_row_texts(row, y, strong=False), _tag("rect", bar)]
        if row.beside is not None:
            x = _x(row.beside)
            lines.append(_tag("line", {"class": "mark", "x1": x, "x2": x, "y1": top - 3, "y2": top + 19}))
    return _svg(_WIDTH, _ROW * len(rows) + 24, title, lines)


def reliability(best: Reliability, ten: Reliability, title: str) -> Markup:
    """The share of right results over their score: of the best results and of the ten best; ideal is the diagonal."""
    lines = [_square_scale()]
    for kind, curve in (("floor", ten), ("ours", best)):
        points = [(*_inside(each.score, each.right), each.count) for each in curve.bins]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
        lines.append(_tag("polyline", {"class": f"curve {kind}", "points": path}))
        most = max((count for _, _, count in points), default=1)
        for x, y, count in points:
            lines.append(
                _tag("circle", {"class": f"dot {kind}", "cx": x, "cy": y, "r": 3 + 5 * (count / most) ** 0.5})
            )
    return _svg(_SQUARE + _MARGIN + 12, _SQUARE + _MARGIN + 8, title, lines)


def distributions(detection: Detection, good_match: float, title: str) -> Markup:
    """How the best scores are spread when the query's product is in the gallery, and when it is not."""
    edges = np.linspace(0, 1, _BINS + 1)
    shares = {
        "ours": np.histogram(detection.present, edges)[0] / len(detection.present),
        "absent": np.histogram(detection.absent, edges)[0] / len(detection.absent),
    }
    peak = max(float(share.max()) for share in shares.values())
    lines = [_area(kind, share / peak) for kind, share in shares.items()]
    lines.append(_tag("line", {"class": "axis", "x1": 0, "x2": _WIDE, "y1": _HIGH, "y2": _HIGH}))
    lines += [_text(f"{tick:.2f}", _WIDE * tick, _HIGH + 16, _anchor(tick)) for tick in _TICKS]
    for kind, x in (("threshold", detection.threshold), ("good", good_match)):
        place = _WIDE * min(x, 1.0)
        lines.append(_tag("line", {"class": kind, "x1": place, "x2": place, "y1": 0, "y2": _HIGH}))
    return _svg(_WIDE, _HIGH + 22, title, lines)


def growth(lines: Sequence[Line], title: str) -> Markup:
    """Lines on logarithmic axes: what grows in proportion has the slope of the diagonal."""
    xs, ys = (_decades([point[axis] for line in lines for point in line.points]) for axis in (0, 1))
    drawn = [_log_grid(xs, ys)]
    for line in lines:
        kind = "ours" if line.ours else "floor"
        places = [_inside(_share_of(x, xs), _share_of(y, ys)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        drawn.append(_tag("polyline", {"class": f"curve {kind}", "points": path}))
        drawn += [_tag("circle", {"class": f"dot {kind}", "cx": x, "cy": y, "r": 4}) for x, y in places]
    return _svg(_SQUARE + _MARGIN + 16, _SQUARE + _MARGIN + 8, title, drawn)


def _decades(values: Sequence[float]) -> range:
    """Powers of ten around some values: two or more."""
    low = math.floor(math.log10(min(values)))
    return range(low, max(math.ceil(math.log10(max(values))), low + 1) + 1)


def _share_of(value: float, decades: range) -> float:
    return (math.log10(value) - decades[0]) / (decades[-1] - decades[0])


def _log_grid(xs: range, ys: range) -> Markup:
    left, bottom = _inside(0, 0)
    right, top = _inside(1, 1)
    lines = []
    for power in xs:
        x, _ = _inside(_share_of(10.0**power, xs), 0)
        lines += [_tag("line", {"class": "grid", "x1": x, "x2": x, "y1": top, "y2": bottom})]
        lines += [_text(_short(10.0**power), x, bottom + 16, "middle")]
    for power in ys:
        _, y = _inside(0, _share_of(10.0**power, ys))
        lines += [_tag("line", {"class": "grid", "x1": left, "x2": right, "y1": y, "y2": y})]
        lines += [_text(_short(10.0**power), left - 6, y + 4, "end")]
    return Markup("").join(lines)


def _short(value: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:g} {unit}"
    if value < _LEAST_IN_FULL:  # longer than the margin
        return f"10{str(round(math.log10(value))).translate(_RAISED)}"
    return f"{value:g}"


def _area(kind: str, heights: Iterable[float]) -> Markup:
    width = _WIDE / _BINS
    points = ["0," + str(_HIGH)]
    for place, height in enumerate(heights):
        y = _HIGH * (1 - 0.95 * height)
        points += [f"{place * width:.1f},{y:.1f}", f"{(place + 1) * width:.1f},{y:.1f}"]
    return _tag("polygon", {"class": f"area {kind}", "points": " ".join([*points, f"{_WIDE},{_HIGH}"])})


def _x(value: float) -> float:
    return _LABELS + value * (_WIDTH - _LABELS - _VALUES)


def _scale(rows: int) -> Markup:
    """Grid lines and their numbers below them."""
    bottom = _ROW * rows
    grid = [_tag("line", {"class": "grid", "x1": _x(t), "x2": _x(t), "y1": 0, "y2": bottom}) for t in _TICKS]
    return Markup("").join([*grid, *(_text(f"{t:.2f}", _x(t), bottom + 16, "middle") for t in _TICKS)])


def _row_texts(row: Row, y: float, *, strong: bool) -> Markup:
    kind = "name ours" if strong else "name"
    return _text(row.name, _LABELS - 14, y + 4, "end", kind) + _text(
        f"{row.figure.value:.3f}", _WIDTH, y + 4, "end", f"{kind} value"
    )


def _inside(x: float, y: float) -> tuple[float, float]:
    return _MARGIN + x * _SQUARE, 8 + (1 - y) * _SQUARE


def _square_scale() -> Markup:
    (left, bottom), (right, top) = _inside(0, 0), _inside(1, 1)
    frame = {"class": "grid frame", "x": left, "y": top, "width": right - left, "height": bottom - top}
    lines = [
        _tag("rect", frame),
        _tag("line", {"class": "ideal", "x1": left, "x2": right, "y1": bottom, "y2": top}),
    ]
    for tick in _TICKS:
        x, y = _inside(tick, tick)
        lines += [_text(f"{tick:g}", x, bottom + 16, "middle"), _text(f"{tick:g}", left - 6, y + 4, "end")]
    return Markup("").join(lines)


def _anchor(tick: float) -> str:
    return {0.0: "start", 1.0: "end"}.get(tick, "middle")


def _text(words: str, x: float, y: float, anchor: str, kind: str = "tick") -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        kind, x, y, anchor, words
    )


def _tag(name: str, attributes: Mapping[str, object]) -> Markup:
    given = Markup(" ").join(
        Markup('{}="{}"').format(key, f"{value:.1f}" if isinstance(value, float) else value)
        for key, value in attributes.items()
    )
    return Markup("<{} {}/>").format(name, given)


def _svg(width: int, height: int, title: str, lines: Iterable[Markup]) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        width, height, title, Markup("").join(lines)
    )
