# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts and audiences of each cloud, typed in from Microsoft's pages on the government clouds and
on its regional hosts."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import clouds as _clouds
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import (
    owner_of,
    service,
)

CLOUDS = {  # cloud: (login, Graph, XDR, Defender for Endpoint)
    "public": (
        "https://login.microsoftonline.com",
        "https://graph.microsoft.com",
        "https://api.security.microsoft.com",
        "https://api.securitycenter.microsoft.com",
    ),
    "gcc": (
        "https://login.microsoftonline.com",
        "https://graph.microsoft.com",
        "https://api-gcc.security.microsoft.us",
        "https://api-gcc.securitycenter.microsoft.us",
    ),
    "gcc_high": (
        "https://login.microsoftonline.us",
        "https://graph.microsoft.us",
        "https://api-gov.security.microsoft.us",
        "https://api-gov.securitycenter.microsoft.us",
    ),
    "dod": (
        "https://login.microsoftonline.us",
        "https://dod-graph.microsoft.us",
        "https://api-gov.security.microsoft.us",
        "https://api-gov.securitycenter.microsoft.us",
    ),
}
OWNERS = {
    "https://graph.microsoft.com": "graph",
    "https://graph.microsoft.us": "graph",
    "https://dod-graph.microsoft.us": "graph",
    "00000003-0000-0000-c000-000000000000": "graph",
    "https://api.security.microsoft.com": "xdr",
    "https://api-gcc.security.microsoft.us": "xdr",
    "https://api-gov.security.microsoft.us": "xdr",
    "8ee8fdad-f234-4243-8f3b-15c294843740": "xdr",
    "https://api.securitycenter.microsoft.com": "endpoint",
    "https://api.securitycenter.windows.com": "endpoint",
    "https://securitycenter.onmicrosoft.com/windowsatpservice": "endpoint",
    "https://securitycenter.onmicrosoft.us/windowsatpservice": "endpoint",
    "fc780465-2017-40d4-a0c5-307022471b92": "endpoint",
    "https://api.partnercenter.microsoft.com": None,
    "https://management.azure.com": None,
    "": None,
}


def refused(call: t.Callable[[], t.Any]) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        call()
    return caught.value


def test_no_cloud_is_missing() -> None:
    assert set(_clouds.CLOUDS) == {"public", "gcc", "gcc_high", "dod", "china"}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_each_cloud_has_its_hosts(cloud: str) -> None:
    login, graph, xdr, endpoint = CLOUDS[cloud]
    assert _clouds.CLOUDS[cloud].login == login
    assert [service(cloud, resource).url for resource in ("graph", "xdr", "endpoint")] == [
        graph,
        xdr,
        endpoint,
    ]


@pytest.mark.parametrize(
    ("cloud", "graph", "xdr", "endpoint"),
    [
        (
            "public",
            "https://graph.microsoft.com",
            "https://api.security.microsoft.com",
            "https://api.securitycenter.microsoft.com",
        ),
        (
            "gcc",
            "https://graph.microsoft.com",
            "https://api-gcc.security.microsoft.us",
            "https://securitycenter.onmicrosoft.com/windowsatpservice",
        ),
        (
            "gcc_high",
            "https://graph.microsoft.us",
            "https://api-gov.security.microsoft.us",
            "https://securitycenter.onmicrosoft.us/windowsatpservice",
        ),
        (
            "dod",
            "https://dod-graph.microsoft.us",
            "https://api-gov.security.microsoft.us",
            "https://securitycenter.onmicrosoft.us/windowsatpservice",
        ),
    ],
)
def test_each_cloud_has_its_audiences(cloud: str, graph: str, xdr: str, endpoint: str) -> None:
    assert [service(cloud, resource).audience for resource in ("graph", "xdr", "endpoint")] == [
        graph,
        xdr,
        endpoint,
    ]


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize(
    ("resource", "app_id"),
    [
        ("graph", "00000003-0000-0000-c000-000000000000"),
        ("xdr", "8ee8fdad-f234-4243-8f3b-15c294843740"),
        ("endpoint", "fc780465-2017-40d4-a0c5-307022471b92"),
    ],
)
def test_a_token_may_name_its_audience_by_the_applications_id_in_any_spelling(
    cloud: str, resource: str, app_id: str
) -> None:
    found = service(cloud, resource)
    assert found.accepts(app_id)
    assert found.accepts(app_id.upper())
    assert found.accepts(f"{found.audience}/")


@pytest.mark.parametrize(
    "audience",
    [
        "",
        "https://graph.microsoft.com.evil.example",
        "https://api.security.microsoft.com",
        "graph.microsoft.com",
    ],
)
def test_graph_accepts_no_other_audience(audience: str) -> None:
    assert not service("public", "graph").accepts(audience)


@pytest.mark.parametrize(
    "audience",
    [
        "https://api.securitycenter.windows.com",
        "https://securitycenter.onmicrosoft.com/windowsatpservice",
    ],
)
def test_defender_for_endpoint_has_older_audiences(audience: str) -> None:
    assert service("public", "endpoint").accepts(audience)
    assert not service("public", "xdr").accepts(audience)


@pytest.mark.parametrize("resource", ["graph", "xdr", "endpoint"])
def test_china_has_none_of_the_apis(resource: str) -> None:
    error = refused(lambda: service("china", resource))
    assert (error.category, error.who) == ("unsupported", "caller")
    assert error.message.endswith("has no Defender XDR API in the cloud china.")


@pytest.mark.parametrize("region", ["us", "eu", "uk", "au", "swa", "ina", "aea"])
def test_the_older_api_has_a_host_in_each_region(region: str) -> None:
    assert (
        service("public", "xdr", region=region).url
        == f"https://{region}.api.security.microsoft.com"
    )
    assert service("public", "xdr", region=region).audience == "https://api.security.microsoft.com"


@pytest.mark.parametrize("region", ["us", "eu", "uk"])
def test_defender_for_endpoint_has_a_host_in_three_regions(region: str) -> None:
    assert (
        service("public", "endpoint", region=region).url
        == f"https://api-{region}.securitycenter.microsoft.com"
    )
    assert (
        service("public", "endpoint", region=region).audience
        == "https://api.securitycenter.microsoft.com"
    )


@pytest.mark.parametrize("region", ["au", "swa", "ina", "aea"])
def test_defender_for_endpoint_has_no_host_in_other_regions(region: str) -> None:
    assert refused(lambda: service("public", "endpoint", region=region)).category == "unsupported"


@pytest.mark.parametrize("region", [None, "us", "swa"])
def test_graph_has_no_regional_hosts(region: str | None) -> None:
    assert service("public", "graph", region=region).url == "https://graph.microsoft.com"


@pytest.mark.parametrize("cloud", ["gcc", "gcc_high", "dod"])
def test_only_the_public_cloud_has_regions(cloud: str) -> None:
    assert (
        refused(lambda: service(cloud, "xdr", region="eu")).message
        == f"region is eu, but only the public cloud has regional hosts; cloud is {cloud}."
    )


@pytest.mark.parametrize(("audience", "owner"), OWNERS.items())
def test_every_audience_of_the_pages_has_its_owner(audience: str, owner: str | None) -> None:
    assert owner_of(audience) == owner
    assert owner_of(f"{audience}/") == owner
    assert owner_of(audience.upper()) == owner
