# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TLS front end with one thread per connection, as in many real services.

The event loop behind it drops a connection at its first wrong byte. A thread does not read the next
bytes before it has answered the current request, so two clients that share a connection by mistake
can each read the other's response.
"""

from __future__ import annotations

import http.client
import http.server
import socketserver
import ssl
import threading
import typing as t

# headers of one connection, which the other side of the front end has of its own
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding"})


class Front:
    """Listens on a port of 127.0.0.1 and hands every request to a plain HTTP port."""

    def __init__(self, tls: ssl.SSLContext, *, port: int, behind: int) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.tls, self._server.behind = tls, behind
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024
    tls: ssl.SSLContext
    behind: int

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """A client that hangs up or breaks TLS ends its own connection and nothing else."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()
        self._behind = http.client.HTTPConnection("127.0.0.1", self.server.behind)

    def finish(self) -> None:
        self._behind.close()
        super().finish()
        self.request.close()

    def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002 - the name in http.server
        """The lab keeps a journal of its own."""

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP
        }
        try:
            self._behind.request(self.command, self.path, body, headers)
            reply = self._behind.getresponse()
            content = reply.read()
        except (http.client.HTTPException, OSError):
            # the lab cut the connection on purpose, and so does its front end
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _forward  # noqa: N815 - the names in http.server
