# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TLS service and a proxy on the loopback, for what only a socket can show."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import http.server
import os
import socket
import socketserver
import ssl
import threading
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Pair


@dataclasses.dataclass(frozen=True)
class Reply:
    """What the service says once. `cut` closes the connection: before the answer, or after so many
    bytes of it.

    `trickle` sends byte after byte, each after the service's `before_byte`, with
    `trickle_headers` the headers too; `silent` says nothing until the test is over; `garbage`
    answers with bytes that are no TLS.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    cut: int | None = None
    trickle: bool = False
    trickle_headers: bool = False
    garbage: bool = False
    silent: bool = False


@dataclasses.dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    headers: t.Mapping[str, str]
    body: bytes


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        self.request.settimeout(10)
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        super().setup()

    def log_message(self, *_args: t.Any) -> None:
        """A test's output is its own."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        service = self.server.service
        service.received.append(
            Received(
                self.command,
                self.path,
                {name.lower(): value for name, value in self.headers.items()},
                body,
            )
        )
        reply = service.reply_to(service.received[-1])
        if reply.silent:
            service.over.wait(10)
        if reply.cut == 0 or reply.silent:
            self.close_connection = True
            return
        if reply.garbage:
            os.write(self.connection.fileno(), b"this is no TLS record, whatever the handshake was")
            self.close_connection = True
            return
        if reply.trickle_headers:
            self._trickle(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 200 + b"\r\n\r\n")
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if reply.trickle:
            self._trickle(reply.body)
        else:
            self.wfile.write(reply.body[: reply.cut])
        self.close_connection = self.close_connection or reply.cut is not None

    do_GET = do_POST = do_PATCH = answer

    def _trickle(self, body: bytes) -> None:
        for at in range(len(body)):
            self.server.service.before_byte(at)
            self.wfile.write(body[at : at + 1])
            self.wfile.flush()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, handler: t.Any, service: t.Any, context: ssl.SSLContext | None) -> None:
        self.service = service
        self._context = context
        super().__init__(("127.0.0.1", 0), handler)

    def get_request(self) -> tuple[t.Any, t.Any]:
        plain, address = super().get_request()
        self.service.connections += 1
        return self._context.wrap_socket(
            plain, server_side=True, do_handshake_on_connect=False
        ) if self._context else plain, address

    def handle_error(self, *_args: t.Any) -> None:
        """A client that hangs up or distrusts us is what some tests are about."""


class Service:
    """A TLS service that speaks a script and remembers what it heard."""

    def __init__(self, pair: Pair, folder: Path) -> None:
        self.script: list[Reply] = []
        self.reply_to: t.Callable[[Received], Reply] = self._next_of_script
        self.received: list[Received] = []
        self.before_byte: t.Callable[[int], None] = lambda at: None
        self.over = threading.Event()
        self.connections = 0
        papers = folder / "server.pem"
        papers.write_bytes(pair.certificate_pem + pair.key_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(papers)
        self._server = _Server(_Handler, self, context)
        self.port = self._server.server_address[1]
        self.url = f"https://localhost:{self.port}"

    def _next_of_script(self, request: Received) -> Reply:
        return self.script.pop(0) if self.script else Reply(599, b"nobody expected this request")

    def close(self) -> None:
        """Let go of the port where the service itself runs in another process."""
        self._server.server_close()

    @contextlib.contextmanager
    def serving(self) -> t.Iterator[Service]:
        with _running(self._server):
            try:
                yield self
            finally:
                self.over.set()


class Proxy:
    """An HTTP proxy that only tunnels, and remembers where to.

    `raw` is sent in place of any answer, such as by what is no proxy at all.
    """

    def __init__(self, *, status: int = 200, raw: bytes | None = None) -> None:
        self.status = status
        self.raw = raw
        self.tunnels: list[str] = []
        self.connections = 0
        self.headers: list[str] = []
        self._server = _Server(_Tunnel, self, None)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def serving(self) -> t.Iterator[Proxy]:
        with _running(self._server):
            yield self


class _Tunnel(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        proxy = self.server.service
        method, target, _version = self.rfile.readline().decode().split()
        lines = list(iter(lambda: self.rfile.readline().decode().strip(), ""))
        proxy.tunnels.append(f"{method} {target}")
        proxy.headers.extend(lines)
        if proxy.raw is not None:
            self.wfile.write(proxy.raw)
            return
        if proxy.status != 200:
            self.wfile.write(f"HTTP/1.1 {proxy.status} No\r\nContent-Length: 0\r\n\r\n".encode())
            return
        with socket.create_connection(
            ("127.0.0.1", int(target.rsplit(":", 1)[1])), timeout=10
        ) as beyond:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pour, args=(beyond, self.connection), daemon=True)
            back.start()
            _pour(self.connection, beyond)
            back.join(10)


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        for piece in iter(functools.partial(source.recv, 65536), b""):
            sink.sendall(piece)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def _running(server: _Server) -> t.Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return t.cast("int", probe.getsockname()[1])
