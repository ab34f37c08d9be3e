# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sockets and TLS: four hosts on four ports of 127.0.0.1, each of which passes its requests to the
lab."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from pathlib import Path

from aiohttp import web

from defender_lab.certificates import Pair
from defender_lab.lab import ORIGINS, Lab
from defender_lab.process.front import Front
from defender_lab.service.exchange import Reply, Request

LARGEST_BODY = 24 * 2**20


def context(pair: Pair) -> ssl.SSLContext:
    """The server's TLS context. OpenSSL reads keys from files only, so they pass through a private
    folder."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "server.pem")
        path.touch(mode=0o600)
        path.write_bytes(pair.key_pem() + pair.certificate_pem)
        made.load_cert_chain(path)
    return made


class Server:
    """``threads`` puts a front end with a thread for each connection before the event loop."""

    def __init__(self, lab: Lab, tls: ssl.SSLContext, *, threads: bool = False) -> None:
        self._lab = lab
        self._tls = tls
        self._threads = threads
        self._runners: list[web.ServerRunner] = []
        self._fronts: list[Front] = []
        self.urls: dict[str, str] = {}

    async def start(self, port: int = 0) -> None:
        """Listen; ``port`` is the first of four, 0 takes any free ones."""
        for number, origin in enumerate(ORIGINS):
            runner = web.ServerRunner(
                web.Server(self._handler(origin), access_log=None),
                handle_signals=False,
                shutdown_timeout=0.1,
            )
            await runner.setup()
            self._runners.append(runner)
            wanted = port + number if port else 0
            inner, tls = (0, None) if self._threads else (wanted, self._tls)
            await web.TCPSite(runner, "127.0.0.1", inner, ssl_context=tls, backlog=1024).start()
            taken = runner.addresses[0][1]
            if self._threads:
                front = Front(self._tls, port=wanted, behind=taken)
                front.start()
                self._fronts.append(front)
                taken = front.port
            self.urls[origin] = f"https://127.0.0.1:{taken}"

    async def stop(self) -> None:
        for front in self._fronts:
            await asyncio.to_thread(front.stop)
        for runner in self._runners:
            await runner.cleanup()

    def _handler(self, origin: str):  # type: ignore[no-untyped-def]
        lab = self._lab

        async def handle(incoming: web.BaseRequest) -> web.StreamResponse:
            body = await _body(incoming)
            if body is None:
                return web.Response(status=413)
            url = incoming.rel_url
            request = Request(
                origin,
                incoming.method,
                url.path,
                url.raw_query_string,
                incoming.headers,
                body,
                incoming.host,
            )
            reply = await lab.answer(request)
            if reply.delay:
                await lab.faults.pause(reply.delay)
            if reply.wire == "whole":
                return web.Response(status=reply.status, body=reply.body, headers=reply.headers)
            return await _broken(incoming, reply)

        return handle


async def _body(incoming: web.BaseRequest) -> bytes | None:
    if not incoming.body_exists:
        return b""
    parts = bytearray()
    async for part in incoming.content.iter_any():
        parts += part
        if len(parts) > LARGEST_BODY:
            return None
    return bytes(parts)


async def _broken(incoming: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    """Cut the connection: at once, or after half of the promised body."""
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    transport = incoming.transport
    if reply.wire == "truncate":
        response.content_length = len(reply.body)
        await response.prepare(incoming)
        await response.write(reply.body[: len(reply.body) // 2])
    if transport is not None:
        transport.close() if reply.wire == "truncate" else transport.abort()
    return response
