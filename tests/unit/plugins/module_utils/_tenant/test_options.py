# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenant options: what is refused before anything is sent, and what becomes of the rest."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    SECRET,
    TENANT,
    parameters,
)


def checked(**changes: t.Any) -> _options.Options:
    return _options.check(parameters(**changes))


def refused(**changes: t.Any) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        checked(**changes)
    return caught.value


def test_the_contracts_defaults_become_options() -> None:
    options = checked()
    assert (
        options.tenant_id,
        options.tenant_name,
        options.client_id,
        options.cloud,
        options.api,
    ) == (TENANT, "contoso", CLIENT, "public", "auto")
    assert options.login_url == "https://login.microsoftonline.com"
    assert dict(options.credential) == {"client_secret": SECRET}
    assert (
        options.request_timeout,
        options.retries,
        options.retry_deadline,
        options.validate_certs,
    ) == (None, 4, 300, True)
    assert options.max_response_size == 512 * 2**20
    assert options.label == f"contoso ({TENANT})"


def test_a_tenant_without_a_name_is_called_by_its_id() -> None:
    assert (checked(tenant_name=None).tenant_name, checked(tenant_name=None).label) == (
        TENANT,
        TENANT,
    )


def test_ids_are_told_in_lower_case() -> None:
    options = checked(tenant_id=TENANT.upper(), client_id=CLIENT.upper())
    assert (options.tenant_id, options.client_id) == (TENANT, CLIENT)


@pytest.mark.parametrize("option", ["tenant_id", "client_id"])
@pytest.mark.parametrize("value", [None, ""])
def test_an_id_that_is_missing_is_asked_for(option: str, value: str | None) -> None:
    error = refused(**{option: value})
    assert error.message == (
        f"{option} is not set; set it as a task option or as the variable defender_xdr_{option}."
    )
    assert (error.category, error.who) == ("bad_request", "caller")


@pytest.mark.parametrize(
    "value",
    [
        "contoso.onmicrosoft.com",
        "contoso.com",
        "common",
        "organizations",
        "1234",
        f"{TENANT}0",
        f" {TENANT}",
        TENANT.replace("-", ""),
    ],
)
def test_a_tenant_that_is_no_guid_is_refused_with_the_way_to_find_it(value: str) -> None:
    error = refused(tenant_id=value)
    assert error.message.startswith(f"tenant_id is {value!r}, which is not a GUID. ")
    assert "/.well-known/openid-configuration" in error.message
    assert error.category == "bad_request"


@pytest.mark.parametrize("value", ["my-app", "not-a-guid"])
def test_an_application_that_is_no_guid_is_refused(value: str) -> None:
    assert refused(client_id=value).message.startswith(
        f"client_id is {value!r}, which is not a GUID. "
    )


def test_no_credential_is_one_too_few() -> None:
    error = refused(client_secret=None)
    assert (error.category, error.who) == ("bad_credentials", "caller")
    assert error.message == (
        "Exactly one of client_secret, client_secret_file, certificate_path, certificate,"
        " assertion_file must be set; none is set."
    )


SOURCES = [
    "client_secret",
    "client_secret_file",
    "certificate_path",
    "certificate",
    "assertion_file",
]


@pytest.mark.parametrize("first", SOURCES)
@pytest.mark.parametrize("second", SOURCES)
def test_two_credentials_are_one_too_many(first: str, second: str) -> None:
    given: dict[str, t.Any] = {
        "client_secret": None,
        first: "one-that-is-long-and-unique",
        second: "one-that-is-long-and-unique",
    }
    if first == second:
        assert dict(checked(**given).credential) == {first: "one-that-is-long-and-unique"}
    else:
        error = refused(**given)
        assert (error.category, error.who) == ("bad_credentials", "caller")
        assert error.message.endswith(
            f"; {' and '.join(sorted((first, second), key=SOURCES.index))} are set."
        )
        assert "one-that-is-long" not in error.message


