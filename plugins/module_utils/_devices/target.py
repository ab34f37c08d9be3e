# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The device that a task acts on: exactly one, and not a protected one.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting import (
    guard_rails as _guard_rails,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import device as _devices
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import reading as _reading
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api

# Options of every module that changes a device, as an argument_spec has them.
OPTIONS: t.Final[t.Mapping[str, t.Any]] = {
    "device": {"type": "str", "required": True},
    "override_protection": {"type": "bool", "default": False},
}


def target(api: Api, params: t.Mapping[str, t.Any]) -> Json:
    """The device in the option `device`; raises as `device`, and `refused` for a device with a
    protected tag, or if the option `confirm` is not its name."""
    chosen = device(api, params["device"])
    check_protected(api, chosen, override=params["override_protection"])
    if "confirm" in params:
        _check_confirmed(chosen, params["confirm"])
    return chosen


def check_protected(api: Api, chosen: Json, *, override: bool) -> None:
    """Raise `refused` for a device with a protected tag."""
    _guard_rails.check_protected(
        f"Tenant {api.tenant.options.label}: {described(chosen)}",
        chosen.get("machine_tags") or (),
        api.tenant.options.protected_tags,
        override=override,
    )


def device(api: Api, key: str) -> Json:
    """The device with this id or whole DNS name; raises `not_found`, and `bad_request` for a name
    of several devices."""
    key, label = key.strip(), api.tenant.options.label
    if not key:
        raise DefenderError("bad_request", "device is empty; set it to an id or a DNS name.")
    if _devices.ID.fullmatch(key):
        wanted = _devices.Wanted(id=(key.lower(),))
    else:
        wanted = _devices.Wanted(name=(key,))
    devices = _reading.devices(api, wanted)
    if not devices:
        raise DefenderError(
            "not_found",
            f"Tenant {label} has no device with the name {key}; a name must be the whole DNS name.",
        )
    if len(devices) > 1:
        raise DefenderError(
            "bad_request",
            f"Tenant {label} has {len(devices)} devices with the name {key}:"
            f" {_devices.described(devices)}.",
            advice="Set device to the id of one of them.",
        )
    return devices[0]


def _check_confirmed(device: Json, text: str) -> None:
    """Raise `refused` unless the text is the name of the device."""
    name = str(device.get("computer_dns_name") or "")
    if text.strip().lower() != name.lower():
        raise DefenderError(
            "refused",
            f"confirm is {text!r}, but the name of {described(device)} is {name}; set confirm to it"
            " to confirm.",
        )


def described(device: Json) -> str:
    """A device for a message."""
    return f"device {device.get('computer_dns_name')} ({device['id']})"
