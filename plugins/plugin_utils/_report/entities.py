# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The devices and accounts that an incident, or a row of a hunt, is about.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json

DEVICE: t.Final = ("DeviceName", "ComputerName")
ACCOUNT: t.Final = (
    "AccountUpn",
    "AccountName",
    "UserPrincipalName",
    "RecipientEmailAddress",
    "InitiatingProcessAccountUpn",
    "InitiatingProcessAccountName",
    "AccountDisplayName",
)
WHAT: t.Final = (
    "ProcessCommandLine",
    "Subject",
    "RemoteUrl",
    "Url",
    "FileName",
    "RegistryKey",
    "Application",
    "ActionType",
    "RemoteIP",
    "IPAddress",
)
TIME: t.Final = ("Timestamp", "TimeGenerated")
SHOWN: t.Final = 200  # characters of what a row is about
# accounts of every machine, which connect nothing
BUILT_IN: t.Final = frozenset({"system", "local service", "network service", "anonymous logon"})
Key = tuple[str, str]  # `device` or `account`, and the name in one spelling


def device_key(name: str) -> Key:
    """The device without its domain, which not every table and API gives."""
    device = name.strip().lower()
    is_address = not device.strip("0123456789.") or ":" in device
    return "device", device if is_address else device.partition(".")[0]


def account_key(name: str) -> Key | None:
    """The account without its domain; None for accounts that every machine has."""
    short = name.strip().lower().rpartition("\\")[2].partition("@")[0]
    return None if not short or short in BUILT_IN or short.endswith("$") else ("account", short)


def of_alerts(alerts: t.Iterable[Json]) -> tuple[list[str], list[str]]:
    """The devices and the accounts in alerts of either API, each once by the name it has first."""
    devices: dict[Key, str] = {}
    accounts: dict[Key, str] = {}
    for alert in alerts:
        for one in [*_list(alert, "evidence"), *_list(alert, "devices"), *_list(alert, "entities")]:
            device = one.get("device_dns_name") or one.get("host_name")
            if device:
                devices.setdefault(device_key(str(device)), str(device))
            user = one.get("user_account")
            user = user if isinstance(user, dict) else one
            account = user.get("user_principal_name") or user.get("account_name")
            if account and (key := account_key(str(account))):
                accounts.setdefault(key, str(account))
    return list(devices.values()), list(accounts.values())


def _list(alert: Json, key: str) -> list[Json]:
    return [one for one in alert.get(key) or [] if isinstance(one, dict)]


def keys_of_row(row: t.Mapping[str, t.Any]) -> set[Key]:
    """Everything in the row that an incident of the same tenant may be about."""
    keys: set[Key | None] = {device_key(str(row[column])) for column in DEVICE if row.get(column)}
    keys |= {account_key(str(row[column])) for column in ACCOUNT if row.get(column)}
    return {key for key in keys if key is not None}


def shown_row(row: t.Mapping[str, t.Any]) -> Json:
    """What a person sees of the row first: time, device, account, and what it is about."""
    what = _first(row, WHAT)
    if not what:
        rest = {key: value for key, value in row.items() if value and not key.startswith("tenant_")}
        what = json.dumps(rest, ensure_ascii=False, default=str)
    return {
        "time": _first(row, TIME),
        "device": _first(row, DEVICE),
        "account": _first(row, ACCOUNT),
        "what": what if len(what) <= SHOWN else f"{what[: SHOWN - 1]}…",
    }


def _first(row: t.Mapping[str, t.Any], columns: t.Iterable[str]) -> str:
    return next((str(row[column]) for column in columns if row.get(column)), "")
