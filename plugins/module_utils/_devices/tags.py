# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tags of a device as desired state.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting.desired_state import Write
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import device as _devices
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import pages as _pages
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import reading as _reading
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import target as _target
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api


def checked(tags: t.Iterable[str]) -> tuple[str, ...]:
    """The tags of the option, each once; raises `bad_request` for an empty one."""
    stripped = tuple(dict.fromkeys(tag.strip() for tag in tags))
    if "" in stripped:
        raise DefenderError("bad_request", "tags has an empty tag; remove it.")
    return stripped


class Tags:
    """The tags of one device, and what a task wants of them: a subject of the core.

    Each tag is a request of its own, because a request with the whole list would remove a tag that
    somebody else adds at the same moment.
    """

    settle_seconds = 0.0

    def __init__(self, api: Api, device: Json, tags: tuple[str, ...], state: str) -> None:
        self._api = api
        self._device: Json | None = device
        self._id = str(device["id"])
        self._tags = tags
        self._state = state
        self.name = _target.described(device)

    def read(self) -> Json:
        """The device; at first as it was read to find it."""
        device, self._device = self._device, None
        if device is None:
            (device,) = _reading.devices(self._api, _devices.Wanted(id=(self._id,)))
        return device

    def state(self, thing: Json) -> Json:
        return {"machine_tags": list(thing.get("machine_tags") or [])}

    def wanted(self, thing: Json) -> Json:
        tags = self.state(thing)["machine_tags"]
        kept = [tag for tag in tags if self._is_kept(tag)]
        new = [] if self._state == "absent" else [tag for tag in self._tags if tag not in tags]
        return {"machine_tags": kept + new}

    def writes(self, before: Json, after: Json) -> list[Write]:
        old, new = before["machine_tags"], after["machine_tags"]
        removed = [self._write("Remove", tag) for tag in old if tag not in new]
        return removed + [self._write("Add", tag) for tag in new if tag not in old]

    def _is_kept(self, tag: str) -> bool:
        return {
            "present": True,
            "absent": tag not in self._tags,
            "exact": tag in self._tags,
        }[self._state]

    def _write(self, verb: str, tag: str) -> Write:
        def is_done(thing: Json) -> bool:
            return (tag in self.state(thing)["machine_tags"]) == (verb == "Add")

        return Write(
            ("machine_tags",),
            "POST",
            f"{_reading.PATH}/{self._id}/tags",
            {"Value": tag, "Action": verb},
            self._updated,
            is_done,
        )

    def _updated(self, thing: Json, response: Json) -> Json:
        return _pages.single(self._api, response, "device", _devices.normalized)
