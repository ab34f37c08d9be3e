# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request with its limits, and the response.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import email.utils
import json
import typing as t
import uuid
from urllib.parse import urlencode

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import reasons as _reasons
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.connections import Adapter
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.origin import origin
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.proxy import Proxy

# if it is missing, `connections` reports it when a request is made
with contextlib.suppress(ImportError):
    import requests

BINARY: t.Final = "application/octet-stream"


@dataclasses.dataclass(frozen=True)
class Answer:
    """A response: status, headers with lower-case names, body, and the request id for Microsoft's
    support."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes = dataclasses.field(repr=False)

    def json(self) -> t.Any:
        """The body as JSON, or None if it is not JSON or nested too deeply."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def date(self) -> float | None:
        """The service's time in seconds since 1970, or None without a valid `Date` header."""
        try:
            return email.utils.parsedate_to_datetime(self.headers["date"]).timestamp()
        except (KeyError, ValueError):
            return None

    @property
    def request_id(self) -> str | None:
        return self.headers.get("request-id") or self.headers.get("x-ms-request-id")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Form:
    """A multipart form with one file, as the payload of a request.

    :arg field: the form's field for the file; `fields` are its other fields.
    """

    field: str
    file_name: str
    content: bytes = dataclasses.field(repr=False)
    fields: t.Mapping[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Operation:
    """One request and its limits, the same for all of its attempts."""

    adapter: Adapter
    request: requests.PreparedRequest
    name: str  # method and URL without its query, for messages
    proxy: Proxy | None
    end: float
    wait: float
    again: frozenset[int]  # the statuses that are retried
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
    """The request with an id that its retries keep; raises `network` for an invalid URL.

    :arg payload: a `Form`, or anything else to be sent as JSON.
    """
    all_headers = {"Accept": "application/json", "client-request-id": str(uuid.uuid4()), **headers}
    files = None
    if isinstance(payload, Form):
        files = {payload.field: (payload.file_name, payload.content, BINARY)}
        data = payload.fields
    elif payload is not None:
        data = json.dumps(payload, ensure_ascii=False).encode()
        all_headers["Content-Type"] = "application/json; charset=utf-8"
    request = requests.PreparedRequest()
    try:
        # as text, because requests would encode a mapping member by member
        request.prepare(
            method,
            url,
            headers=all_headers,
            params=urlencode(params) if params else None,
            data=data,
            files=files,
        )
    except requests.exceptions.RequestException as e:
        raise DefenderError("network", f"{name} was not sent: {_reasons.words(e)}.") from None
    return request
