# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a report comes from: facts of hosts, results of a sweep, and files that earlier runs wrote.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.incident_entries import kept
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.indicators import Row


def swept(result: Json, hosts: t.Sequence[str], tenant_ids: t.Mapping[str, str]) -> dict[str, Json]:
    """By host the same as the fact `incidents_result`, out of a sweep of incident_info."""
    answers, failures = result.get("results"), result.get("failures")
    if not isinstance(answers, dict) or not isinstance(failures, dict):
        raise DefenderError(
            "bad_request",
            (
                "incidents has no results and failures; give the registered result of a sweep of"
                " incident_info."
            ),
        )
    # in check mode the rows are in the result; if no tenant answered, this sweep wrote no file
    in_file = result.get("dest") and any("incidents" not in one for one in answers.values())
    rows = _by_tenant(str(result["dest"])) if in_file else {}
    made: dict[str, Json] = {}
    for host in hosts:
        if host in answers:
            own = answers[host]
            listed = own.get("incidents", rows.get(tenant_ids[host], []))
            made[host] = {
                "read": True,
                "incidents": [kept(one) for one in listed] if "incidents" in own else listed,
                "truncated": bool(own.get("truncated")),
                "asked_at": result.get("asked_at"),
            }
        elif host in failures:
            made[host] = {
                "read": False,
                "text": str(failures[host].get("msg") or ""),
                "asked_at": result.get("asked_at"),
                **{key: failures[host].get(key) for key in ("category", "who", "advice")},
            }
    return made


def filed(path: str, hosts: t.Sequence[str], tenant_ids: t.Mapping[str, str]) -> dict[str, Json]:
    """The same out of a file alone, which knows only tenants that have incidents."""
    rows = _by_tenant(path)
    silent = {
        "read": False,
        "category": "unavailable",
        "who": "caller",
        "advice": "Hand the registered result of the sweep to the report.",
    }
    return {
        host: {"read": True, "incidents": rows[tenant_ids[host]]}
        if tenant_ids[host] in rows
        else {
            **silent,
            "text": f"{path} has no row of {host}, and does not say whether it answered.",
        }
        for host in hosts
    }


def hunted(path: str) -> Json:
    """The fact `hunt_result` as an earlier hunt left it beside its rows."""
    try:
        hunts = json.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except OSError as e:
        raise DefenderError(
            "bad_request", f"hunts_from is {path}, which cannot be read: {e.strerror}."
        ) from None
    except ValueError:
        hunts = None
    if not isinstance(hunts, dict) or not all(
        isinstance(hunt, dict) and "coverage" in hunt for hunt in hunts.values()
    ):
        raise DefenderError(
            "bad_request",
            (
                f"hunts_from is {path}, which is not a hunt_result.json; name the file that the"
                " role hunt wrote to hunt_dest."
            ),
        )
    return hunts


def previous(path: str) -> frozenset[tuple[str, str]]:
    """Host and id of each incident in an earlier report.json."""
    try:
        report = json.loads(Path(path).expanduser().read_text(encoding="utf-8"))
        return frozenset((one["host"], one["id"]) for one in report["incidents"])
    except OSError as e:
        raise DefenderError(
            "bad_request", f"previous is {path}, which cannot be read: {e.strerror}."
        ) from None
    except (ValueError, KeyError, TypeError):
        raise DefenderError(
            "bad_request",
            f"previous is {path}, which is not the report.json of a report; name such a file.",
        ) from None


def found(hunts: t.Mapping[str, Json], hosts: t.Mapping[str, str]) -> t.Iterator[Row]:
    """The rows of all hunts, out of their files or of the fact itself, without those of other
    tenants.

    :arg hunts: the fact `hunt_result`, or with `files` in place of `dest`.
    :arg hosts: by tenant id the host; these tenants only.
    """
    reported = set(hosts.values())
    for name, hunt in hunts.items():
        for path in hunt.get("files") or filter(None, [hunt.get("dest")]):
            for row in _read(str(path)):
                if host := hosts.get(str(row.get("tenant_id", "")).lower()):
                    yield name, host, row
        rows_by_host = {} if hunt.get("dest") else hunt.get("rows") or {}
        for host, rows in rows_by_host.items():
            if host in reported:
                yield from ((name, host, row) for row in rows)


def _by_tenant(path: str) -> dict[str, list[Json]]:
    """The incidents in a file of a sweep, each reduced as soon as it is read."""
    rows: dict[str, list[Json]] = {}
    for row in _read(path):
        rows.setdefault(str(row.get("tenant_id", "")).lower(), []).append(kept(row))
    return rows


def _read(path: str) -> t.Iterator[Json]:
    number = 0
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as file:
            for line in file:
                number += 1
                if not isinstance(row := json.loads(line), dict):
                    raise ValueError
                yield row
    except OSError as e:
        raise DefenderError(
            "bad_request", f"The report needs {path}, which cannot be read: {e.strerror}."
        ) from None
    except ValueError:
        raise DefenderError(
            "bad_request",
            (
                f"The report needs {path}, which has no JSON object in line {number or 1}; give"
                " rows as NDJSON."
            ),
        ) from None
