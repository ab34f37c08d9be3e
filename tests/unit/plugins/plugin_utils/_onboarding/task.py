# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Registered results of consent, and the statuses of the steps made from them."""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

Json = dict[str, t.Any]
URL = "https://login.example/2222/adminconsent?client_id=1111"
SKIPPED: Json = {"changed": False, "skipped": True}
DENIED = DefenderError("app_disabled", "The application is disabled.").as_result()
UNLICENSED = DefenderError("not_licensed", "The tenant has no license.").as_result()


def consent(status: str, **more: t.Any) -> Json:
    missing = {} if status == "complete" else {"graph": ["A.Read.All", "B.Read.All"]}
    return {
        "changed": False,
        "app_id": "1111",
        "status": status,
        "method": "link",
        "consent_url": URL,
        "missing": missing,
        "advice": f"Open {URL}",
        **more,
    }


def statuses(result: Json) -> list[str]:
    return [step["status"] for step in result["steps"]]
