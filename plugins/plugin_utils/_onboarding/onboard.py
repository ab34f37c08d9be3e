# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fact `onboard_result`: how far a tenant's onboarding got, and who must act next.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._onboarding.steps import (
    LOST,
    by_whom,
    error_of,
    is_skipped,
    step,
)

GRANTED: t.Final = ("complete", "superfluous")


def result(
    asked: Json,
    *,
    waited: Json | None = None,
    first_read: Json | None = None,
    registered: Json | None = None,
    read: bool = True,
    registry: str = "",
) -> Json:
    """The fact, from the registered results of the role's tasks.

    :arg asked: the first call of `consent`.
    :arg waited: the call that waited for consent; skipped where nobody waits.
    :arg first_read: the call of `incident_info`; skipped where it is not wanted.
    :arg registered: the task that writes the registry.
    :arg read: whether an incident has to be read.
    :arg registry: path of the registry, or nothing.
    """
    now = asked if is_skipped(waited) else t.cast("Json", waited)
    first = first_read or {}
    granted = now.get("status") in GRANTED
    licensed = "count" in first
    consent_error = error_of(now)
    read_error: Json = {}
    if granted and read and not licensed:
        read_error = first.get("error") or LOST
    error = read_error or consent_error
    missing = [role for roles in (now.get("missing") or {}).values() for role in roles]
    changed = any((each or {}).get("changed") for each in (asked, waited, registered))
    waiting = not granted and not error
    text = ""
    if error:
        text = (first if read_error else now).get("msg", "")
    elif waiting:
        text = f"The tenant has not granted {', '.join(missing)}."
    return {
        "status": "failed" if error else "waiting" if waiting else "done",
        "steps": [
            *_consent_steps(asked, now, failed=bool(consent_error), granted=granted),
            *_read_steps(first, read_error, granted=granted, read=read),
            step("in_the_registry", _registry_status(registered, registry), registry),
        ],
        "changed": changed,
        "text": text,
        "category": error.get("category", ""),
        "who": error.get("who") or ("customer" if waiting else ""),
        "advice": error.get("advice") or ("" if granted else now.get("advice", "")),
        "consent_url": asked.get("consent_url", ""),
        "missing_roles": missing,
    }


def _consent_steps(asked: Json, now: Json, *, failed: bool, granted: bool) -> list[Json]:
    otherwise = "failed" if failed else "pending"
    link_sent = "ok"
    if "status" not in asked:
        link_sent = "failed"
    elif asked.get("method") == "api":
        link_sent = "skipped"
    consented = now.get("status", "not_consented") != "not_consented"
    missing = [role for roles in (now.get("missing") or {}).values() for role in roles]
    app_id = asked.get("app_id")
    return [
        step("registered", "ok" if app_id else "failed", f"application {app_id or 'unknown'}"),
        step("link_sent", link_sent, asked.get("consent_url", "")),
        step("consented", "ok" if consented else otherwise, by_whom(asked)),
        step("roles_complete", "ok" if granted else otherwise, ", ".join(missing)),
    ]


def _read_steps(first: Json, error: Json, *, granted: bool, read: bool) -> list[Json]:
    if not (granted and read):
        status = "skipped" if granted else "pending"
        return [step("licence_present", status), step("first_read", status)]
    if not error:
        text = f"{first['count']} of its incidents"
        return [step("licence_present", "ok"), step("first_read", "ok", text)]
    status = "failed" if error.get("category") == "not_licensed" else "pending"
    return [
        step("licence_present", status, first.get("msg", "")),
        step("first_read", "failed"),
    ]


def _registry_status(registered: Json | None, registry: str) -> str:
    if not registry:
        return "skipped"
    is_written = not is_skipped(registered) and not (registered or {}).get("failed")
    return "ok" if is_written else "pending"
