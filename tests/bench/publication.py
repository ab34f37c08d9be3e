# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the figures into docs/benchmark and README.md."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.tests.bench import report
from ansible_collections.mssp.defender_xdr.tests.bench.figures import Figures

BEGIN: t.Final = "<!-- speed: written by ./dev bench --publish -->"
END: t.Final = "<!-- /speed -->"


def publish(figures: Figures, output: Path, root: Path) -> None:
    """The tables, the JSON and the plot in docs/benchmark, and what a newcomer wants of them
    between the marks in README.md."""
    docs = root / "docs/benchmark"
    docs.mkdir(parents=True, exist_ok=True)
    (docs / "README.md").write_text(
        f"# Benchmark\n\nMade by `./dev bench --publish`.\n\n{report.markdown(figures)}\n"
        "![Seconds by number of tenants](bench.svg)\n"
    )
    for name in ("results.json", "bench.svg"):
        (docs / name).write_bytes((output / name).read_bytes())
    readme = root / "README.md"
    before, mark, rest = readme.read_text().partition(BEGIN)
    _old, other, after = rest.partition(END)
    if not (mark and other):
        raise SystemExit(f"README.md has no {BEGIN} … {END} to write between.")
    readme.write_text(f"{before}{mark}\n{report.short(figures)}{other}{after}")
