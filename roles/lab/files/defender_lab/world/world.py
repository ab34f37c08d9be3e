# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data in the customers' portals: incidents, alerts and telemetry of every tenant; the same for
the same seed, tenants and time.

A tenant is generated on first access, in a few milliseconds. These stories are planted in the last
six days, with the same indicators in every affected tenant (``World.stories`` lists them, for tests
and demonstrations):

* ``phishing`` - email with a link, click, stolen sign-in, inbox rule (at least three tenants, never
  all)
* ``intrusion`` - macro document, encoded PowerShell, download, beacons, scheduled task and run key,
  LSASS dump, a second host (at least three tenants, never all)
* ``consent`` - a user consents to an unverified app, which then reads the mailbox through Graph
* ``ransomware`` - recovery disabled with built-in tools, files of a share renamed
* ``exfiltration`` - a share archived and copied with rclone

Each story has decoys in other tenants: benign rows that an imprecise hunt mistakes for the story. A
quarter of the tenants has no story. In addition, every tenant has a month of ordinary noise and
ordinary incidents, some of them older than the hunting retention.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from defender_lab.world.decoys import Decoy
from defender_lab.world.indicators import Indicators, indicators
from defender_lab.world.plan import TABLES, Cast, cast
from defender_lab.world.portal import Portal, open_portal, telemetry
from defender_lab.world.scene import Rows

__all__ = ["Decoy", "Story", "World", "WorldTenant", "build_world"]

_WARM = 64


@dataclass(frozen=True)
class WorldTenant:
    """A tenant to be made. ``rows`` False: its portal has incidents but no telemetry, as a tenant
    without hunting data. ``extra``: no story reaches it."""

    id: str
    name: str
    domain: str
    incidents: int = 12
    rows: bool = True
    extra: bool = False


@dataclass(frozen=True)
class Story:
    """One planted story: where it is, by what it is known, which incidents tell of it, and what
    must not be taken for it."""

    name: str
    tenants: tuple[str, ...]
    tables: tuple[str, ...]
    indicators: Mapping[str, str]
    incidents: Mapping[str, tuple[str, ...]]
    decoys: tuple[Decoy, ...]


@dataclass(frozen=True)
class World:
    """Made by ``build_world``. Unknown tenants raise KeyError.

    ``incidents``, ``alerts`` and ``machines`` hand out the same objects every time: who changes
    them, changes this world.
    """

    tenants: Mapping[str, WorldTenant]
    seed: int
    now: datetime
    indicators: Indicators
    cast: Cast
    _portals: dict[str, Portal] = field(default_factory=dict, repr=False, compare=False)
    _rows: OrderedDict[str, Rows] = field(default_factory=OrderedDict, repr=False, compare=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    def incidents(self, tenant_id: str) -> list[dict[str, Any]]:
        """Graph v1.0 incidents without ``alerts``, newest lastUpdateDateTime first."""
        return list(self._portal(tenant_id).incidents)

    def alerts(self, tenant_id: str) -> list[dict[str, Any]]:
        """Graph v1.0 alerts with evidence; ``incidentId`` links them."""
        return list(self._portal(tenant_id).alerts)

    def machines(self, tenant_id: str) -> list[dict[str, Any]]:
        """Machines of the Endpoint API."""
        return list(self._portal(tenant_id).machines)

    def tables(self, tenant_id: str) -> Rows:
        """Rows by hunting table. Times are text in Graph's form, columns without a value are left
        out."""
        tenant = self.tenants[tenant_id]
        with self._lock:
            rows = self._rows.get(tenant_id)
            if rows is None:
                rows = self._rows[tenant_id] = telemetry(tenant, self) if tenant.rows else {}
                while len(self._rows) > _WARM:
                    self._rows.popitem(last=False)
            self._rows.move_to_end(tenant_id)
            return rows

    @property
    def stories(self) -> tuple[Story, ...]:
        """The planted truth; asking for it makes every tenant that has a part in it."""
        stories = []
        for name, tenants in self.cast.stories.items():
            portals = {tenant: self._portal(tenant) for tenant in tenants}
            numbers = {
                tenant: portal.numbers[name]
                for tenant, portal in portals.items()
                if name in portal.numbers
            }
            values = {
                key: str(value)
                for key, value in asdict(getattr(self.indicators, name)).items()
                if not key.endswith("_image")
            }
            decoys = tuple(
                decoy
                for tenant in self.cast.decoys[name]
                for decoy in self._portal(tenant).decoys
                if decoy.story == name
            )
            stories.append(Story(name, tenants, TABLES[name], values, numbers, decoys))
        return tuple(stories)

    def _portal(self, tenant_id: str) -> Portal:
        tenant = self.tenants[tenant_id]
        with self._lock:
            if tenant_id not in self._portals:
                self._portals[tenant_id] = open_portal(tenant, self)
            return self._portals[tenant_id]


def build_world(tenants: Sequence[WorldTenant], *, seed: int, now: datetime) -> World:
    """The world of *tenants* as it stands at *now* (with its zone; without one it is UTC)."""
    moment = (now if now.tzinfo else now.replace(tzinfo=UTC)).astimezone(UTC)
    # a story needs telemetry and an incident to be found by
    able = [
        tenant.id for tenant in tenants if tenant.rows and tenant.incidents > 0 and not tenant.extra
    ]
    return World(
        {tenant.id: tenant for tenant in tenants}, seed, moment, indicators(seed), cast(able, seed)
    )
