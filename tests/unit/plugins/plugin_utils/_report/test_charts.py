# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plot shows its numbers in proportion, and says them."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import charts
from hypothesis import given
from hypothesis import strategies as st

SEVERITIES = ["high", "medium", "low"]
TABLES = st.lists(
    st.tuples(*(st.integers(0, 10**6) for _each in SEVERITIES)), min_size=1, max_size=12
)


def drawn(rows: list[tuple[int, ...]]) -> ET.Element:
    labels = [f"tenant {number}" for number in range(len(rows))]
    series = [(name, name, [row[at] for row in rows]) for at, name in enumerate(SEVERITIES)]
    return ET.fromstring(charts.bars("plot", "Open incidents", labels, series))


def lengths(svg: ET.Element) -> dict[float, list[float]]:
    """By height in the picture, the lengths of the bars there."""
    found: dict[float, list[float]] = {}
    for drawn_bar in svg.iter("rect"):
        found.setdefault(float(drawn_bar.attrib["y"]), []).append(float(drawn_bar.attrib["width"]))
    return found


@given(rows=TABLES)
def test_bars_are_in_proportion_and_none_leaves_the_picture(rows: list[tuple[int, ...]]) -> None:
    svg = drawn(rows)
    most = max(1, *map(sum, rows))
    found = lengths(svg)
    for number, row in enumerate(rows):
        wanted = [charts.LONGEST * one / most for one in row if one]
        length = found.get(charts.ROW * number + charts.GAP / 2, [])
        assert len(length) == len(wanted)
        assert all(abs(a - b) <= 0.05 for a, b in zip(length, wanted, strict=True))
    height = float(svg.attrib["viewBox"].split()[3])
    for drawn_bar in svg.iter("rect"):
        assert float(drawn_bar.attrib["x"]) + float(drawn_bar.attrib["width"]) < charts.WIDTH
        assert 0 < float(drawn_bar.attrib["y"]) + float(drawn_bar.attrib["height"]) < height


@given(rows=TABLES)
def test_the_totals_and_the_description_say_every_number(rows: list[tuple[int, ...]]) -> None:
    svg = drawn(rows)
    totals = [text.text for text in svg.iter("text") if text.get("class") == "total"]
    assert totals == [f"{sum(row):,}" for row in rows]
    said = svg.findtext("desc") or ""
    for number, (row, part) in enumerate(zip(rows, said.split("; "), strict=True)):
        label, _colon, words = part.partition(": ")
        assert label == f"tenant {number}"
        named = [f"{one} {name}" for one, name in zip(row, SEVERITIES, strict=True) if one]
        assert words == (", ".join(named) or "none")


def test_a_number_stands_in_its_bar_only_where_it_fits() -> None:
    svg = drawn([(1000, 1, 0)])
    assert [text.text for text in svg.iter("text") if "value" in text.get("class", "")] == ["1,000"]


def test_a_label_is_shortened_and_cannot_become_markup() -> None:
    text = charts.bars("plot", "<b>", ["<script>" + "x" * 40], [("high", "high", [1])])
    assert "<script" not in text
    assert "<b>" not in text
    assert f"&lt;script&gt;{'x' * (charts.LABEL - 9)}…" in text
