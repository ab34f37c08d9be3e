# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report is made of: tenants with what was read from them, and how it is to be made.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.work_calendar import (
    WorkCalendar,
)

Hours = t.Mapping[str, t.Mapping[str, float]]  # by tier and severity


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tenant:
    """A tenant and what was read from it; None for a question that it was not asked, or whose host
    was lost.

    :arg preflight: the fact `preflight_result`.
    :arg incidents: the fact `incidents_result`: read, incidents, truncated, asked, asked_at, and
        category, text, who, advice if not read.
    """

    host: str
    name: str
    tenant_id: str
    tier: str
    preflight: Json | None = None
    incidents: Json | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """The options of a report.

    :arg at: when it is made, in ticks.
    :arg zone: for all times that a person reads.
    :arg sla: empty for no service levels.
    :arg filters: of the incidents, if they come from a sweep; facts carry their own.
    :arg previous: host and id of each incident in the previous report; None without one.
    """

    title: str
    at: int
    versions: t.Mapping[str, str]
    zone: datetime.tzinfo
    zone_name: str
    sla: Hours = dataclasses.field(default_factory=dict)
    calendar: WorkCalendar | None = None
    filters: Json = dataclasses.field(default_factory=dict)
    previous: frozenset[tuple[str, str]] | None = None
