# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Responses of a proxy, a filter or a captive portal instead of the service.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import html
import json
import re
import typing as t

# Headers of Microsoft's services, their front ends and their storage.
MICROSOFT: t.Final = (
    "request-id",
    "x-ms-request-id",
    "x-ms-ags-diagnostic",
    "x-azure-ref",
    "x-ms-error-code",
)
# 407 and 511 (RFC 6585) come from the network, never from the service.
NETWORK_STATUS: t.Final = frozenset({407, 511})
# These do not reveal which gateway failed; they count as a failure or timeout of the service.
GATEWAY: t.Final = frozenset({500, 504})
# Microsoft's services explain these in JSON; a response without JSON is not from the service.
REFUSALS: t.Final = frozenset({401, 403})
PAGE = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body|script|meta|title)\b", re.I
)
TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.I | re.S)
ADVICE: t.Final = (
    "A proxy, a filter or a captive portal between this machine and the service sent this response;"
    " it must let this machine reach {target}."
)


def foreign(status: int, headers: t.Mapping[str, str], body: bytes) -> str | None:
    """A description of what responded instead of the service; None for the service itself.

    :arg headers: with lower-case names.
    :arg body: empty if it was written to a file; then only the headers count.
    """
    is_page = "text/html" in headers.get("content-type", "").lower() or bool(PAGE.match(body))
    is_text = status in REFUSALS and bool(body.strip()) and not _is_json(body)
    has_id = bool(set(MICROSOFT) & set(headers))
    # Microsoft's own gateways send HTML pages when the service behind them fails
    is_front_door = status >= 500 and (
        "x-azure-ref" in headers or headers.get("server", "").lower().startswith("microsoft-")
    )
    is_foreign = status in NETWORK_STATUS or (
        status not in GATEWAY and ((is_page and not is_front_door) or (is_text and not has_id))
    )
    if not is_foreign:
        return None
    title = TITLE.search(body[:20000].decode("utf-8", "replace"))
    marks = [f"{name.title()}: {headers[name]}" for name in ("server", "via") if headers.get(name)]
    if title and title[1].strip():
        marks.insert(0, f'"{_line(html.unescape(title[1]))}"')
    else:
        kind = headers.get("content-type", "").split(";")[0].strip()
        marks.insert(0, kind or ("an HTML page" if PAGE.match(body) else "not JSON"))
    return ", ".join(_line(mark) for mark in marks)


def advice(target: str) -> str:
    """The advice for such a response."""
    return ADVICE.format(target=target)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _line(text: str) -> str:
    """The text as one short, printable line."""
    plain = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return plain if len(plain) <= 80 else f"{plain[:79]}…"
