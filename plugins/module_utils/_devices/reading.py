# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Devices from the Endpoint API.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t
from urllib.parse import quote

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _odata, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import device as _devices
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import pages as _lists
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.device import Wanted
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api

PATH: t.Final = "/api/machines"
SHOWN: t.Final = 10  # candidates in a message


def devices(api: Api, wanted: Wanted) -> list[Json]:
    """The matching devices, those seen last first. Raises `not_found` for an id that the tenant
    does not have."""
    if wanted.ip:
        rows = _with_ip(api, wanted)
    elif wanted.id:
        rows = _in_batches(api, "id", wanted.id, wanted)
    elif wanted.name:
        rows = _with_names(api, wanted)
    else:
        rows = _pages(api, filter_text(wanted))
    matching = {row["id"]: row for row in rows if _devices.fits(row, wanted)}
    answered = {str(row["id"]).lower() for row in rows}
    if absent := [key for key in wanted.id if key not in answered]:
        raise DefenderError(
            "not_found",
            f"Tenant {api.tenant.options.label} has no device with the id {', '.join(absent)}.",
        )
    return sorted(matching.values(), key=lambda row: (-_devices.last_seen(row), str(row["id"])))


def check_single(devices: list[Json], label: str) -> None:
    """Raise `bad_request` that lists the candidates, unless there is exactly one device."""
    if len(devices) == 1:
        return
    text = "no device" if not devices else f"{len(devices)} devices"
    more = f", and {len(devices) - SHOWN} more" if len(devices) > SHOWN else ""
    names = f": {_devices.described(devices[:SHOWN])}{more}" if devices else ""
    raise DefenderError(
        "bad_request",
        f"single is true, but {text} of tenant {label} match{names}.",
        advice="Choose one of them by its id.",
    )


def filter_text(wanted: Wanted, *more: str | None) -> str | None:
    """The `$filter` for the options that the service can compare as the module does."""
    lists = [
        _odata.any_of(
            _odata.camel(name), map(_odata.quote, map(_odata.pascal, getattr(wanted, name)))
        )
        for name in ("health_status", "risk_score", "exposure_level")
    ]
    platforms = _odata.any_of("osPlatform", map(_odata.quote, wanted.os_platform))
    tags = [f"machineTags/any(tag: tag eq {_odata.quote(tag)})" for tag in wanted.tag]
    tagged = f"({' or '.join(tags)})" if len(tags) > 1 else next(iter(tags), None)
    seen = _odata.between("lastSeen", wanted.last_seen_since, None)
    raw_filter = f"({wanted.filter})" if wanted.filter else None
    return _odata.all_of([raw_filter, *more, *lists, platforms, tagged, seen])


def _with_ip(api: Api, wanted: Wanted) -> list[Json]:
    """Devices that had the address within 15 minutes of that time, as the service says."""
    at = _times.format_time((wanted.at or 0) // _times.SECOND * _times.SECOND)
    answer = api.get(f"{PATH}/findbyip(ip='{quote(wanted.ip or '', safe=':')}',timestamp={at})")
    return _lists.objects(api, answer, "device", _devices.normalized)


def _with_names(api: Api, wanted: Wanted) -> list[Json]:
    """Devices of these names. The service may compare upper and lower case, so that all devices are
    read for a name that it does not find."""
    spellings = tuple(dict.fromkeys([*wanted.name, *(name.lower() for name in wanted.name)]))
    rows = _in_batches(api, "computerDnsName", spellings, wanted)
    names = {str(row.get("computer_dns_name")).lower() for row in rows}
    if all(name.lower() in names for name in wanted.name):
        return rows
    return _pages(api, filter_text(wanted))


def _in_batches(api: Api, name: str, values: t.Sequence[str], wanted: Wanted) -> list[Json]:
    rows: list[Json] = []
    for batch in _lists.batches(values):
        literals = map(_odata.quote, batch)
        # an id is asked for alone, so that one that is there but does not match is not missing
        text = _odata.any_of(name, literals)
        rows += _pages(api, text if name == "id" else filter_text(wanted, text))
    return rows


def _pages(api: Api, text: str | None) -> list[Json]:
    return _lists.pages(api, PATH, "device", _devices.normalized, text)
