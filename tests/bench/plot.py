# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plot of a results.json as SVG: ``plot.py results.json bench.svg``. Its colours read on a
light and on a dark page."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.tests.bench.cases import SMALL
from ansible_collections.mssp.defender_xdr.tests.bench.figures import Figures

GREY = "#7d8590"
LINES = {  # case: colour, style, what the line says
    "tenants_cold": ("#bf8700", "-", "a task for each tenant, cold"),
    "tenants_warm": ("#bf8700", ":", "a task for each tenant, warm"),
    "floor": (GREY, "--", "Ansible's floor: debug on every host"),
    "sweep_cold": ("#1f8fff", "-", "sweep, cold"),
    "sweep_warm": ("#1f8fff", ":", "sweep, warm"),
    "client": ("#2da44e", "--", "bare asyncio client, no Ansible"),
}
POINTS = {
    "uri": ("#e5534b", "two ansible.builtin.uri tasks"),
    "module": ("#a371f7", "an ordinary module (AnsiballZ)"),
}


def draw(figures: Figures, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    settings: dict[str, t.Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "bench",
        "font.family": "sans-serif",
        "font.size": 11,
    }
    settings |= {f"{part}.color": GREY for part in ("xtick", "ytick", "text")} | {
        "axes.labelcolor": GREY,
        "axes.edgecolor": GREY,
    }
    plt.rcParams.update(settings)
    figure, axes = plt.subplots(figsize=(9, 5.2), layout="constrained")
    sizes = figures.sizes()
    most = sizes[-1]
    for case, (colour, text) in POINTS.items():
        measured = figures.median(case, SMALL, "wall")
        if measured is not None:
            axes.plot(
                [SMALL, most],
                [measured, measured * most / SMALL],
                color=colour,
                linestyle=(0, (1, 4)),
                linewidth=1.2,
            )
            axes.plot(
                [SMALL],
                [measured],
                color=colour,
                marker="o",
                label=f"{text} (measured at {SMALL}; dots: in proportion)",
            )
    for case, (colour, style, text) in LINES.items():
        known = [
            (tenants, wall)
            for tenants in sizes
            if (wall := figures.median(case, tenants, "wall")) is not None
        ]
        if known:
            axes.plot(
                *zip(*known, strict=True),
                color=colour,
                linestyle=style,
                marker="o",
                markersize=3.5,
                linewidth=2,
                label=text,
            )
    axes.set(xscale="log", yscale="log", xlabel="customer tenants", ylabel="seconds, whole process")
    axes.set_xticks(sizes, [str(tenants) for tenants in sizes])
    axes.yaxis.set_major_formatter(lambda value, _unused: f"{value:g}")
    axes.minorticks_off()
    axes.grid(color=GREY, alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9.5, labelcolor=GREY)
    axes.set_title("A token and the incidents of every tenant", fontsize=12, loc="left")
    figure.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})


def main(source: str, target: str) -> int:
    try:
        draw(Figures(json.loads(Path(source).read_text())), Path(target))
    except ImportError as error:
        print(
            f"No plot: {error}. It needs matplotlib, as in tests/bench/requirements.txt.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
