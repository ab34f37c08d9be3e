# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The device options and the fields of a device, as the Endpoint API has them.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _listing, _odata, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json

# From learn.microsoft.com/defender-endpoint/api/machine, in snake_case.
ENUMS: t.Final[t.Mapping[str, tuple[str, ...]]] = {
    "health_status": (
        "active",
        "inactive",
        "impaired_communication",
        "no_sensor_data",
        "no_sensor_data_impaired_communication",
        "unknown",
    ),
    "risk_score": ("none", "informational", "low", "medium", "high"),
    "exposure_level": ("none", "low", "medium", "high"),
    "onboarding_status": ("onboarded", "can_be_onboarded", "unsupported", "insufficient_info"),
}
WORDS: t.Final = frozenset({*ENUMS, "device_value"})  # fields whose value is an enum
FIELDS: t.Final = (
    "id",
    "computer_dns_name",
    "health_status",
    "risk_score",
    "exposure_level",
    "onboarding_status",
    "machine_tags",
    "last_seen",
    "first_seen",
    "os_platform",
    "os_version",
    "os_processor",
    "os_architecture",
    "os_build",
    "version",
    "last_ip_address",
    "last_external_ip_address",
    "ip_addresses",
    "device_value",
    "rbac_group_id",
    "rbac_group_name",
    "is_aad_joined",
    "aad_device_id",
    "agent_version",
    "managed_by",
    "managed_by_status",
    "vm_metadata",
)
# The options that choose devices, as a module's argument_spec has them.
FILTERS: t.Final[t.Mapping[str, t.Any]] = {
    "id": {"type": "list", "elements": "str"},
    "name": {"type": "list", "elements": "str"},
    "ip": {"type": "str"},
    "at": {"type": "str"},
    "tag": {"type": "list", "elements": "str"},
    "os_platform": {"type": "list", "elements": "str"},
    **{
        name: {"type": "list", "elements": "str", "choices": list(words)}
        for name, words in ENUMS.items()
    },
    "last_seen_since": {"type": "str"},
    "filter": {"type": "str"},
}
ID: t.Final = re.compile(r"[0-9a-fA-F]{40}")
ADDRESS: t.Final = re.compile(r"[0-9a-fA-F.:]{3,45}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wanted:
    """The requested devices; an empty tuple means any. `at` and `last_seen_since` are ticks."""

    id: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    ip: str | None = None
    at: int | None = None
    tag: tuple[str, ...] = ()
    os_platform: tuple[str, ...] = ()
    health_status: tuple[str, ...] = ()
    risk_score: tuple[str, ...] = ()
    exposure_level: tuple[str, ...] = ()
    onboarding_status: tuple[str, ...] = ()
    last_seen_since: int | None = None
    filter: str | None = None


def wanted(params: t.Mapping[str, t.Any], *, at: int) -> Wanted:
    """The parameters as `Wanted`; raises `bad_request` for invalid ones."""
    _listing.check(params, "a device", FIELDS)
    if params["at"] and not params["ip"]:
        raise DefenderError("bad_request", "at is set, but needs ip: it is when a device had it.")
    if params["ip"] and not ADDRESS.fullmatch(params["ip"]):
        raise DefenderError("bad_request", f"ip is {params['ip']!r}, which is not an address.")
    times: dict[str, t.Any] = {
        name: _times.parse_time(name, params[name], at=at) if params[name] else None
        for name in ("at", "last_seen_since")
    }
    lists: dict[str, t.Any] = {
        name: tuple(params[name] or ()) for name in ("name", "tag", "os_platform", *ENUMS)
    }
    ids = tuple(dict.fromkeys(identity("id", text) for text in params["id"] or ()))
    if params["ip"] and times["at"] is None:
        times["at"] = at
    return Wanted(id=ids, ip=params["ip"], filter=params["filter"], **lists, **times)


def identity(option: str, text: str) -> str:
    """A device's id in lower case; raises `bad_request` for anything else."""
    if not ID.fullmatch(text.strip()):
        raise DefenderError(
            "bad_request",
            f"{option} is {text!r}, but a device's id has 40 hexadecimal digits; a device can also"
            " be chosen by its name.",
        )
    return text.strip().lower()


def normalized(thing: Json) -> Json:
    """A device in the words of results: names and enum values in snake_case."""
    plain = {name: value for name, value in thing.items() if "@odata." not in name}
    device: Json = _odata.snake_names(plain)
    for name in WORDS & device.keys():
        if isinstance(device[name], str):
            device[name] = _odata.snake(device[name])
    return device


def fits(device: Json, wanted: Wanted) -> bool:
    """Whether a device matches the options, except `ip` and `filter`."""
    if wanted.id and str(device.get("id")).lower() not in wanted.id:
        return False
    names = {name.lower() for name in wanted.name}
    if names and str(device.get("computer_dns_name") or "").lower() not in names:
        return False
    if wanted.tag and not set(wanted.tag) & set(device.get("machine_tags") or ()):
        return False
    for name in ("os_platform", *ENUMS):
        if getattr(wanted, name) and device.get(name) not in getattr(wanted, name):
            return False
    return wanted.last_seen_since is None or last_seen(device) >= wanted.last_seen_since


def last_seen(device: Json) -> int:
    """When the device was last seen, in ticks; 0 if the service does not say."""
    text = device.get("last_seen")
    return _times.read_time(text) if isinstance(text, str) and text else 0


def described(devices: t.Iterable[Json]) -> str:
    """Devices for a message: name, id, and when each was last seen."""
    return "; ".join(
        f"{device.get('computer_dns_name')} ({device.get('id')}, last seen"
        f" {device.get('last_seen')})"
        for device in devices
    )
