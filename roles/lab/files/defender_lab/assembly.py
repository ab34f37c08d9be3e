# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assembles a lab: the world's data, the services and the hunting threads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime

from defender_lab.endpoint import service as endpoint
from defender_lab.graph import service as graph
from defender_lab.hunting.service import Hunts
from defender_lab.lab import Lab
from defender_lab.service.clock import Clock
from defender_lab.store import Store
from defender_lab.tenants.application import Application
from defender_lab.tenants.fleet import Company, Host, company
from defender_lab.tenants.tenant import Directory
from defender_lab.world.world import WorldTenant, build_world
from defender_lab.xdr import service as xdr


@contextlib.contextmanager
def assembled(
    hosts: list[Host],
    app: Application,
    admin_key: str,
    *,
    seed: int,
    incidents: int,
    now: datetime,
    beside: Company | None = None,
) -> Iterator[Lab]:
    """``beside``: the provider and the tenants that are not the fleet's; without it, the seed's
    own."""
    directory = Directory(tuple(hosts), beside or company(seed), app.client_id)
    directory.registrations.add(app.registration(directory.partner.id, directory.partner.domain))
    fleet = [
        WorldTenant(tenant.id, tenant.name, tenant.domain, incidents)
        for tenant in directory.tenants
    ]
    # who stands beside the fleet has a part in no story, so that the fleet's truth does not hang on
    # their number
    others = [
        WorldTenant(
            tenant.id,
            tenant.name,
            tenant.domain,
            0 if tenant is directory.partner else incidents,
            extra=True,
        )
        for tenant in directory.beside
    ]
    world = build_world([*fleet, *others], seed=seed, now=now)
    hunts = Hunts(world)
    store = Store(world, Clock())
    services = {
        "graph": graph.service(hunts, directory),
        "xdr": xdr.service(hunts),
        "endpoint": endpoint.service(store),
    }
    try:
        yield Lab(directory, store, app, services, admin_key)
    finally:
        hunts.close()
