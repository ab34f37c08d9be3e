# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report is made of: tenants with what was learned about them, and how it is to be made.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tenant:
    """A tenant and what was learned about it; None where nothing of that kind was asked, or its
    host was lost.

    :arg preflight: the fact `preflight_result`.
    :arg incidents: the fact `incidents_result`: read, incidents, truncated, and category, text,
        who, advice where not read.
    """

    host: str
    name: str
    tenant_id: str
    tier: str
    preflight: Json | None = None
    incidents: Json | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """What the report is told beside the data: title, hours by tier and severity, versions, what
    was asked; `at` in ticks."""

    title: str
    at: int
    sla: t.Mapping[str, t.Mapping[str, float]]
    versions: t.Mapping[str, str]
    asked: t.Sequence[Json] = ()
