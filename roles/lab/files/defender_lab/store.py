# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The incidents and alerts of every tenant, as Graph objects, and its devices; every change of an
incident or alert increments the tenant's data version."""

from __future__ import annotations

import copy
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from defender_lab.estate.estate import Estate
from defender_lab.service import instants
from defender_lab.service.clock import Clock

Record = dict[str, t.Any]
T = t.TypeVar("T")
MOST_PAGES = 500

# what the enumerations of a record may hold, in the spelling of Graph
SEVERITIES = "unknown informational low medium high".split()
CLASSIFICATIONS = "unknown falsePositive truePositive informationalExpectedActivity".split()
DETERMINATIONS = (
    "unknown apt malware securityPersonnel securityTesting unwantedSoftware other"
    " multiStagedAttack compromisedAccount phishing maliciousUserActivity notMalicious"
    " notEnoughDataToValidate confirmedActivity lineOfBusinessApplication"
).split()
INCIDENT_STATUSES = "active resolved inProgress redirected awaitingAction".split()
ALERT_STATUSES = "unknown new inProgress resolved".split()
SOURCES = (
    "unknown microsoftDefenderForEndpoint microsoftDefenderForIdentity"
    " microsoftDefenderForCloudApps microsoftDefenderForOffice365 microsoft365Defender"
    " azureAdIdentityProtection microsoftAppGovernance dataLossPrevention"
    " microsoftDefenderForCloud microsoftSentinel microsoftInsiderRiskManagement"
    " microsoftThreatIntelligence microsoftSecurityForAI"
).split()


@dataclass
class Shelf:
    """One tenant's data. ``incidents`` and ``alerts`` are newest first, by the time that ``order``
    names: no page of Microsoft's says which one it is. ``pages`` are answers kept until the version
    changes."""

    incidents: list[Record]
    alerts: list[Record]
    version: int = 0
    pages: dict[t.Any, t.Any] = field(default_factory=dict)
    by_incident: dict[str, list[Record]] = field(default_factory=dict)
    order: str = "lastUpdateDateTime"
    _highest_id: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.changed()

    def new_id(self) -> str:
        """An id that no incident of this tenant has ever had."""
        self._highest_id += 1
        return str(self._highest_id)

    def changed(self) -> None:
        """Sort and index anew; what was kept is stale."""
        self.version += 1
        self.pages = {}
        ids = (int(incident["id"]) for incident in self.incidents)
        self._highest_id = max(self._highest_id, *ids, 0)
        self.incidents.sort(key=self._age, reverse=True)
        self.alerts.sort(key=self._age, reverse=True)
        self.by_incident = {}
        for alert in self.alerts:
            self.by_incident.setdefault(str(alert.get("incidentId")), []).append(alert)

    def _age(self, record: Record) -> int:
        return instants.ticks(record[self.order])

    def incident(self, key: str) -> Record | None:
        return next((incident for incident in self.incidents if incident["id"] == key), None)

    def alert(self, key: str) -> Record | None:
        return next((alert for alert in self.alerts if alert["id"] == key), None)

    def kept(self, key: t.Any, make: Callable[[], T]) -> T:
        """What ``make`` gives, made once per data version."""
        if key not in self.pages:
            made = make()
            if len(self.pages) >= MOST_PAGES:
                self.pages.clear()
            self.pages[key] = made
        return t.cast(T, self.pages[key])


class Source(t.Protocol):
    """What the world gives."""

    def incidents(self, tenant_id: str, /) -> list[Record]: ...

    def alerts(self, tenant_id: str, /) -> list[Record]: ...

    def machines(self, tenant_id: str, /) -> list[Record]: ...

    def tables(self, tenant_id: str, /) -> Mapping[str, list[Record]]: ...

    @property
    def stories(self) -> Sequence[t.Any]: ...


class Store:
    """A tenant's shelf and its estate are filled when they are first asked for."""

    def __init__(self, world: Source, clock: Clock) -> None:
        self.world = world
        self.clock = clock
        self._shelves: dict[str, Shelf] = {}
        self._estates: dict[str, Estate] = {}

    def shelf(self, tenant_id: str) -> Shelf:
        shelf = self._shelves.get(tenant_id)
        if shelf is None:
            # copies: a PATCH must not reach into the world, whose hunting tables are made from it
            shelf = Shelf(
                copy.deepcopy(self.world.incidents(tenant_id)),
                copy.deepcopy(self.world.alerts(tenant_id)),
            )
            self._shelves[tenant_id] = shelf
        return shelf

    def estate(self, tenant_id: str) -> Estate:
        estate = self._estates.get(tenant_id)
        if estate is None:
            estate = Estate(
                copy.deepcopy(self.world.machines(tenant_id)),
                self.clock,
                lambda machine_id: self._files_on(tenant_id, machine_id),
            )
            self._estates[tenant_id] = estate
        return estate

    def _files_on(self, tenant_id: str, machine_id: str) -> frozenset[str]:
        """SHA-1 hashes that a row of the hunting tables names on that device."""
        return frozenset(
            row[column]
            for rows in self.world.tables(tenant_id).values()
            for row in rows
            if row.get("DeviceId") == machine_id
            for column in ("SHA1", "InitiatingProcessSHA1")
            if row.get(column)
        )
