# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One tenant of the world, generated on demand: its portal (incidents, alerts, machines) and its
telemetry, from the same scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from defender_lab.world import near_misses
from defender_lab.world.chance import chance, stamp
from defender_lab.world.chapters import Chapter
from defender_lab.world.decoys import PLANT, Decoy
from defender_lab.world.devices import devices, inventory_rows
from defender_lab.world.incidents import alert, alert_rows, incident, state
from defender_lab.world.indicators import Indicators
from defender_lab.world.machines import machines
from defender_lab.world.noise import fill
from defender_lab.world.people import identity_rows, people
from defender_lab.world.plan import STORIES, Cast
from defender_lab.world.routine import routine
from defender_lab.world.scene import Rows, Scene


class Setting(Protocol):
    """The part of a world that one tenant is made from."""

    @property
    def seed(self) -> int: ...
    @property
    def now(self) -> datetime: ...
    @property
    def indicators(self) -> Indicators: ...
    @property
    def cast(self) -> Cast: ...


class Customer(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def domain(self) -> str: ...
    @property
    def incidents(self) -> int: ...


@dataclass(frozen=True)
class Portal:
    """``numbers`` are the incident ids of each story told here."""

    incidents: list[dict[str, Any]]
    alerts: list[dict[str, Any]]
    machines: list[dict[str, Any]]
    decoys: tuple[Decoy, ...]
    numbers: Mapping[str, tuple[str, ...]]


def open_portal(tenant: Customer, world: Setting) -> Portal:
    scene, chapters, decoys = _play(tenant, world)
    return _portal(scene, chapters, decoys, world.seed)


def telemetry(tenant: Customer, world: Setting) -> Rows:
    """Every row of the tenant, in order of time; rows older than hunting reaches are left out."""
    scene, chapters, decoys = _play(tenant, world)
    portal = _portal(scene, chapters, decoys, world.seed)
    fill(replace(scene, rng=chance(world.seed, tenant.id, "noise")))
    rng = chance(world.seed, tenant.id, "inventory")
    scene.rows["IdentityInfo"] = identity_rows(scene.people, tenant.id, scene.now, rng)
    scene.rows.update(inventory_rows(scene.devices, scene.now, rng))
    scene.rows.update(alert_rows(portal.alerts))
    # an hour short of what hunting reaches, so that no row falls out of reach while a lab is young
    oldest, latest = stamp(scene.now - timedelta(days=30, hours=-1)), stamp(scene.now)
    kept = {
        name: [row for row in rows if oldest <= row.get("Timestamp", latest) <= latest]
        for name, rows in scene.rows.items()
    }
    return {
        name: sorted(rows, key=lambda row: str(row.get("Timestamp", "")))
        for name, rows in kept.items()
        if rows
    }


def _play(tenant: Customer, world: Setting) -> tuple[Scene, list[Chapter], tuple[Decoy, ...]]:
    """Everything that has a part in an incident or in the truth; the noise is not needed for
    that."""
    cast = chance(world.seed, tenant.id, "people")
    persons = people(tenant.domain, cast)
    network = int(tenant.id.replace("-", "")[:6], 16)
    scene = Scene(
        tenant.id,
        tenant.name,
        tenant.domain,
        world.now,
        persons,
        devices(persons, tenant.domain, network, cast),
        cast,
    )
    stories, looks = world.cast.of(tenant.id)
    chapters = []
    for name in stories:
        rng = chance(world.seed, tenant.id, name)
        begin = world.now - timedelta(hours=rng.uniform(6, 140))
        chapters.append(STORIES[name](replace(scene, rng=rng), world.indicators, begin))
    decoys = []
    for name in looks:
        rng = chance(world.seed, tenant.id, "decoy", name)
        place, begin = replace(scene, rng=rng), world.now - timedelta(hours=rng.uniform(6, 140))
        decoys.append(PLANT[name](place, begin))
        near_misses.PLANT[name](place, begin)
    # fewer incidents than stories: the rows stay, the portal just has not noticed
    chapters = chapters[: tenant.incidents]
    daily = replace(scene, rng=chance(world.seed, tenant.id, "routine"))
    chapters += [routine(daily, number) for number in range(tenant.incidents - len(chapters))]
    return scene, chapters, tuple(decoys)


def _portal(scene: Scene, chapters: list[Chapter], decoys: tuple[Decoy, ...], seed: int) -> Portal:
    rng = chance(seed, scene.tenant_id, "portal")
    number = rng.randrange(2_000, 900_000)
    incidents: list[dict[str, Any]] = []
    alerts: list[dict[str, Any]] = []
    numbers: dict[str, tuple[str, ...]] = {}
    for chapter in sorted(chapters, key=lambda chapter_of_world: chapter_of_world.first):
        number += rng.randrange(1, 9)
        how = state(chapter, scene.now, rng)
        made = incident(chapter, number, scene.tenant_id, how, rng)
        incidents.append(made)
        alerts.extend(alert(plan, made["id"], scene.tenant_id, how, rng) for plan in chapter.alerts)
        if chapter.story:
            numbers[chapter.story] = (*numbers.get(chapter.story, ()), made["id"])
    if len(incidents) >= 6:
        _redirect(incidents, alerts, numbers)
    incidents.sort(key=lambda incident: str(incident["lastUpdateDateTime"]), reverse=True)
    alerts.sort(key=lambda alert: str(alert["createdDateTime"]), reverse=True)
    fleet = machines(scene.devices, alerts, scene.now, chance(seed, scene.tenant_id, "machines"))
    return Portal(incidents, alerts, fleet, decoys, numbers)


def _redirect(
    incidents: list[dict[str, Any]],
    alerts: list[dict[str, Any]],
    numbers: Mapping[str, tuple[str, ...]],
) -> None:
    """One of the routine was merged into the newest incident: it keeps its number, and its alerts
    have moved."""
    taken = {number for ids in numbers.values() for number in ids}
    target = incidents[-1]
    source = next(
        (incident for incident in reversed(incidents[:-1]) if incident["id"] not in taken), None
    )
    if source is None:
        return
    source |= {
        "status": "redirected",
        "redirectIncidentId": target["id"],
        "resolvingComment": None,
        "classification": "unknown",
        "determination": "unknown",
    }
    for row in alerts:
        if row["incidentId"] == source["id"]:
            row["incidentId"] = target["id"]
            row["incidentWebUrl"] = target["incidentWebUrl"]
