# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages of filters and portals are told from answers of the service."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.interception import foreign
from hypothesis import given
from hypothesis import strategies as st

BLOCK_PAGE = b"<!DOCTYPE html><html><head><title> Web\n Page &amp; Blocked </title></head></html>"
HTML = {"content-type": "text/html; charset=utf-8"}
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 407, 429, 502, 503, 511])
def test_a_page_in_place_of_json_is_not_of_the_service(status: int) -> None:
    assert foreign(status, HTML, BLOCK_PAGE) == '"Web Page & Blocked"'
    assert foreign(status, {}, BLOCK_PAGE) == '"Web Page & Blocked"'


@pytest.mark.parametrize("status", [500, 504])
def test_the_failure_of_a_gateway_stays_one_of_the_service(status: int) -> None:
    assert foreign(status, HTML, BLOCK_PAGE) is None


@pytest.mark.parametrize(
    "name", ["request-id", "x-ms-request-id", "x-azure-ref", "x-ms-error-code"]
)
def test_a_text_with_an_id_of_microsoft_is_theirs(name: str) -> None:
    assert foreign(403, {"content-type": "text/plain", name: "65fe78a8"}, b"Forbidden") is None


@pytest.mark.parametrize(
    "headers",
    [
        {"x-azure-ref": "0abc"},
        {"server": "Microsoft-Azure-Application-Gateway/v2"},
        {"server": "Microsoft-HTTPAPI/2.0"},
    ],
)
def test_a_page_of_microsofts_own_front_door_is_theirs(headers: dict[str, str]) -> None:
    page = b"<html><head><title>503 Service Temporarily Unavailable</title></head></html>"
    assert foreign(503, {**HTML, **headers}, page) is None


@pytest.mark.parametrize("status", [407, 511])
def test_some_statuses_are_never_of_the_service(status: int) -> None:
    assert foreign(status, JSON, b'{"error": {"code": "x"}}') == "application/json"
    assert foreign(status, {}, b"") == "not JSON"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_without_json_is_not_of_the_service(status: int) -> None:
    assert foreign(status, {"content-type": "text/plain"}, b"Blocked by policy 7") == "text/plain"
    assert foreign(status, JSON, b'{"error": "x"}') is None
    assert foreign(status, {}, b"") is None


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, JSON, b'{"value": []}'),
        (200, {}, b'{"value": ["<html>"]}'),
        (204, {}, b""),
        (404, {"content-type": "text/plain"}, b"Not found"),
        (503, JSON, b'{"error": {"code": "ServiceUnavailable"}}'),
        (503, {}, b""),
        (200, {"content-type": "application/octet-stream"}, b"\x1f\x8b"),
    ],
)
def test_answers_of_the_service_pass(status: int, headers: dict[str, str], body: bytes) -> None:
    assert foreign(status, headers, body) is None


def test_what_answered_is_named_by_title_server_and_via() -> None:
    headers = {**HTML, "server": "Zscaler/6.2", "via": "1.1 proxy.corp (squid)"}
    told = foreign(403, headers, BLOCK_PAGE)
    assert told == '"Web Page & Blocked", Server: Zscaler/6.2, Via: 1.1 proxy.corp (squid)'
    assert (
        foreign(403, headers, b"") == "text/html, Server: Zscaler/6.2, Via: 1.1 proxy.corp (squid)"
    )


@given(title=st.text(), server=st.text())
def test_what_a_stranger_says_is_one_short_line(title: str, server: str) -> None:
    page = f"<html><title>{title}</title>".encode("utf-8", "replace")
    told = foreign(200, {**HTML, "server": server}, page)
    assert told
    assert told.isprintable()
    assert len(told) < 200
