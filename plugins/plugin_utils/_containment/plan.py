# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a containment would do: the devices as the tenants know them, a dry run for each of them,
the number of devices to change, and the rounds in which a sweep changes them.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import actions as _actions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _rounds
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._containment import (
    targets as _targets,
)

VERBS: t.Final = {"isolated": "isolate", "released": "release"}


def plan(
    targets: Json,
    found: t.Any,
    dry_run: t.Any = None,
    *,
    done: t.Sequence[t.Any] = (),
    state: str = "isolated",
    tags: t.Sequence[str] = (),
) -> Json:
    """The plan; without a dry run, only which devices there are.

    :arg targets: of `targets.targets`.
    :arg found: the results of `device_info` in sweeps over the rounds `lookups`.
    :arg dry_run: the results of `device_isolation` in check mode, in sweeps over the rounds of the
        first call.
    :arg done: the results of the steps so far; a device that failed in one of them is in no further
        round, so that nothing is sent twice.
    :arg tags: to be added to isolated devices, or removed from released ones.

    Returns `devices` (host, id, name, incidents, plan, and category, text, who and advice of a
    problem; without an id where a problem has no device), `changes` (how many devices would be
    changed), and as rounds `all`, `act` (isolate or release), `wait` and `tag`.
    """
    hosts = targets["hosts"]
    lookups: dict[str, list[_rounds.Answer]] = {host: [] for host in hosts}
    for answer in _rounds.answers(found):
        lookups[answer.host].append(answer)
    devices = [device for host in hosts for device in _of_host(host, hosts[host], lookups[host])]
    if dry_run is not None:
        looks = {(answer.host, answer.item): answer for answer in _rounds.answers(dry_run)}
        devices = [
            _planned(device, looks.get((device["host"], device["id"])), state, tags)
            for device in devices
        ]
    acting = [device for device in devices if device["plan"] == VERBS[state]]
    failed = {
        (answer.host, answer.item)
        for looped in done
        for answer in _rounds.answers(looped)
        if answer.error
    }
    waiting = [device for device in devices if device["under_way"]]
    tagging = [device for device in devices if device["tags_missing"]]
    return {
        "state": state,
        "hosts": list(hosts),
        "devices": devices,
        "changes": len({_key(device) for device in [*acting, *tagging]}),
        "all": _rounds.of_rows(device for device in devices if device["id"]),
        "act": _rounds.of_rows(acting),
        "wait": _rounds.of_rows(
            device for device in [*acting, *waiting] if _key(device) not in failed
        ),
        "tag": _rounds.of_rows(device for device in tagging if _key(device) not in failed),
    }


def _key(device: Json) -> tuple[str, str]:
    return device["host"], device["id"]


def _of_host(host: str, target: Json, answers: t.Iterable[_rounds.Answer]) -> list[Json]:
    """Every device of a tenant once, and a row for each problem."""
    devices: dict[str, Json] = {}
    missing = dict.fromkeys([*target["ids"], *target["names"]])
    problems = list(target["problems"])
    for answer in answers:
        keys = [key.lower() for values in answer.item.values() for key in values]
        if answer.error:
            cases = [case for key in keys for case in target["incidents"].get(key, ())]
            problems.append(
                _targets.problem(
                    answer.error, incidents=list(dict.fromkeys(cases)), device=", ".join(keys)
                )
            )
            missing = {key: None for key in missing if key not in keys}
            continue
        for device in (answer.result or {}).get("devices") or ():
            name = str(device.get("computer_dns_name") or "")
            matches = [key for key in keys if key in (device["id"].lower(), name.lower())]
            missing = {key: None for key in missing if key not in matches}
            _merge(devices, device, matches, target["incidents"])
    problems += [_unknown(key, target["incidents"].get(key, [])) for key in missing]
    rows = [{"host": host, **device} for device in _unambiguous(devices, target, problems)]
    return rows + [{"host": host, **_blank(), **_failed(problem)} for problem in problems]


def _merge(devices: dict[str, Json], device: Json, keys: list[str], incidents: Json) -> None:
    entry = devices.setdefault(
        device["id"],
        {
            **_blank(),
            "id": device["id"],
            "name": device.get("computer_dns_name") or device["id"],
            "machine_tags": list(device.get("machine_tags") or ()),
            "keys": [],
        },
    )
    entry["keys"] += keys
    cases = [case for key in keys for case in incidents.get(key, ())]
    entry["incidents"] = list(dict.fromkeys([*entry["incidents"], *cases]))


def _unambiguous(devices: dict[str, Json], target: Json, problems: list[Json]) -> list[Json]:
    """The devices without those of a name that several have: nobody guesses which one is meant."""
    kept = dict(devices)
    for name in target["names"]:
        several = [device for device in devices.values() if name in device["keys"]]
        if len(several) > 1:
            ids = ", ".join(device["id"] for device in several)
            text = (
                f"{len(several)} devices have the name {name} ({ids}); use the id of one of them."
            )
            error = _targets.error("bad_request", text)
            cases = target["incidents"].get(name, [])
            problems.append(_targets.problem(error, incidents=cases, device=name))
            for device in several:
                if set(device["keys"]) == {name}:
                    kept.pop(device["id"], None)
    return [
        {name: value for name, value in device.items() if name != "keys"}
        for device in kept.values()
    ]


def _unknown(key: str, incidents: list[str]) -> Json:
    text = f"The tenant has no device {key}; a name must be the whole DNS name."
    return _targets.problem(_targets.error("not_found", text), incidents=incidents, device=key)


def _blank() -> Json:
    return {
        "id": None,
        "name": None,
        "incidents": [],
        "machine_tags": [],
        "plan": None,
        "under_way": False,
        "tags_missing": False,
        "category": "",
        "text": "",
        "who": "",
        "advice": "",
        "is_read": True,
    }


def _failed(problem: Json) -> Json:
    return {
        **{name: value for name, value in problem.items() if name != "device"},
        "name": problem["device"],
        "plan": "refused" if problem["category"] == "refused" else "failed",
    }


def _planned(device: Json, look: _rounds.Answer | None, state: str, tags: t.Sequence[str]) -> Json:
    """The device with what is to be done, from its dry run."""
    if not device["id"]:
        return device
    if look is None or look.result is None:
        error = _rounds.LOST if look is None else look.error or _rounds.LOST
        problem = _targets.problem(error, incidents=device["incidents"], device=device["name"])
        # the device was read before
        return {**device, **_failed(problem), "is_read": True}
    action = look.result.get("action") or {}
    changed = bool(look.result.get("changed"))
    return {
        **device,
        "plan": VERBS[state] if changed else "none",
        "under_way": not changed and action.get("status") in _actions.OPEN,
        "tags_missing": _need_change(device["machine_tags"], tags, state),
    }


def _need_change(standing: t.Sequence[str], tags: t.Sequence[str], state: str) -> bool:
    """Whether a tag is to be added to an isolated device, or removed from a released one."""
    if state == "isolated":
        return any(tag not in standing for tag in tags)
    return any(tag in standing for tag in tags)
