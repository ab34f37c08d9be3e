# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The devices, users, hashes, addresses, domains, URLs and mailboxes in the evidence of alerts.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json

GROUPS: t.Final = (
    "devices",
    "users",
    "hashes",
    "addresses",
    "domains",
    "urls",
    "mailboxes",
    "other",
)
HASHES: t.Final = ("sha256", "sha1", "md5")
Paths = tuple[tuple[str, str], ...]


def _file(*path: str) -> Paths:
    return tuple(("hashes", ".".join((*path, name))) for name in HASHES)


# Where an entity is in each kind of evidence: its group, and the path of its value. A name that
# ends with `+` is the first of several that has a value.
ACCOUNT: t.Final = "user_principal_name+account_name"
DEVICE: t.Final = "mde_device_id+device_dns_name+host_name"
EVIDENCE: t.Final[t.Mapping[str, Paths]] = {
    "deviceEvidence": (("devices", DEVICE),),
    "ioTDeviceEvidence": (
        ("devices", "device_id+device_name"),
        ("addresses", "ip_address.ip_address"),
    ),
    "userEvidence": (("users", f"user_account.{ACCOUNT}"),),
    "hostLogonSessionEvidence": (
        ("users", f"account.user_account.{ACCOUNT}"),
        ("devices", f"host.{DEVICE}"),
    ),
    "cloudLogonSessionEvidence": (("users", f"account.user_account.{ACCOUNT}"),),
    "ipEvidence": (("addresses", "ip_address"),),
    "nicEvidence": (("addresses", "ip_address.ip_address"),),
    "networkConnectionEvidence": (
        ("addresses", "source_address.ip_address"),
        ("addresses", "destination_address.ip_address"),
    ),
    "dnsEvidence": (
        ("domains", "domain_name"),
        ("addresses", "ip_addresses.ip_address"),
        ("addresses", "host_ip_address.ip_address"),
    ),
    "activeDirectoryDomainEvidence": (("domains", "active_directory_domain_name"),),
    "urlEvidence": (("urls", "url"),),
    "fileEvidence": (*_file("file_details"), ("devices", "mde_device_id")),
    "fileHashEvidence": (("hashes", "value"),),
    "processEvidence": (
        *_file("image_file"),
        ("users", f"user_account.{ACCOUNT}"),
        ("devices", "mde_device_id"),
    ),
    "malwareEvidence": _file("files", "file_details"),
    "mailboxEvidence": (("mailboxes", "primary_address+upn"),),
    "mailboxConfigurationEvidence": (("mailboxes", "mailbox_primary_address+upn"),),
    "analyzedMessageEvidence": (
        ("mailboxes", "recipient_email_address"),
        ("addresses", "sender_ip"),
        ("urls", "urls"),
    ),
    "submissionMailEvidence": (("mailboxes", "recipient"), ("addresses", "sender_ip")),
    "teamsMessageEvidence": (
        ("urls", "urls.url"),
        ("addresses", "sender_ip"),
        *_file("files", "file_details"),
    ),
}
# The same in the entities of the older API, whose members are flat.
ENTITIES: t.Final[t.Mapping[str, Paths]] = {
    "user": (("users", ACCOUNT),),
    "ip": (("addresses", "ip_address"),),
    "url": (("urls", "url"),),
    "file": (*_file(), ("devices", "device_id")),
    "process": (*_file(), ("users", ACCOUNT), ("devices", "device_id")),
    "mail_box": (("mailboxes", "mailbox_address+user_principal_name"),),
    "mail_message": (("mailboxes", "recipient"),),
}
# Of these, only some parts are in a group. They are in `other` too, with all that they have.
PARTLY: t.Final = frozenset(
    {
        "analyzedMessageEvidence",
        "malwareEvidence",
        "networkConnectionEvidence",
        "submissionMailEvidence",
        "teamsMessageEvidence",
        "mail_message",
    }
)


def entities(alerts: t.Iterable[Json]) -> dict[str, list[Json]]:
    """Every entity once per alert, by group: `value`, `incident_id`, `alert_id`, `tenant_id`.

    :arg alerts: of either API, in the words of results.
    A device's `value` is its id if that is known, and `name` its DNS name. A hash has its `type`,
    and a member of `other` the whole `evidence`.
    """
    groups: dict[str, dict[t.Any, Json]] = {name: {} for name in GROUPS}
    for alert in alerts:
        origin = {
            "incident_id": alert.get("incident_id"),
            "alert_id": alert.get("id"),
            "tenant_id": alert.get("tenant_id"),
        }
        pieces = [*_objects(alert, "evidence"), *_objects(alert, "entities")]
        for piece in pieces:
            _add(groups, piece, origin)
        for device in _objects(alert, "devices"):
            value = device.get("mdatp_device_id") or device.get("device_dns_name")
            _put(groups, "devices", value, origin, name=device.get("device_dns_name"))
    return {name: list(members.values()) for name, members in groups.items()}


def _add(groups: dict[str, dict[t.Any, Json]], piece: Json, origin: Json) -> None:
    kind = str(piece.get("odata_type") or piece.get("entity_type") or "unknown").rpartition(".")[2]
    paths = EVIDENCE.get(kind) or ENTITIES.get(kind) or ()
    empty = True
    for group, path in paths:
        *parents, member = path.split(".")
        details = {}
        if group == "devices":
            details = {"name": next(_values(piece, [*parents, "device_dns_name"]), None)}
        elif group == "hashes":
            details = {"type": piece.get("algorithm") or member}
        for value in _values(piece, [*parents, member]):
            _put(groups, group, value, origin, **details)
            empty = False
    if empty or kind in PARTLY:
        number = len(groups["other"])
        groups["other"][number] = {"value": kind, **origin, "evidence": piece}


def _put(
    groups: dict[str, dict[t.Any, Json]],
    group: str,
    value: t.Any,
    origin: Json,
    **details: t.Any,
) -> None:
    """Add an entity, or what is not known yet of one that is there."""
    if not isinstance(value, str) or not value.strip():
        return
    # the path of a URL is another one in other case
    key = (value if group == "urls" else value.lower(), *origin.values())
    entry = groups[group].setdefault(key, {"value": value, **origin})
    entry.update({name: text for name, text in details.items() if text or name not in entry})


def _values(thing: t.Any, path: list[str]) -> t.Iterator[str]:
    """The texts at a path, through all members of lists."""
    if isinstance(thing, list):
        for member in thing:
            yield from _values(member, path)
    elif not path:
        if isinstance(thing, str) and thing:
            yield thing
    elif isinstance(thing, dict):
        first = next((name for name in path[0].split("+") if thing.get(name)), None)
        if first:
            yield from _values(thing[first], path[1:])


def _objects(alert: Json, name: str) -> list[Json]:
    return [piece for piece in alert.get(name) or [] if isinstance(piece, dict)]
