# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts from Microsoft Graph (`alerts_v2`).

The older API has alerts only inside its incidents, and cannot change them.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.graph_source import (
    GraphSource,
)


class GraphAlerts(GraphSource):
    """Graph as a source of alerts."""

    noun = "alert"
    path = "/v1.0/security/alerts_v2"
    # No page states a limit, and products request up to 2000. With its evidence an alert has about
    # 10 kB, so that a page has a few megabytes.
    most = 500

    @property
    def page_size(self) -> int:
        """A full page if alerts are chosen here, because few of a page may match."""
        return self.most if self._wanted.incident_id else super().page_size
