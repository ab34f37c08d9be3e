# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packs of the role, and one world to hunt in."""

from __future__ import annotations

import typing as t
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import kql as _kql
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._hunts import packs as _packs

ROLE: t.Final = Path(__file__).parents[3] / "roles" / "hunt"
NOW: t.Final = datetime(2026, 9, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def packs() -> list[str]:
    return [str(path) for path in sorted((ROLE / "files" / "packs").iterdir())]


class Ground:
    """Tenants with planted stories, and every hunt of the role with the campaign's indicators as
    its values."""

    def __init__(self, packs: list[str]) -> None:
        from defender_lab.hunting.engine import HuntingEngine
        from defender_lab.world.world import WorldTenant, build_world

        names = [f"t{number}" for number in range(16)]
        tenants = [
            WorldTenant(str(uuid.uuid5(uuid.NAMESPACE_DNS, name)), name, f"{name}.onmicrosoft.com")
            for name in names
        ]
        self.world = build_world(tenants, seed=7, now=NOW)
        self.engine = HuntingEngine(self.world, arenas=16)
        self.stories = {story.name: story for story in self.world.stories}
        told = {**{name: story.indicators for name, story in self.stories.items()}}
        hashes = [
            told["intrusion"]["document_sha256"],
            told["intrusion"]["payload_sha256"],
            told["intrusion"]["payload_sha1"],
        ]
        given = {
            "hashes": hashes,
            # the last two are in names of honest hosts, but not at their end
            "domains": [
                told["phishing"]["sender_domain"],
                told["intrusion"]["c2_domain"],
                "portal.fourthcoffee",
                "cdn.proseware",
            ],
            "addresses": [told["phishing"]["attacker_ip"], told["intrusion"]["c2_ip"]],
            "senders": [told["phishing"]["sender_domain"]],
        }
        self.hunts = {hunt["name"]: hunt for hunt in _packs.wanted(_packs.find(packs), [], given)}
        touched = {
            tenant
            for story in self.stories.values()
            for tenant in [*story.tenants, *(decoy.tenant_id for decoy in story.decoys)]
        }
        self.clean = [tenant for tenant in self.world.tenants if tenant not in touched]

    def rows(
        self, hunt: str, tenant: str, timespan: str | None = "P7D", *, query: str | None = None
    ) -> list[dict[str, t.Any]]:
        """What the hunt finds there, or another *query* with its parameters."""
        one = self.hunts[hunt]
        return self.engine.run(
            tenant,
            _kql.with_parameters(query or one["query"], one["parameters"]),
            timespan,
            now=NOW,
        ).results


@pytest.fixture(scope="session")
def ground(packs: list[str]) -> Iterator[Ground]:
    pytest.importorskip(
        "duckdb_kql",
        reason="hunting in the lab needs duckdb-kql: pip install -r tests/requirements-test.txt",
    )
    ground = Ground(packs)
    yield ground
    ground.engine.close()