@pytest.mark.parametrize("source", ["client_secret", "client_secret_file", "assertion_file"])
@pytest.mark.parametrize("extra", ["private_key_path", "certificate_password"])
def test_what_goes_with_a_certificate_goes_with_nothing_else(source: str, extra: str) -> None:
    error = refused(**{"client_secret": None, source: "x", extra: "y"})
    assert (
        error.message == f"{extra} is set, but requires a certificate; the credential is {source}."
    )


@pytest.mark.parametrize("source", ["certificate", "certificate_path"])
def test_a_certificate_takes_along_what_belongs_to_it(source: str) -> None:
    given = {
        source: "x",
        "private_key_path": "k",
        "certificate_password": "p",
        "certificate_chain": True,
    }
    assert dict(checked(client_secret=None, **given).credential) == given


def test_a_given_token_needs_neither_application_nor_credential() -> None:
    options = _options.check(parameters(client_id=None, client_secret=None), anonymous=True)
    assert (options.client_id, dict(options.credential)) == ("", {})
    assert _options.check(parameters(), anonymous=True).client_id == CLIENT
    with pytest.raises(DefenderError):
        _options.check(parameters(tenant_id=None), anonymous=True)


@pytest.mark.parametrize("option", ["login_url", "graph_url", "xdr_url", "endpoint_url"])
@pytest.mark.parametrize(
    "value",
    [
        "http://localhost",
        "localhost",
        "ftp://localhost",
        "https://",
        "https:///path",
        "https://user:password@localhost",
        "https://localhost?x=1",
        "https://localhost#x",
    ],
)
def test_a_url_has_to_be_https_and_plain(option: str, value: str) -> None:
    error = None
    try:
        options = checked(**{option: value})
        if option != "login_url":
            options.service(option.removesuffix("_url"))
    except DefenderError as e:
        error = e
    assert error is not None
    assert error.category == "bad_request"
    assert error.message == (
        f"{option} is {value!r}, but must be an https URL with a host, and without credentials,"
        " query or fragment."
    )


@pytest.mark.parametrize(
    "value", ["https://[::1", "https://localhost:port", "https://localhost:99999"]
)
def test_a_url_that_is_none_is_refused(value: str) -> None:
    assert refused(graph_url=value).category == "bad_request"


@pytest.mark.parametrize(
    ("given", "login"),
    [
        ("https://login.windows.net", "https://login.microsoftonline.com"),
        ("https://login.windows.net/", "https://login.microsoftonline.com"),
        ("https://login.chinacloudapi.cn", "https://login.partner.microsoftonline.cn"),
        ("https://localhost:8443/", "https://localhost:8443"),
        ("https://front.example/entra", "https://front.example/entra"),
    ],
)
def test_old_names_of_a_login_host_mean_the_new_one(given: str, login: str) -> None:
    assert checked(login_url=given).login_url == login


@pytest.mark.parametrize("cloud", ["gcc_high", "dod"])
def test_the_cloud_decides_the_login_host(cloud: str) -> None:
    assert checked(cloud=cloud).login_url == "https://login.microsoftonline.us"


def test_a_url_of_ones_own_replaces_the_clouds_and_its_audience_stays() -> None:
    found = checked(xdr_url="https://localhost:8443/front/").service("xdr")
    assert (found.url, found.audience) == (
        "https://localhost:8443/front",
        "https://api.security.microsoft.com",
    )


def test_a_url_of_ones_own_needs_no_region() -> None:
    assert (
        checked(region="au", endpoint_url="https://localhost:8443").service("endpoint").url
        == "https://localhost:8443"
    )


def test_the_audience_of_the_pages_curl_example_is_refused_with_the_right_one() -> None:
    given = "https://securitycenter.onmicrosoft.com/windowsatpservice"
    with pytest.raises(DefenderError) as caught:
        checked(xdr_audience=given).service("xdr")
    assert caught.value.category == "wrong_audience"
    assert caught.value.message == (
        f"xdr_audience is {given}, which belongs to the resource endpoint; xdr requires"
        " https://api.security.microsoft.com."
    )
    assert "https://api.security.microsoft.com" in caught.value.advice


