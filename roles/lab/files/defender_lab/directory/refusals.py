# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of the directory on Graph."""

from __future__ import annotations

import typing as t

from defender_lab.service.exchange import Refused

NAVIGATION = "does not exist or one of its queried reference-property objects are not present."


def denied(needed: tuple[str, ...], roles: list[t.Any]) -> Refused:
    return Refused(
        403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
    )


def absent(key: str) -> Refused:
    return Refused(404, "Request_ResourceNotFound", f"Resource '{key}' {NAVIGATION}")


def bad(message: str, *, target: str = "", detail: str = "") -> Refused:
    """A 400 of the directory; ``detail`` is the code of the one detail it comes with."""
    more: dict[str, t.Any] = (
        {"details": [{"code": detail, "message": message, "target": target}]} if detail else {}
    )
    return Refused(400, "Request_BadRequest", message, **more)


def unsupported(message: str) -> Refused:
    return Refused(400, "Request_UnsupportedQuery", message)


def invalid(name: str, kind: str) -> Refused:
    return bad(
        f"Invalid value specified for property '{name}' of resource '{kind}'.",
        target=name,
        detail="InvalidValue",
    )


def conflict(message: str, *, target: str = "") -> Refused:
    return Refused(
        409,
        "Request_MultipleObjectsWithSameKeyValue",
        message,
        details=[{"code": "ObjectConflict", "message": message, "target": target}],
    )
