# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fact `offboard_result`: whether all access to a tenant is removed, and who must act next.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import CATEGORIES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._onboarding.steps import (
    by_whom,
    error_of,
    is_skipped,
    step,
)


def result(
    removed: Json,
    *,
    proven: Json | None = None,
    registered: Json | None = None,
    registry: str = "",
) -> Json:
    """The fact, from the registered results of the role's tasks.

    :arg removed: the first call of `consent`.
    :arg proven: the call that waited for the refusal of a new token; skipped where nobody waits.
    :arg registered: the task that writes the registry.
    :arg registry: path of the registry, or nothing.
    """
    now = removed if is_skipped(proven) else t.cast("Json", proven)
    error = error_of(now)
    gone = now.get("status") == "not_consented" and not error
    status, text = "pending", "The application still exists in the tenant."
    if gone:
        status, text = "ok", ""
    elif error:
        status, text = "failed", now.get("msg", "")
    return _fact(
        "done" if gone else "failed" if error else "waiting",
        [
            step("removed", status, by_whom(removed)),
            step("tokens_dropped", "ok" if "status" in removed else status, "token cache"),
            step("token_refused", status, "a new token"),
            step("out_of_the_registry", _registry_status(registered, registry), registry),
        ],
        text=text,
        category=error.get("category", ""),
        who=error.get("who") or ("" if gone else "customer"),
        advice=error.get("advice") or now.get("advice", ""),
    )


def refusal(host: str) -> Json:
    """The fact for a host that `offboard_confirm` does not name: nothing is done or sent."""
    who, unused = CATEGORIES["refused"]
    names = ("removed", "tokens_dropped", "token_refused", "out_of_the_registry")
    return _fact(
        "failed",
        [step(name, "pending") for name in names],
        text=f"offboard_confirm does not name {host}, so nothing was removed and nothing was sent.",
        category="refused",
        who=who,
        advice=f"Add {host} to offboard_confirm if it is to be offboarded.",
    )


def _fact(status: str, steps: list[dict[str, str]], **error: str) -> Json:
    return {"status": status, "steps": steps, **error}


def _registry_status(registered: Json | None, registry: str) -> str:
    if not registry:
        return "skipped"
    return "pending" if is_skipped(registered) else "ok"
