"""Pictures made from the numbers that lie beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Array = NDArray[np.float64]

_INK = (27, 54, 93)
_AXIS = (120, 120, 120)


def grey(path: Path, values: Array, *, low: float = 1.0, high: float = 99.0, invert: bool = False) -> Path:
    """Write a 2D array as an 8-bit picture, its grey values stretched between two percentiles."""
    bottom, top = np.percentile(values, [low, high])
    scaled = np.clip((values - bottom) / max(top - bottom, 1e-12), 0.0, 1.0)
    pixels = ((1.0 - scaled if invert else scaled) * 255).astype(np.uint8)
    return _save(path, Image.fromarray(pixels))


def curve(
    path: Path, x: Sequence[float] | Array, y: Sequence[float] | Array, title: str, *, points: bool = False
) -> Path:
    """Write a line (or scatter) plot with its ranges printed at the axes."""
    width, height, margin = 480, 320, 44
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    draw.rectangle((margin, margin // 2, width - margin // 2, height - margin), outline=_AXIS)
    draw.text((margin, 4), title, fill=_INK)
    for value, anchor, place in (
        (xs.min(), "la", (margin, height - margin + 6)),
        (xs.max(), "ra", (width - margin // 2, height - margin + 6)),
        (ys.min(), "rd", (margin - 4, height - margin)),
        (ys.max(), "ra", (margin - 4, margin // 2)),
    ):
        draw.text(place, f"{value:.3g}", fill=_AXIS, anchor=anchor)
    across = margin + _fraction(xs) * (width - 1.5 * margin)
    down = height - margin - _fraction(ys) * (height - 1.5 * margin)
    places = [(float(a), float(d)) for a, d in zip(across, down, strict=True)]
    if points:
        for a, d in places:
            draw.ellipse((a - 2, d - 2, a + 2, d + 2), fill=_INK)
    else:
        draw.line(places, fill=_INK, width=2, joint="curve")
    return _save(path, picture)


def _fraction(values: Array) -> Array:
    span = values.max() - values.min()
    return (values - values.min()) / span if span > 0 else np.full_like(values, 0.5)


def _save(path: Path, picture: Image.Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
    return path
