# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service that answers hunts, and the owner of their rows."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import TENANT


@dataclasses.dataclass(frozen=True)
class Owner:
    """As much of the tenant's options as a file of rows needs."""

    tenant_id: str = TENANT
    label: str = "contoso"


OWNER = Owner()


class Service:
    """Answers hunts with these bodies, one after the other."""

    tenant = type("Tenant", (), {"options": type("Options", (), {"label": "contoso"})})

    def __init__(self, *bodies: bytes) -> None:
        self._bodies = list(bodies)

    def query(self, path: str, payload: t.Any, *, timeout: float, into: t.BinaryIO) -> None:
        into.seek(0)
        into.truncate()
        into.write(self._bodies.pop(0))
