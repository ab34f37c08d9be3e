# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the facts `onboard_result` and `offboard_result` have in common.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json

# for a task that ended without a result of the module, such as a crash
LOST: t.Final[Json] = {
    "category": "unavailable",
    "who": "caller",
    "advice": "See the output of the task.",
}


def is_skipped(result: Json | None) -> bool:
    """Whether the task did not run, so that there is nothing in its registered result."""
    return not result or bool(result.get("skipped"))


def error_of(result: Json) -> Json:
    """The error of a registered result of `consent`; empty where the task succeeded."""
    if result.get("error"):
        return t.cast("Json", result["error"])
    return {} if "status" in result else LOST


def step(name: str, status: str, text: t.Any = "") -> dict[str, str]:
    return {"name": name, "status": status, "text": str(text)}


def by_whom(result: Json) -> str:
    return "by API" if result.get("method") == "api" else "by a person"
