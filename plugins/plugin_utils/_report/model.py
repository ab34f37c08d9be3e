# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as data: who could be read, what is open and late, what was found where. Its shape is
roles/report/files/report.schema.json.

Pure: what a page, a table or a message says is made of this dictionary and of nothing else.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import (
    DefenderError,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    counts as _report_counts,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import gaps as _gaps
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    service_levels as _service_levels,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import (
    Setting,
    Tenant,
)

SCHEMA: t.Final = 1
WHO: t.Final = ("customer", "partner", "caller", "microsoft")
# What no document may hold, steers a terminal, or turns text around so that it reads as something
# else.
UNFIT: t.Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def build(
    tenants: t.Sequence[Tenant],
    hunts: t.Mapping[str, Json],
    shared: t.Sequence[Json],
    setting: Setting,
) -> Json:
    """The whole report.

    :arg hunts: the fact `hunt_result`, by query.
    :arg shared: indicators of more than one tenant, as _report_indicators finds them.
    """
    asked_for = {
        "preflight": any(one.preflight is not None for one in tenants),
        "incidents": any(one.incidents is not None for one in tenants),
        "hunts": bool(hunts),
    }
    if not any(asked_for.values()):
        raise DefenderError(
            "bad_request",
            (
                "There is nothing to report: no host has preflight_result, incidents_result or"
                " hunt_result; run one of those roles before, or give incidents."
            ),
        )
    incidents = [
        incident for one in tenants for incident in _service_levels.incidents(one, setting)
    ]
    hunt_entries = [_hunt(name, one) for name, one in hunts.items()]
    tenant_entries = [_gaps.tenant(one, asked_for, hunts) for one in tenants]
    _report_counts.put_beside(tenant_entries, incidents, hunt_entries)
    gaps = [gap for one in tenant_entries if one["state"] == "unread" for gap in one["gaps"][:1]]
    states = collections.Counter(one["state"] for one in tenant_entries)
    report = {
        "schema": SCHEMA,
        "title": setting.title,
        "made_at": _times.format_time(setting.at // _times.SECOND * _times.SECOND),
        "versions": dict(setting.versions),
        "asked": [dict(one) for one in setting.asked],
        "sla": {tier: dict(own) for tier, own in setting.sla.items()},
        "coverage": {
            "asked": len(tenants),
            **{state: states[state] for state in ("read", "partly", "unread")},
            "by_category": dict(collections.Counter(gap["category"] for gap in gaps).most_common()),
            "by_who": {
                who: count for who in WHO if (count := sum(gap["who"] == who for gap in gaps))
            },
        },
        "sources": [kind for kind, was in asked_for.items() if was],
        "incidents_summary": _report_counts.summary(incidents, tenant_entries),
        "tactics": _report_counts.tactics(hunt_entries),
        "tenants": tenant_entries,
        "hunts": hunt_entries,
        "shared": list(shared),
        "incidents": incidents,
    }
    return t.cast("Json", fit(report))


def fit(value: t.Any) -> t.Any:
    """The same with the replacement character for each that is unfit to be shown."""
    if isinstance(value, str):
        return UNFIT.sub("\ufffd", value)
    if isinstance(value, dict):
        return {fit(key): fit(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [fit(each) for each in value]
    return value


def _hunt(name: str, one: Json) -> Json:
    coverage = one.get("coverage") or {}
    hits = {
        host: int(count)
        for host, count in sorted((one.get("hits") or {}).items(), key=lambda each: -int(each[1]))
        if count
    }
    return {
        "name": name,
        "title": str(one.get("title") or name),
        "pack": str(one.get("pack") or ""),
        "severity": str(one.get("severity") or "unknown"),
        "tactics": [str(each) for each in one.get("tactics") or []],
        "techniques": [str(each) for each in one.get("techniques") or []],
        "checked": bool(one.get("checked")),
        "coverage": {key: int(coverage.get(key) or 0) for key in ("asked", "answered", "failed")},
        "rows": sum(hits.values()),
        "hits": hits,
        "truncated": [str(host) for host in one.get("truncated") or []],
        "failures": {
            str(host): str(error["category"]) for host, error in (one.get("failures") or {}).items()
        },
    }
