# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The physical limit: a bare asyncio client that fetches a token and the incidents of every tenant,
with TLS verified and no Ansible.

Its arguments: lab.json, a CA bundle, how many tenants, how many at the same time, how many
incidents.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from pathlib import Path

import aiohttp


async def tenant(
    session: aiohttp.ClientSession, lab: dict[str, object], tenant_id: str, limit: int
) -> int:
    urls = lab["urls"]
    assert isinstance(urls, dict)
    form = {
        "grant_type": "client_credentials",
        "client_id": lab["client_id"],
        "client_secret": lab["client_secret"],
        "scope": "https://graph.microsoft.com/.default",
    }
    async with session.post(f"{urls['login']}/{tenant_id}/oauth2/v2.0/token", data=form) as answer:
        token = (await answer.json())["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    async with session.get(
        f"{urls['graph']}/v1.0/security/incidents", params={"$top": str(limit + 1)}, headers=headers
    ) as answer:
        return len((await answer.json())["value"])


async def main(path: str, bundle: str, count: str, at_once: str, limit: str) -> None:
    lab = json.loads(Path(path).read_text())
    waiting = iter([one["tenant_id"] for one in lab["tenants"][: int(count)]])
    found: list[int] = []

    async def work(session: aiohttp.ClientSession) -> None:
        for tenant_id in waiting:
            found.append(await tenant(session, lab, tenant_id, int(limit)))

    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=bundle), limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(work(session) for _unused in range(int(at_once))))
    assert len(found) == int(count)
    assert all(found)
    print(f"{sum(found)} incidents of {len(found)} tenants")


asyncio.run(main(*sys.argv[1:]))
