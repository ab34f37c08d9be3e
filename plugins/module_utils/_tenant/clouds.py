# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The URLs and token audiences of each cloud's services: one table, no requests.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

RESOURCES: t.Final = ("graph", "xdr", "endpoint")
APP_IDS: t.Final[t.Mapping[str, str]] = {
    "graph": "00000003-0000-0000-c000-000000000000",
    "xdr": "8ee8fdad-f234-4243-8f3b-15c294843740",
    "endpoint": "fc780465-2017-40d4-a0c5-307022471b92",
}
PRODUCTS: t.Final[t.Mapping[str, str]] = {
    "graph": "Microsoft Graph",
    "xdr": "Microsoft Threat Protection",
    "endpoint": "WindowsDefenderATP",
}


@dataclasses.dataclass(frozen=True)
class Service:
    """One API in one cloud: its base URL, the audience to request, and other audiences that it
    accepts."""

    url: str
    audience: str
    aliases: tuple[str, ...] = ()

    def accepts(self, audience: str) -> bool:
        """Whether a token with this `aud` is for this service; a slash at the end is ignored."""
        return audience.rstrip("/").lower() in {
            name.rstrip("/").lower() for name in (self.audience, *self.aliases)
        }


@dataclasses.dataclass(frozen=True)
class Cloud:
    """One of Microsoft's clouds; a service that does not exist there is missing from
    `services`."""

    name: str
    login: str
    issuer_hosts: tuple[str, ...]
    services: t.Mapping[str, Service]


def _service(resource: str, url: str, audience: str, *aliases: str) -> Service:
    return Service(url, audience, (*aliases, APP_IDS[resource]))


PUBLIC_ENDPOINT = (
    "https://api.securitycenter.microsoft.com",
    "https://api.securitycenter.windows.com",
    "https://securitycenter.onmicrosoft.com/windowsatpservice",
)
GOV_ENDPOINT = "https://securitycenter.onmicrosoft.us/windowsatpservice"
PUBLIC_ISSUERS = ("sts.windows.net", "login.microsoftonline.com")
GOV_ISSUERS = ("sts.windows.net", "login.microsoftonline.us")

# Sources: learn.microsoft.com defender-xdr/usgov, defender-endpoint/gov, graph/deployments.
# Microsoft documents no XDR audience for the government clouds. The host is used there, and
# xdr_audience overrides it.
CLOUDS: t.Final[t.Mapping[str, Cloud]] = {
    "public": Cloud(
        "public",
        "https://login.microsoftonline.com",
        PUBLIC_ISSUERS,
        {
            "graph": _service(
                "graph", "https://graph.microsoft.com", "https://graph.microsoft.com"
            ),
            "xdr": _service(
                "xdr", "https://api.security.microsoft.com", "https://api.security.microsoft.com"
            ),
            "endpoint": _service(
                "endpoint", "https://api.securitycenter.microsoft.com", *PUBLIC_ENDPOINT
            ),
        },
    ),
    "gcc": Cloud(
        "gcc",
        "https://login.microsoftonline.com",
        PUBLIC_ISSUERS,
        {
            "graph": _service(
                "graph", "https://graph.microsoft.com", "https://graph.microsoft.com"
            ),
            "xdr": _service(
                "xdr",
                "https://api-gcc.security.microsoft.us",
                "https://api-gcc.security.microsoft.us",
                "https://api.security.microsoft.com",
            ),
            "endpoint": _service(
                "endpoint",
                "https://api-gcc.securitycenter.microsoft.us",
                PUBLIC_ENDPOINT[2],
                *PUBLIC_ENDPOINT[:2],
            ),
        },
    ),
    "gcc_high": Cloud(
        "gcc_high",
        "https://login.microsoftonline.us",
        GOV_ISSUERS,
        {
            "graph": _service("graph", "https://graph.microsoft.us", "https://graph.microsoft.us"),
            "xdr": _service(
                "xdr",
                "https://api-gov.security.microsoft.us",
                "https://api-gov.security.microsoft.us",
            ),
            "endpoint": _service(
                "endpoint", "https://api-gov.securitycenter.microsoft.us", GOV_ENDPOINT
            ),
        },
    ),
    "dod": Cloud(
        "dod",
        "https://login.microsoftonline.us",
        GOV_ISSUERS,
        {
            "graph": _service(
                "graph", "https://dod-graph.microsoft.us", "https://dod-graph.microsoft.us"
            ),
            "xdr": _service(
                "xdr",
                "https://api-gov.security.microsoft.us",
                "https://api-gov.security.microsoft.us",
            ),
            "endpoint": _service(
                "endpoint", "https://api-gov.securitycenter.microsoft.us", GOV_ENDPOINT
            ),
        },
    ),
    # Graph exists in China, but its security types do not (they are missing from that cloud's
    # metadata).
    "china": Cloud(
        "china",
        "https://login.partner.microsoftonline.cn",
        ("sts.chinacloudapi.cn", "login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
        {},
    ),
}
LOGIN_ALIASES: t.Final[t.Mapping[str, str]] = {
    "https://login.windows.net": "https://login.microsoftonline.com",
    "https://login.chinacloudapi.cn": "https://login.partner.microsoftonline.cn",
}
# Regional API hosts of the public cloud. Any of them serves any tenant; the nearest is fastest.
REGIONS: t.Final = ("us", "eu", "uk", "au", "swa", "ina", "aea")
ENDPOINT_REGIONS: t.Final = ("us", "eu", "uk")


def service(cloud: str, resource: str, *, region: str | None = None) -> Service:
    """The service in this cloud; raises `unsupported` if Microsoft does not offer it there."""
    offered = CLOUDS[cloud].services.get(resource)
    if offered is None:
        raise DefenderError(
            "unsupported", f"{PRODUCTS[resource]} has no Defender XDR API in the cloud {cloud}."
        )
    if not region or resource == "graph":
        return offered
    if cloud != "public":
        raise DefenderError(
            "bad_request",
            (
                f"region is {region}, but only the public cloud has regional hosts; cloud is"
                f" {cloud}."
            ),
        )
    if resource == "endpoint":
        if region not in ENDPOINT_REGIONS:
            raise DefenderError(
                "unsupported",
                (
                    f"The Defender for Endpoint API has no host for region {region}; region must be"
                    f" one of {', '.join(ENDPOINT_REGIONS)}."
                ),
            )
        return dataclasses.replace(
            offered, url=f"https://api-{region}.securitycenter.microsoft.com"
        )
    return dataclasses.replace(offered, url=f"https://{region}.api.security.microsoft.com")


# The portal shows this identifier for WindowsDefenderATP, but its APIs refuse tokens for it:
# microsoft-365-docs issue 9246.
PORTAL_AUDIENCE: t.Final = "https://userrequestsgraphapi-prd.trafficmanager.net"


def owner_of(audience: str) -> str | None:
    """The resource that an audience belongs to in any cloud, or None if it is unknown."""
    if audience.rstrip("/").lower() == PORTAL_AUDIENCE:
        return "WindowsDefenderATP (the portal shows this audience, but no API accepts it)"
    for cloud in CLOUDS.values():
        for resource, offered in cloud.services.items():
            if offered.accepts(audience):
                return resource
    return None
