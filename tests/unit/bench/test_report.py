# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.bench import publication, report
from ansible_collections.mssp.defender_xdr.tests.unit.bench.made_up import figures, record

FIGURES = figures(
    *(record("sweep_cold", 6.0 + run, run=run) for run in range(3)),
    record("sweep_cold", 18.0, tenants=3000),
    record("sweep_cold", 11.0, latency=150),
    record("tenants_cold", 30.0),
    record("uri", 25.0, tenants=50),
)


def test_the_readme_has_three_lines_one_of_them_with_latency() -> None:
    assert [line for line in report.short(FIGURES).splitlines() if line.startswith("- ")] == [
        "- sweep: 7.0 s for 1000 tenants, 18.0 s for 3000 tenants, 11.0 s for 1000 tenants if every"
        " response takes 150 ms",
        "- a task for each tenant: 30.0 s for 1000 tenants",
        "- two `ansible.builtin.uri` tasks for each tenant: 25.0 s for 50 tenants",
    ]


def test_latency_has_a_table_with_one_column_for_each() -> None:
    table = report.markdown(FIGURES)
    assert "| 1000 tenants, every answer takes | 0 ms | 150 ms |" in table
    assert "| sweep, cold | 7.00 (14.00) | 11.00 (22.00) |" in table


def test_the_footer_says_how_quiet_the_machine_was() -> None:
    footer = report.markdown(FIGURES).splitlines()[-1]
    assert "Load average before the start 0.10; other processes used 0.0% of the" in footer
    assert "; 1 of 7 processes ended while a core was below full speed;" in footer
    assert "spread over the runs is 29% (sweep_cold with 1000 tenants at 0 ms)" in footer


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output"
    folder.mkdir()
    (folder / "results.json").write_text("{}")
    (folder / "bench.svg").write_text("<svg/>")
    return folder


def test_docs_and_readme_are_written_from_the_same_figures(tmp_path: Path, output: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{publication.BEGIN}\nold\n{publication.END}\nafter\n")
    publication.publish(FIGURES, output, tmp_path)
    assert readme.read_text() == (
        f"before\n{publication.BEGIN}\n{report.short(FIGURES)}{publication.END}\nafter\n"
    )
    docs = tmp_path / "docs/benchmark"
    assert report.markdown(FIGURES) in (docs / "README.md").read_text()
    assert (docs / "results.json").read_text() == "{}"


def test_a_readme_without_marks_is_left_alone(tmp_path: Path, output: Path) -> None:
    (tmp_path / "README.md").write_text("text\n")
    with pytest.raises(SystemExit, match="has no <!-- speed"):
        publication.publish(FIGURES, output, tmp_path)
    assert (tmp_path / "README.md").read_text() == "text\n"
