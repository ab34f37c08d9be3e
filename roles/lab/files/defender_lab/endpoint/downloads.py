# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signed links to what an action collected: good for a while, and only without a token."""

from __future__ import annotations

import secrets
import typing as t
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote

from defender_lab.service.clock import Clock
from defender_lab.service.exchange import Reply, Request

GOOD_FOR = 30 * 60.0
PATHS = ("/safedownload/", "/investigation-actions-data/")


class Link(t.NamedTuple):
    path: str
    content: bytes
    kind: str
    expires: float


class Downloads:
    """Answers in place of the storage account, in XML as it does. A link expires by the quota
    clock; half an hour is documented for live response, the lab takes it for packages as well."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._links: dict[str, Link] = {}

    def token(self, path: str, content: bytes, kind: str) -> str:
        token = secrets.token_urlsafe(32)
        self._links[token] = Link(path, content, kind, self._clock.quota() + GOOD_FOR)
        return token

    def signed(self, path: str, content: bytes, kind: str) -> str:
        """The query of a link as Azure Storage writes it."""
        expires = datetime.fromtimestamp(self._clock.wall() + GOOD_FOR, UTC)
        shown = quote(f"{expires:%Y-%m-%dT%H:%M:%SZ}", safe="")
        return f"se={shown}&sp=r&sv=2019-07-07&sr=b&sig={self.token(path, content, kind)}"

    def answer(self, request: Request) -> Reply | None:
        """None for a path that is no link's."""
        if not request.path.startswith(PATHS):
            return None
        if "Authorization" in request.headers:
            return _refusal(
                400,
                "InvalidAuthenticationInfo",
                "Authentication information is not given in the correct format. Check the value of"
                " Authorization header.",
            )
        query = parse_qs(request.query)
        link = self._links.get(query.get("token", query.get("sig", [""]))[0])
        if link is None or link.path != request.path or self._clock.quota() >= link.expires:
            return _refusal(
                403,
                "AuthenticationFailed",
                "Server failed to authenticate the request. Make sure the value of Authorization"
                " header is formed correctly including the signature.",
            )
        if request.method != "GET":
            return _refusal(
                405,
                "UnsupportedHttpVerb",
                "The resource doesn't support specified Http Verb.",
            )
        return Reply(200, link.content, {"Content-Type": link.kind})


def _refusal(status: int, code: str, message: str) -> Reply:
    body = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return Reply(
        status, body.encode(), {"Content-Type": "application/xml", "x-ms-error-code": code}
    )
