# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plots of a report as SVG, drawn by pygal. Colours come from the page's style sheet, so that they
follow dark and light.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t
import xml.etree.ElementTree as ET

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

try:
    import pygal
except ImportError:  # optional: only the page needs it
    pygal = None

WIDTH: t.Final = 560
BAR: t.Final = 26
EDGE: t.Final = 6
NARROWEST: t.Final = 330  # of the picture's width, what labels leave to the bars
LABEL: t.Final = 24  # characters of a label; the table beside the plot has it whole
FIT: t.Final = 12


def check() -> None:
    """Refuse a page where the package that draws is missing, before anything is written."""
    if pygal is None:
        raise DefenderError(
            "bad_request",
            (
                "formats has html, but the Python package pygal, which draws its plots, is not"
                " installed on the controller."
            ),
            advice="Run: pip install pygal",
        )


def bars(
    name: str,
    title: str,
    labels: t.Sequence[str],
    series: t.Sequence[tuple[str, str, t.Sequence[int]]],
) -> str:
    """Horizontal stacked bars, one for each label from top to bottom.

    :arg name: an id that is unique in the page.
    :arg series: name, class for the colour, and a number for each label.
    """
    totals = [sum(own[at] for _name, _colour, own in series) for at in range(len(labels))]
    most = max([1, *totals])
    plot = pygal.HorizontalStackedBar(
        width=WIDTH,
        height=BAR * max(1, len(labels)) + EDGE,
        js=[],
        css=[],
        classes=[],
        no_prefix=True,
        disable_xml_declaration=True,
        show_legend=False,
        show_x_labels=False,
        print_values=True,
        margin=2,
        margin_left=10,
        spacing=6,
        truncate_label=-1,
        # room for the total behind the longest bar
        range=(0, most * 1.15),
        style=pygal.style.Style(
            label_font_size=FIT, major_label_font_size=FIT, value_font_size=FIT
        ),
        # a number stands in its bar only where it fits in
        formatter=lambda value: (
            f"{value:,.0f}" if value * NARROWEST / most > 8 * len(f"{value:,.0f}") else ""
        ),
    )
    # pygal draws the first label at the bottom
    plot.x_labels = [_short(label) for label in reversed(labels)]
    for label, _colour, own in series:
        plot.add(label, list(reversed(own)))
    plot.add(
        "",
        [
            {"value": 0, "formatter": lambda value, total=total: f"{total:,}"}
            for total in reversed(totals)
        ],
    )
    return _tidied(
        ET.fromstring(plot.render()),
        name,
        title,
        _said(labels, series),
        [*(colour for _label, colour, _own in series), "total"],
    )


def _short(label: str) -> str:
    return label if len(label) <= LABEL else f"{label[: LABEL - 1]}…"


def _said(labels: t.Sequence[str], series: t.Sequence[tuple[str, str, t.Sequence[int]]]) -> str:
    """What the plot shows, for those who do not see it; the whole table stands beside it."""
    parts = [
        f"{label}: "
        + (", ".join(f"{own[at]} {name}" for name, _colour, own in series if own[at]) or "none")
        for at, label in enumerate(labels)
    ]
    return "; ".join(parts)


def _tidied(svg: ET.Element, name: str, title: str, text: str, colours: t.Sequence[str]) -> str:
    """The picture without scripts, styles and tooltips; with a title and a description that a
    screen reader reads."""
    for parent in list(svg.iter()):
        for child in list(parent):
            words = (child.get("class") or "").split()
            tag = child.tag.rpartition("}")[2]
            empty = (
                tag == "text" and not child.text or tag == "rect" and "width" not in child.attrib
            )
            if (
                empty
                or tag in ("defs", "script", "style", "title", "desc")
                or {"tooltip-overlay", "background", "titles"} & set(words)
            ):
                parent.remove(child)
    for element in svg.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib.pop("style", None)
        if place := re.search(r"\bserie-(\d+)\b", element.get("class") or ""):
            element.set("class", f"series {colours[int(place[1])]}")
        for key, value in list(element.attrib.items()):
            if key in ("rx", "ry"):
                del element.attrib[key]
            elif key in ("x", "y", "width", "height") and "." in value:
                element.set(key, f"{float(value):.1f}")
    svg.attrib.pop("id", None)
    svg.attrib.pop("xmlns", None)
    svg.attrib |= {
        "class": "plot",
        "role": "img",
        "aria-labelledby": f"{name}-title",
        "aria-describedby": f"{name}-text",
        "preserveAspectRatio": "xMinYMin meet",
    }
    for at, (tag, said) in enumerate((("title", title), ("desc", text))):
        element = ET.Element(tag, {"id": f"{name}-{'title' if tag == 'title' else 'text'}"})
        element.text = said
        svg.insert(at, element)
    return ET.tostring(svg, encoding="unicode")
