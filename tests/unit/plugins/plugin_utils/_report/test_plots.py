# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plots of a report."""

from __future__ import annotations

import re

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import page as _report_page
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import plots as _plots
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._report.reports import (
    incident,
    made,
    tenant,
)


def test_a_plot_says_in_words_and_in_a_table_what_it_shows() -> None:
    report = made(tenant("a", incident(), incident(severity="low")), tenant("b", incident()))
    plots = _plots.plots(report)
    assert "A: 1 high, 1 low; B: 1 high" in plots["tenants"]["svg"]
    assert plots["tenants"]["head"] == ["high", "low"]
    assert plots["tenants"]["rows"] == [["A", 1, 1], ["B", 1, 0]]
    ids = re.findall(r' id="([^"]+)"', _report_page.page(report))
    assert len(ids) == len(set(ids))
