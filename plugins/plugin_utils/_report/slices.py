# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of slices of an inventory, read back as what they were made from, so that one report over
all of them is made like any other.

Numbers are never added: two reports with the same tenant, or of different questions, are refused.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import model as _model
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import Tenant

OF_QUESTION: t.Final = ("timespan", "limit", "filters")
OF_ASKING: t.Final = ("asked_at", "timespan", "limit")
OF_HUNT: t.Final = (*_model.ABOUT, "severity", "tactics", "techniques")
Questions = t.Mapping[tuple[str, str], Json]  # by what and name
ABSENT: t.Final = {
    "category": "unavailable",
    "text": "No slice has this tenant.",
    "who": "caller",
    "advice": "Add the report of its slice, or run the playbook for this tenant too.",
}
# What the report calls a property of an incident, and what the API does.
PROPERTIES: t.Final[t.Mapping[str, str]] = {
    "id": "id",
    "display_name": "name",
    "severity": "severity",
    "status": "status",
    "classification": "classification",
    "assigned_to": "assigned_to",
    "custom_tags": "tags",
    "created_date_time": "created",
    "last_update_date_time": "updated",
    "incident_web_url": "url",
    "alerts": "alerts",
    "devices": "device_names",
    "users": "user_names",
    "products": "service_sources",
    "tactics": "tactics",
    "ransomware": "ransomware",
}


@dataclasses.dataclass(frozen=True)
class Slice:
    """What one report.json was made from.

    :arg definitions: by `what` and `name` of each question, what must be equal in all slices.
    :arg hunts: as in the fact `hunt_result`, with `files` in place of `dest`.
    """

    path: str
    definitions: dict[tuple[str, str], Json]
    tenants: list[Tenant]
    hunts: dict[str, Json]


def check(paths: t.Sequence[str], dest: str | None) -> None:
    """Raise `bad_request` for an empty list, and for a report that is about to be replaced."""
    if not paths:
        raise DefenderError("bad_request", "slices is empty; name the report.json of each slice.")
    target = os.path.realpath(os.path.join(dest, "report.json")) if dest else None
    for path in paths:
        if os.path.realpath(os.path.expanduser(path)) == target:
            raise DefenderError(
                "bad_request",
                f"slices names {path}, which this report would replace; set dest to another"
                " folder.",
            )


def read(
    paths: t.Sequence[str], inventory: t.Iterable[Tenant] = ()
) -> tuple[list[Tenant], dict[str, Json]]:
    """The tenants of all slices in the order given, and the hunts as in the fact `hunt_result`;
    raises `bad_request` for reports that do not fit together.

    :arg inventory: tenants that must be in a slice; the others follow, as not read.
    """
    slices = [_slice(path) for path in paths]
    for other in slices[1:]:
        _check_questions(slices[0], other)
    _check_tenants(slices)
    hunts = {name: _over_all([one.hunts[name] for one in slices]) for name in slices[0].hunts}
    tenants = [tenant for one in slices for tenant in one.tenants]
    hosts = {tenant.host for tenant in tenants}
    tenant_ids = {tenant.tenant_id.lower() for tenant in tenants}
    absent = [
        _unread(tenant, tenants[0])
        for tenant in inventory
        if tenant.tenant_id
        and tenant.host not in hosts
        and tenant.tenant_id.lower() not in tenant_ids
    ]
    return [*tenants, *absent], hunts


def _unread(tenant: Tenant, example: Tenant) -> Tenant:
    """A tenant that no slice has, with the questions that it should have been asked."""
    preflight = None if example.preflight is None else {"ready": False, **ABSENT}
    incidents = None
    if example.incidents is not None:
        incidents = {"read": False, **ABSENT, "asked": example.incidents["asked"]}
    return dataclasses.replace(tenant, preflight=preflight, incidents=incidents)


