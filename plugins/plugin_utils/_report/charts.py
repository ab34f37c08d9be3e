# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plots of a report as SVG. Colours come from the page's style sheet, so that they follow dark and
light.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t
import xml.etree.ElementTree as ET

Series = tuple[str, str, t.Sequence[int]]  # name, class for the colour, and a number for each label

# In units of the picture, which the page stretches to the width it has.
WIDTH: t.Final = 560
ROW: t.Final = 26
GAP: t.Final = 4  # between two bars
BARS: t.Final = 190  # where bars begin, behind the labels
LONGEST: t.Final = 310  # the longest bar; behind it there is room for its total
DIGIT: t.Final = 8  # the width of a digit, rounded up
BASELINE: t.Final = 4  # of a text below the middle of its bar
LABEL: t.Final = 24  # characters of a label; the table beside the plot has it whole


def bars(name: str, title: str, labels: t.Sequence[str], series: t.Sequence[Series]) -> str:
    """Horizontal stacked bars, one for each label from top to bottom, with its total behind it.

    :arg name: an id that is unique in the page.
    """
    plot = ET.Element(
        "svg",
        {
            "viewBox": f"0 0 {WIDTH} {ROW * len(labels)}",
            "class": "plot",
            "role": "img",
            "aria-labelledby": f"{name}-title",
            "aria-describedby": f"{name}-text",
            "preserveAspectRatio": "xMinYMin meet",
        },
    )
    _add(plot, "title", title, id=f"{name}-title")
    _add(plot, "desc", _description(labels, series), id=f"{name}-text")
    most = max(sum(numbers) for numbers in _stacks(labels, series))
    for row, (label, numbers) in enumerate(zip(labels, _stacks(labels, series), strict=True)):
        middle = ROW * row + ROW / 2
        _add(plot, "text", _shortened(label), "label", x=BARS - 6, y=middle + BASELINE)
        left: float = BARS
        for (_name, colour, _numbers), number in zip(series, numbers, strict=True):
            width = LONGEST * number / max(1, most)
            if number:
                top = middle - ROW / 2 + GAP / 2
                _add(plot, "rect", "", colour, x=left, y=top, width=width, height=ROW - GAP)
            shown = f"{number:,}"
            if width > DIGIT * len(shown):
                _add(
                    plot, "text", shown, f"value {colour}", x=left + width / 2, y=middle + BASELINE
                )
            left += width
        _add(plot, "text", f"{sum(numbers):,}", "total", x=left + 6, y=middle + BASELINE)
    return ET.tostring(plot, encoding="unicode")


def _stacks(labels: t.Sequence[str], series: t.Sequence[Series]) -> list[list[int]]:
    """For each label its number in every series."""
    return [[numbers[row] for _name, _colour, numbers in series] for row in range(len(labels))]


def _add(plot: ET.Element, tag: str, text: str, kind: str = "", **attributes: t.Any) -> None:
    """One element with its text; lengths are written with one decimal."""
    element = ET.SubElement(plot, tag, {"class": kind} if kind else {})
    for name, value in attributes.items():
        element.set(name, value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0"))
    element.text = text or None


def _shortened(label: str) -> str:
    return label if len(label) <= LABEL else f"{label[: LABEL - 1]}…"


def _description(labels: t.Sequence[str], series: t.Sequence[Series]) -> str:
    """What the plot shows, for those who do not see it; the whole table stands beside it."""
    parts = []
    for label, numbers in zip(labels, _stacks(labels, series), strict=True):
        named = zip(numbers, (name for name, _colour, _numbers in series), strict=True)
        said = ", ".join(f"{number} {name}" for number, name in named if number)
        parts.append(f"{label}: {said or 'none'}")
    return "; ".join(parts)
