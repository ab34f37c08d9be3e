# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests that the lab received, one line each; never contains a token, a secret or a body."""

from __future__ import annotations

import re
import typing as t
from collections import deque

from defender_lab.service.exchange import Request

KEPT = 200_000
FORBIDDEN_AT_LOGIN = ("Authorization", "Cookie", "Proxy-Authorization")
SECRET = re.compile(r"((?:secret|assertion|token|password|code|sig)[^=&]*=)[^&]*", re.IGNORECASE)
FIELDS = (
    "n",
    "time",
    "origin",
    "method",
    "path",
    "query",
    "tenant",
    "status",
    "client_request_id",
    "authorization",
    "forbidden",
)


class Journal:
    """Numbers go on where old lines were dropped."""

    def __init__(self) -> None:
        self._lines: deque[tuple[t.Any, ...]] = deque(maxlen=KEPT)
        self._count = 0

    def add(self, when: float, request: Request, tenant: str | None, status: int) -> None:
        headers = request.headers
        authorization = headers.get("Authorization")
        forbidden = (
            tuple(name for name in FORBIDDEN_AT_LOGIN if name in headers)
            if request.origin == "login"
            else ()
        )
        self._count += 1
        query = SECRET.sub(r"\1***", request.query) if request.query else ""
        scheme = (
            authorization.split(" ", 1)[0]
            if authorization and " " in authorization
            else ("?" if authorization else None)
        )
        self._lines.append(
            (
                self._count,
                when,
                request.origin,
                request.method,
                request.path,
                query,
                tenant,
                status,
                headers.get("client-request-id"),
                scheme,
                forbidden,
            )
        )

    def since(self, number: int) -> list[dict[str, t.Any]]:
        return [dict(zip(FIELDS, line, strict=True)) for line in self._lines if line[0] > number]