@pytest.mark.parametrize(
    ("option", "value", "owner"),
    [
        ("graph_audience", "https://api.security.microsoft.com", "xdr"),
        ("endpoint_audience", "https://api.security.microsoft.com", "xdr"),
        ("xdr_audience", "https://graph.microsoft.com/", "graph"),
        ("endpoint_audience", "00000003-0000-0000-c000-000000000000", "graph"),
    ],
)
def test_an_audience_of_another_resource_is_refused(option: str, value: str, owner: str) -> None:
    assert (
        f"which belongs to the resource {owner}"
        in refused_service(option.removesuffix("_audience"), **{option: value}).message
    )


def refused_service(resource: str, **changes: t.Any) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        checked(**changes).service(resource)
    return caught.value


def test_another_name_of_the_same_resource_is_taken_and_the_usual_one_still_accepted() -> None:
    found = checked(endpoint_audience="https://api.securitycenter.windows.com").service("endpoint")
    assert found.audience == "https://api.securitycenter.windows.com"
    assert found.accepts("https://api.securitycenter.microsoft.com")


def test_an_audience_that_no_table_knows_is_the_callers_business() -> None:
    found = checked(xdr_audience="https://api-gov.example").service("xdr")
    assert found.audience == "https://api-gov.example"
    assert not found.accepts("https://api.security.microsoft.com")


def test_a_cloud_without_an_api_is_no_error_until_it_is_asked_for() -> None:
    options = checked(cloud="china")
    with pytest.raises(DefenderError) as caught:
        options.service("graph")
    assert caught.value.category == "unsupported"
    with_own = checked(
        cloud="china", xdr_url="https://localhost:8443", xdr_audience="api://own"
    ).service("xdr")
    assert (with_own.url, with_own.audience) == ("https://localhost:8443", "api://own")


@pytest.mark.parametrize(
    ("value", "size"), [("1000", 1000), ("64K", 65536), ("2 GB", 2**31), ("0.5M", 2**19)]
)
def test_the_size_limit_may_have_a_unit(value: str, size: int) -> None:
    assert checked(max_response_size=value).max_response_size == size


@pytest.mark.parametrize("value", ["", "0", "-1", "lots", "12X", "M"])
def test_a_size_limit_that_is_none_is_refused(value: str) -> None:
    error = refused(max_response_size=value)
    assert error.message == (
        f"max_response_size is {value!r}, which is not a size; use bytes, or a number with K, M"
        " or G such as 512M."
    )
    assert error.category == "bad_request"


@pytest.mark.parametrize(
    ("option", "value", "least"),
    [
        ("request_timeout", 0, 1),
        ("request_timeout", -5, 1),
        ("retries", -1, 0),
        ("retry_deadline", 0, 1),
    ],
)
def test_a_number_that_is_too_small_is_refused(option: str, value: int, least: int) -> None:
    assert (
        refused(**{option: value}).message == f"{option} is {value}, but must be at least {least}."
    )
    assert checked(**{option: least})


@pytest.mark.parametrize("value", ["none", "/some/folder/none", "", None])
def test_no_cache_is_no_folder(value: str | None) -> None:
    assert checked(token_cache=value).token_cache is None


@pytest.mark.parametrize("value", ["/home/me/tokens", "/home/me/none/tokens", "/home/me/nonesuch"])
def test_any_other_cache_is_a_folder(value: str) -> None:
    assert checked(token_cache=value).token_cache == value


def test_no_traceback_shows_a_secret() -> None:
    told = repr(checked(proxy="http://user:a-proxy-password-long-and-unique@proxy.example"))
    assert SECRET not in told
    assert "a-proxy-password" not in told
