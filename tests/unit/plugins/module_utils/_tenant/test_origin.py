# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The origin of a URL is where the client that sends requests goes."""

from __future__ import annotations

import pytest
import requests
import urllib3.util
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.origin import origin
from hypothesis import example, given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("url", "whence"),
    [
        ("https://Graph.Microsoft.com/v1.0", ("https", "graph.microsoft.com", 443)),
        ("https://graph.microsoft.com:443/", ("https", "graph.microsoft.com", 443)),
        ("https://graph.microsoft.com:8443/", ("https", "graph.microsoft.com", 8443)),
        ("https://graph.microsoft.com@evil.example/", ("https", "evil.example", 443)),
        ("http://graph.microsoft.com/", ("http", "graph.microsoft.com", 443)),
        (
            "https://graph.microsoft.com/x?$filter=status eq 'a'",
            ("https", "graph.microsoft.com", 443),
        ),
        ("https://graph.microsoft.com\t/", ("", "", 0)),
        ("https://graph.micro\nsoft.com/", ("", "", 0)),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, whence: tuple[str, str, int]) -> None:
    assert origin(url) == whence


@pytest.mark.parametrize(
    ("url", "whence"),
    [
        ("https:///no-host", ("https", "", 443)),
        ("https://[evil/", ("", "", 0)),
        ("https://evil.example:port/", ("", "", 0)),
    ],
)
def test_a_url_without_a_valid_host_has_an_empty_origin(
    url: str, whence: tuple[str, str, int]
) -> None:
    assert origin(url) == whence


PIECES = [
    "graph.microsoft.com",
    "evil.example",
    "@",
    "\\",
    ":",
    "443",
    "80",
    "/",
    "?",
    "#",
    "%",
    "[",
    "]",
    "\t",
    "\n",
    " ",
    "%40",
    "%2f",
    "..",
    ";",
    "//",
    "user",
]


@settings(max_examples=settings().max_examples * 5)
@given(rest=st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
@example(rest="evil.example\\@graph.microsoft.com/v1.0/security/incidents")
@example(rest="graph.microsoft.com/v1.0/security/incidents?$skip=50")
@example(rest="graph.microsoft.com\t")
def test_no_spelling_of_a_url_is_sent_to_another_host_than_its_origin(rest: str) -> None:
    here = ("https", "graph.microsoft.com", 443)
    if origin(f"https://{rest}") != here:
        return
    try:
        sent = requests.Request("GET", f"https://{rest}").prepare().url
    except requests.exceptions.RequestException:
        return  # and so nothing is sent
    parts = urllib3.util.parse_url(str(sent))
    assert (parts.scheme, parts.host, parts.port or 443) == here
