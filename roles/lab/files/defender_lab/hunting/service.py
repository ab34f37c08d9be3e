# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs hunts outside the event loop and applies the services' size limits."""

from __future__ import annotations

import asyncio
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from defender_lab.hunting.refusals import HuntingRefused
from defender_lab.service.exchange import NotInTheLab, Refused
from defender_lab.tenants.tenant import Tenant

LARGEST_ANSWER = 50 * 2**20
TOO_LARGE = (
    "Query execution has exceeded the allowed result size. Optimize your query by limiting"
    " the amount of results and try again."
)


class Hunts:
    """The engine is loaded with the first hunt: a lab that is never asked to hunt need not wait for
    DuckDB."""

    def __init__(self, world: t.Any) -> None:
        self._world = world
        self._engine: t.Any = None
        self._loading = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hunt")

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def run(self, tenant: Tenant, query: str, timespan: str | None) -> t.Any:
        """An answer with ``schema`` and ``results``; Refused as the service would."""
        absent = tenant.personality.absent_tables

        def hunt() -> t.Any:
            return self._loaded().run(
                tenant.id, query, timespan, absent_tables=absent, now=datetime.now(UTC)
            )

        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, hunt)
        except HuntingRefused as refused:
            raise Refused(refused.status, refused.code, refused.message) from None

    def _loaded(self) -> t.Any:
        with self._loading:
            if self._engine is None:
                try:
                    from defender_lab.hunting.engine import HuntingEngine
                except ImportError as missing:
                    raise NotInTheLab(f"hunting without {missing.name}") from None
                self._engine = HuntingEngine(self._world)
            return self._engine


def fitting(body: bytes) -> bytes:
    if len(body) > LARGEST_ANSWER:
        raise Refused(400, "BadRequest", TOO_LARGE)
    return body
