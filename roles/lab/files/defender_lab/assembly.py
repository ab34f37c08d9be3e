# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts a lab together: the world's data, the services, and the threads hunting runs on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime

from defender_lab.application import Application
from defender_lab.graph import service as graph
from defender_lab.hunts import Hunts
from defender_lab.lab import Lab
from defender_lab.store import Store
from defender_lab.tenants import Directory, Host
from defender_lab.world import WorldTenant, build_world
from defender_lab.xdr import service as defender


@contextlib.contextmanager
def assembled(hosts: list[Host], app: Application, admin_key: str, *, seed: int, incidents: int, now: datetime) -> Iterator[Lab]:
    directory = Directory(hosts)
    world = build_world([WorldTenant(one.id, one.name, one.domain, incidents) for one in directory.tenants], seed=seed, now=now)
    hunts = Hunts(world)
    services = {"graph": graph.service(hunts), "xdr": defender.xdr(hunts), "endpoint": defender.endpoint()}
    try:
        yield Lab(directory, Store(world), app, services, admin_key)
    finally:
        hunts.close()
