# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The physical limit: a bare asyncio client that fetches a token and the incidents of every tenant,
with TLS verified and no Ansible.

Its arguments: lab.json, a CA bundle, how many tenants, how many at the same time, how many
incidents, and a file for the tokens. If the file exists, its tokens are used and none is fetched.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import typing as t
from pathlib import Path

import aiohttp


async def fetch_token(session: aiohttp.ClientSession, lab: dict[str, t.Any], tenant_id: str) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": lab["client_id"],
        "client_secret": lab["client_secret"],
        "scope": "https://graph.microsoft.com/.default",
    }
    url = f"{lab['urls']['login']}/{tenant_id}/oauth2/v2.0/token"
    async with session.post(url, data=form) as answer:
        return str((await answer.json())["access_token"])


async def count_incidents(
    session: aiohttp.ClientSession, lab: dict[str, t.Any], token: str, limit: int
) -> int:
    async with session.get(
        f"{lab['urls']['graph']}/v1.0/security/incidents",
        params={"$top": str(limit + 1)},
        headers={"Authorization": f"Bearer {token}"},
    ) as answer:
        return len((await answer.json())["value"])


async def main(
    path: str, bundle: str, tenants: str, connections: str, limit: str, token_file: str
) -> None:
    lab = json.loads(Path(path).read_text())
    file = Path(token_file)
    tokens: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    cold = not tokens
    waiting = iter([tenant["tenant_id"] for tenant in lab["tenants"][: int(tenants)]])
    counts: list[int] = []

    async def work(session: aiohttp.ClientSession) -> None:
        for tenant_id in waiting:
            if cold:
                tokens[tenant_id] = await fetch_token(session, lab, tenant_id)
            counts.append(await count_incidents(session, lab, tokens[tenant_id], int(limit)))

    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=bundle), limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(work(session) for _unused in range(int(connections))))
    assert len(counts) == int(tenants)
    assert all(counts)
    if cold:
        file.touch(mode=0o600)
        file.write_text(json.dumps(tokens))
    print(f"{sum(counts)} incidents of {len(counts)} tenants")


asyncio.run(main(*sys.argv[1:]))
