# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a tenant could not be read, why, and who must act.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import CATEGORIES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import Tenant

CONSENT: t.Final = re.compile(r"https://[^\s\"'<>]+/adminconsent\?[^\s\"'<>]+")


def tenant(one: Tenant, asked_for: t.Mapping[str, bool], hunts: t.Mapping[str, Json]) -> Json:
    answers: list[bool] = []
    gaps: list[Json] = []
    preflight = one.preflight or {}
    refused = bool(one.preflight) and not preflight.get("ready")
    if asked_for["incidents"]:
        listed = one.incidents
        if listed is None:
            # the playbook did not ask a tenant that was not ready; otherwise its host was lost on
            # the way
            gaps.append(
                _gap(
                    "incidents",
                    preflight
                    if refused
                    else {"text": f"Host {one.host} was lost before it was asked."},
                )
            )
        elif not listed.get("read"):
            gaps.append(_gap("incidents", listed, preflight))
        elif listed.get("truncated"):
            text = (
                f"There are more incidents than the {len(listed.get('incidents') or [])} that"
                " were kept; raise incidents_limit."
            )
            gaps.append(_gap("incidents", {"category": "truncated", "text": text}))
        answers.append(bool(listed and listed.get("read")))
    if asked_for["hunts"]:
        failures = {
            name: hunt["failures"][one.host]["category"]
            for name, hunt in hunts.items()
            if one.host in (hunt.get("failures") or {})
        }
        for category in dict.fromkeys(failures.values()):
            queries = [name for name, why in failures.items() if why == category]
            said = {
                "category": category,
                "text": hunts[queries[0]]["failures"][one.host].get("msg", ""),
            }
            gaps.append({**_gap("hunts", said, preflight), "queries": queries})
        if all(hunt.get("checked") for hunt in hunts.values()):
            gaps.append(_gap("hunts", {"text": "The queries were checked, and sent to no tenant."}))
        else:
            answers.append(len(failures) < len(hunts))
    if asked_for["preflight"]:
        if refused and not any(
            gap["category"] == (preflight.get("category") or "unavailable") for gap in gaps
        ):
            gaps.insert(0, _gap("preflight", preflight))
        if not answers:
            answers.append(bool(preflight.get("ready")))
            if one.preflight is None:
                gaps.append(
                    _gap("preflight", {"text": f"Host {one.host} was lost before it was asked."})
                )
    state = "unread"
    if any(answers):
        state = "partly" if gaps else "read"
    return {
        "host": one.host,
        "name": one.name,
        "tenant_id": one.tenant_id,
        "tier": one.tier,
        "state": state,
        "gaps": gaps,
    }


def _gap(what: str, said: t.Mapping[str, t.Any], more: t.Mapping[str, t.Any] | None = None) -> Json:
    """Why something could not be read, and who must act. What an older fact does not say is in the
    table of categories."""
    category = str(said.get("category") or "unavailable")
    category = category if re.fullmatch(r"[a-z_]+", category) else "unavailable"
    same = more if more and more.get("category") == category else {}
    who, advice = CATEGORIES.get(category, ("caller", ""))
    if not said.get("category"):
        who, advice = "caller", "Look at what the tasks of this host printed."
    advice = str(said.get("advice") or same.get("advice") or advice)
    link = CONSENT.search(advice) or CONSENT.search(str(said.get("text") or ""))
    return {
        "what": what,
        "category": category,
        "text": str(said.get("text") or ""),
        "who": str(said.get("who") or same.get("who") or who),
        "advice": advice,
        "link": link[0].rstrip(".,;)") if link else "",
        "missing_roles": list(said.get("missing_roles") or same.get("missing_roles") or []),
    }