def _slice(path: str) -> Slice:
    try:
        report = json.loads(Path(path).expanduser().read_text(encoding="utf-8"))
        if report["schema"] != _model.SCHEMA:
            raise ValueError
        questions = {(one["what"], one["name"]): one for one in report["questions"]}
        if len(questions) < len(report["questions"]):
            raise DefenderError(
                "bad_request",
                f"slices names {path}, whose tenants were asked for incidents with different"
                " filters; only reports with the same filters for all tenants can be merged.",
            )
        return Slice(
            path=path,
            definitions=_definitions(report, questions),
            tenants=list(_tenants(report, questions)),
            hunts=_hunts(report, questions, path),
        )
    except OSError as e:
        raise DefenderError(
            "bad_request", f"slices names {path}, which cannot be read: {e.strerror}."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DefenderError(
            "bad_request",
            f"slices names {path}, which is not the report.json of a report; name such files.",
        ) from None


def _definitions(report: Json, questions: Questions) -> dict[tuple[str, str], Json]:
    definitions = {key: {word: one[word] for word in OF_QUESTION} for key, one in questions.items()}
    for hunt in report["hunts"]:
        definitions["hunt", hunt["name"]] |= {word: hunt[word] for word in OF_HUNT}
    return definitions


def _check_questions(first: Slice, other: Slice) -> None:
    """Raise `bad_request` unless both reports have the same questions."""
    for key in {**first.definitions, **other.definitions}:
        mine, theirs = first.definitions.get(key), other.definitions.get(key)
        if mine == theirs:
            continue
        what, name = key
        question = f"the hunt {name}" if what == "hunt" else what
        if mine is None or theirs is None:
            path = first.path if mine is None else other.path
            difference = f"{path} has no such question"
        else:
            word = next(word for word in mine if mine[word] != theirs[word])
            values = [json.dumps(each[word], ensure_ascii=False) for each in (mine, theirs)]
            difference = f"{word} is {values[0]} in {first.path} and {values[1]} in {other.path}"
        raise DefenderError(
            "bad_request",
            f"The slices differ in {question}: {difference}. Write the reports of all slices with"
            " the same variables.",
        )


def _check_tenants(slices: t.Iterable[Slice]) -> None:
    """Raise `bad_request` for a host or a tenant in two slices."""
    paths: dict[tuple[str, str], str] = {}
    for one in slices:
        keys = {("host", tenant.host): tenant.host for tenant in one.tenants}
        keys |= {
            ("tenant", tenant.tenant_id.lower()): tenant.host
            for tenant in one.tenants
            if tenant.tenant_id
        }
        for key, host in keys.items():
            if key in paths:
                raise DefenderError(
                    "bad_request",
                    f"The slices have the tenant {host} twice, in {paths[key]} and in {one.path};"
                    " each tenant must be in one slice only.",
                )
        paths |= dict.fromkeys(keys, one.path)


def _tenants(report: Json, questions: Questions) -> t.Iterator[Tenant]:
    incidents: dict[str, list[Json]] = {}
    for entry in report["incidents"]:
        kept = {name: entry[key] for name, key in PROPERTIES.items()}
        incidents.setdefault(entry["host"], []).append(kept)
    access = questions.get(("preflight", "preflight"))
    listed = questions.get(("incidents", "incidents"))
    for entry in report["tenants"]:
        gaps = {gap["what"]: gap for gap in entry["gaps"]}
        preflight = None
        if access:
            gap = gaps.get("preflight")
            preflight = {**(gap or {}), "ready": gap is None, "asked_at": access["asked_at"]}
        answer = None
        if listed:
            gap = gaps.get("incidents")
            answer = {
                **(gap or {}),
                "read": gap is None,
                "incidents": incidents.get(entry["host"], []),
                "truncated": entry["truncated"],
                "asked_at": listed["asked_at"],
                "asked": {**listed["filters"], "limit": listed["limit"]},
            }
        yield Tenant(
            **{key: entry[key] for key in ("host", "name", "tenant_id", "tier")},
            preflight=preflight,
            incidents=answer,
        )


def _hunts(report: Json, questions: Questions, path: str) -> dict[str, Json]:
    tenants = {tenant["host"]: tenant for tenant in report["tenants"]}
    return {
        hunt["name"]: {
            **{key: hunt[key] for key in (*OF_HUNT, "hits", "truncated")},
            **{key: questions["hunt", hunt["name"]][key] for key in OF_ASKING},
            "failures": {
                host: _failure(tenants[host], hunt["name"], category)
                for host, category in hunt["failures"].items()
            },
            "files": [_file(path, hunt["dest"])] if hunt["dest"] else [],
        }
        for hunt in report["hunts"]
    }


def _failure(tenant: Json, name: str, category: str) -> Json:
    """Why the hunt failed in this tenant, as in the fact `hunt_result`."""
    gap = next(gap for gap in tenant["gaps"] if name in gap["hunts"] and gap["what"] == "hunt")
    return {**gap, "category": category, "msg": gap["text"]}


def _file(path: str, dest: str) -> str:
    """The file of a hunt's rows; a report names no file outside its own folder."""
    folder = os.path.realpath(os.path.dirname(os.path.expanduser(path)))
    file = os.path.realpath(os.path.join(folder, dest))
    if not file.startswith(folder + os.sep):
        raise DefenderError(
            "bad_request",
            f"slices names {path}, which has the rows of a hunt in {dest}; they must be below its"
            " own folder.",
        )
    return file


def _over_all(parts: t.Sequence[Json]) -> Json:
    """One hunt over the tenants of all slices."""
    times = [part["asked_at"] for part in parts if part["asked_at"]]
    return {
        **parts[0],
        "asked_at": min(times, default=None),
        "hits": {host: number for part in parts for host, number in part["hits"].items()},
        "failures": {host: error for part in parts for host, error in part["failures"].items()},
        "truncated": [host for part in parts for host in part["truncated"]],
        "files": [file for part in parts for file in part["files"]],
    }
