# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same indicator in several tenants: a hash, address, domain or sender that the rows of hunts
have in common.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
import urllib.parse

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json

Row = tuple[str, str, t.Mapping[str, t.Any]]  # query, host, row
# What a row is about, not what ran it: the hash of the interpreter that started a script is the
# same everywhere.
COLUMNS: t.Final[t.Mapping[str, str]] = {
    "SHA256": "hash",
    "SHA1": "hash",
    "MD5": "hash",
    "RemoteIP": "address",
    "IPAddress": "address",
    "SenderIPv4": "address",
    "SenderIPv6": "address",
    "RemoteUrl": "domain",
    "Url": "domain",
    "UrlDomain": "domain",
    "SenderFromDomain": "domain",
    "SenderFromAddress": "sender",
    "SenderMailFromAddress": "sender",
}
HEX: t.Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}")
DOMAIN: t.Final = re.compile(
    r"(?=.{4,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}"
)
# Every network has these; equal ones say nothing. Addresses of documentation stay in, laboratories
# live in them.
INNER: t.Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12"
            " 192.168.0.0/16 ::/127 fc00::/7 fe80::/10"
        ).split(),
    )
)


def indicator(column: str, value: t.Any) -> tuple[str, str] | None:
    """The kind and the value in one spelling, or None for what is no indicator that tenants could
    share."""
    kind = COLUMNS.get(column)
    if kind is None or not isinstance(value, str) or not (text := value.strip().lower()):
        return None
    if kind == "address":
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return None
        return None if any(address in network for network in INNER) else (kind, address.compressed)
    if kind == "hash":
        return (kind, text) if HEX.fullmatch(text) else None
    if kind == "sender":
        return (kind, text) if re.fullmatch(r"[^@\s]+@[^@\s]+", text) and len(text) <= 320 else None
    try:
        name = (urllib.parse.urlsplit(text if "//" in text else f"//{text}").hostname or "").rstrip(
            "."
        )
    except ValueError:
        return None
    if DOMAIN.fullmatch(name):
        return kind, name
    return indicator("RemoteIP", name)


def shared(rows: t.Iterable[Row]) -> list[Json]:
    """What at least two tenants have, that of most tenants first: kind, value, tenants (hosts),
    hunts, rows (a number)."""
    found: dict[tuple[str, str], tuple[dict[str, None], dict[str, None], list[int]]] = {}
    for query, host, row in rows:
        for one in {each for column, value in row.items() if (each := indicator(column, value))}:
            hosts, hunts, count = found.setdefault(one, ({}, {}, [0]))
            hosts[host] = hunts[query] = None
            count[0] += 1
    several = [
        {
            "kind": kind,
            "value": value,
            "tenants": sorted(hosts),
            "hunts": sorted(hunts),
            "rows": count[0],
        }
        for (kind, value), (hosts, hunts, count) in found.items()
        if len(hosts) > 1
    ]
    return sorted(
        several,
        key=lambda one: (
            -len(t.cast("list[str]", one["tenants"])),
            str(one["kind"]),
            str(one["value"]),
        ),
    )
