# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request with what bounds it, and its answer.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import email.utils
import json
import re
import typing as t
import uuid
from urllib.parse import urlencode, urlsplit

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import reasons as _reasons
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.connections import Adapter
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.proxy import Proxy

# where it is missing, `connections` says so when a request is made
with contextlib.suppress(ImportError):
    import requests


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a service answered: status, headers without regard to case, body, and the id that its
    support asks for."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes = dataclasses.field(repr=False)

    def json(self) -> t.Any:
        """The body as JSON, or None when it is none, or nested more deeply than can be read."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def date(self) -> float | None:
        """The service's time in seconds since 1970, or None where it says none that can be read."""
        try:
            return email.utils.parsedate_to_datetime(self.headers["date"]).timestamp()
        except (KeyError, ValueError):
            return None

    @property
    def request_id(self) -> str | None:
        return self.headers.get("request-id") or self.headers.get("x-ms-request-id")


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what must not change under a token. Empty for what is no plain URL."""
    try:
        parts = urlsplit(url)
        place = parts.scheme, (parts.hostname or "").lower(), parts.port or 443
    except ValueError:
        place = "", "", 0
    # libraries disagree on what a backslash before an @ means, and on white space before the query
    strange = "\\" in url or re.match(r"[^?#]*\s", url)
    return ("", "", 0) if strange else place


@dataclasses.dataclass(frozen=True, kw_only=True)
class Operation:
    """One request and what bounds it, the same for each of its attempts."""

    adapter: Adapter
    request: requests.PreparedRequest
    name: str  # method and URL without its query, for messages
    proxy: Proxy | None
    end: float
    wait: float
    again: frozenset[int]  # the statuses worth a repeat
    repeatable: bool
    oversize: str
    into: t.BinaryIO | None

    @property
    def target(self) -> str:
        """Host and port, for messages."""
        unused, host, port = origin(str(self.request.url))
        return f"{host}:{port}"


def prepared(
    method: str,
    url: str,
    name: str,
    headers: t.Mapping[str, str],
    *,
    params: t.Mapping[str, str] | None,
    data: t.Any,
    payload: t.Any,
) -> requests.PreparedRequest:
    """The request with its own id, which its repeats keep; raises `network` for what is no
    address."""
    every = {"Accept": "application/json", "client-request-id": str(uuid.uuid4()), **headers}
    if payload is not None:
        data = json.dumps(payload, ensure_ascii=False).encode()
        every["Content-Type"] = "application/json; charset=utf-8"
    request = requests.PreparedRequest()
    try:
        # as text: requests would take a mapping apart member by member
        request.prepare(
            method, url, headers=every, params=urlencode(params) if params else None, data=data
        )
    except requests.exceptions.RequestException as e:
        raise DefenderError(
            "network", f"{name} was not sent, because that is not an address: {_reasons.words(e)}."
        ) from None
    return request
