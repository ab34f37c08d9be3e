# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Downloads through signed links over real TLS: what is sent, where it is written, and where the
link does not appear."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import resource
import traceback
import typing as t
from pathlib import Path
from urllib.parse import quote

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.downloads import (
    Download,
    content,
    download,
    download_renewed,
    is_stale,
    signed_link,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.loopback import (
    Proxy,
    Reply,
    Service,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.bench import (
    Build,
    refused,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    FakeClock,
    parameters,
)

SIGNATURE: t.Final = "1dYGe9rPvUlXBPvYSmr6/OLXPY98m8+qWfqIQCBbyZTY="
EXPIRES: t.Final = "2021-02-04T16:13:50Z"
QUERY: t.Final = (
    f"se={quote(EXPIRES, safe='')}&sp=r&sv=2019-07-07&sr=b&sig={quote(SIGNATURE, safe='/')}"
)
PATH: t.Final = "/investigation-actions-data/1/CustomPlaybookCommandOutput/0"
CONTENT: t.Final = b"PK\x03\x04 what was collected \x00\xff" * 5000
EXPIRED: t.Final = Reply(
    403,
    '<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code><Message>Server'
    f" failed to authenticate the request. It was {SIGNATURE}</Message></Error>".encode(),
    {"Content-Type": "application/xml", "x-ms-request-id": "r-1"},
)


class Storage:
    """A storage account on the loopback, and a tenant that was given a link to it."""

    def __init__(self, service: Service, build: Build, dest: Path) -> None:
        self.service = service
        self.url = f"{service.url}{PATH}?{QUERY}"
        self.dest = dest
        self._build = build

    def tenant(self, **changes: t.Any) -> Tenant:
        return Tenant(_options.check(parameters()), http=self._build(**changes))

    def download(self, *replies: Reply, url: str = "", **changes: t.Any) -> Download:
        self.service.script = list(replies)
        return download(self.tenant(**changes), url or self.url, str(self.dest))

    def refused(self, *replies: Reply, url: str = "", **changes: t.Any) -> DefenderError:
        return refused(lambda: self.download(*replies, url=url, **changes))


@pytest.fixture
def storage(service: Service, http: Build, tmp_path: Path) -> Storage:
    folder = tmp_path / "downloads"
    folder.mkdir()
    return Storage(service, http, folder / "package.zip")


def text_of(error: DefenderError) -> str:
    """All that a person or a log may see of an error."""
    return "".join([repr(error.as_result()), *traceback.format_exception(error)])


def is_absent(text: str) -> bool:
    return not any(part in text for part in (SIGNATURE, quote(SIGNATURE, safe="/"), QUERY, "sig="))


def test_a_download_sends_no_token_and_writes_a_private_file(storage: Storage) -> None:
    done = storage.download(Reply(200, CONTENT, {"Content-Type": "application/zip"}))
    assert done == Download(len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), changed=True)
    assert storage.dest.read_bytes() == CONTENT
    assert storage.dest.stat().st_mode & 0o777 == 0o600
    (request,) = storage.service.received
    assert (request.method, request.path) == ("GET", f"{PATH}?{QUERY}")
    assert "authorization" not in request.headers
    assert "prefer" not in request.headers
    assert not storage.download(Reply(200, CONTENT)).changed
    assert storage.download(Reply(200, b"")).size == 0
    assert os.listdir(storage.dest.parent) == ["package.zip"]


def test_what_is_small_is_read_into_memory_with_the_same_care(storage: Storage) -> None:
    storage.service.script = [Reply(200, b"output"), EXPIRED]
    tenant = storage.tenant()
    assert content(tenant, storage.url) == b"output"
    assert SIGNATURE in tenant.secrets
    assert "authorization" not in storage.service.received[0].headers
    error = refused(lambda: content(storage.tenant(), storage.url))
    assert is_stale(error)
    assert is_absent(text_of(error))


def test_the_link_of_a_package_is_in_quotes_inside_of_the_string(
    tenant_with: t.Callable[..., Tenant],
) -> None:
    link = "https://userrequests-us.securitycenter.windows.com:443/safedownload/x.zip?token=" + (
        "a-token-that-is-long-and-unique"
    )
    for value in (link, f'"{link}"', f' "{link}"\n'):
        tenant = tenant_with(t.cast("t.Any", None))
        assert signed_link(tenant, {"value": value}) == link
        assert "a-token-that-is-long-and-unique" in tenant.secrets


@pytest.mark.parametrize("value", [None, "", '""', 1, ["https://storage.example/x"]])
def test_a_response_without_a_link_is_named(
    tenant_with: t.Callable[..., Tenant], value: t.Any
) -> None:
    error = refused(lambda: signed_link(tenant_with(t.cast("t.Any", None)), {"value": value}))
    assert (error.category, "returned no link" in error.message) == ("unavailable", True)


def test_the_parts_of_a_link_are_secrets_but_not_its_time(storage: Storage) -> None:
    tenant = storage.tenant()
    signed_link(tenant, {"value": f"{storage.url}&skoid=11111111-2222-3333-4444-555555555555&x=1"})
    secrets = _scrub.forms(tenant.secrets)
    for text in (storage.url, SIGNATURE, quote(SIGNATURE, safe=""), quote(SIGNATURE, safe="/")):
        assert is_absent(_scrub.text(f"GET {text} HTTP/1.1", secrets).replace("sig=", ""))
    plain = f"{EXPIRES} 2019-07-07 11111111-2222-3333-4444-555555555555 attempt 1"
    assert _scrub.text(plain, secrets) == plain


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.example/x?sig=SIGNATURE",
        "ftp://storage.example/x?sig=SIGNATURE",
        "https:///x?sig=SIGNATURE",
        "https://storage.example\\@other.example/x?sig=SIGNATURE",
        # requests would send this as an Authorization header
        "https://user:password@storage.example/x?sig=SIGNATURE",
        "https://[::1/x?sig=SIGNATURE",
        "file:///etc/passwd",
        "package.zip",
    ],
)
def test_a_link_that_is_not_plain_https_is_not_used(storage: Storage, url: str) -> None:
    error = storage.refused(url=url.replace("SIGNATURE", SIGNATURE))
    assert (error.category, error.who) == ("network", "microsoft")
    assert is_absent(text_of(error))
    assert storage.service.received == []


def test_a_redirect_is_not_followed(storage: Storage) -> None:
    location = f"{storage.service.url}/elsewhere?{QUERY}"
    error = storage.refused(Reply(302, b"", {"Location": location}), Reply(200, CONTENT))
    assert (error.category, error.status) == ("network", 302)
    assert len(storage.service.received) == 1
    assert is_absent(text_of(error))
    assert os.listdir(storage.dest.parent) == []


@pytest.mark.parametrize("first", [Reply(503), Reply(cut=0), Reply(200, CONTENT, cut=70_000)])
def test_a_download_that_broke_is_repeated_from_its_beginning(
    storage: Storage, first: Reply, time: FakeClock
) -> None:
    done = storage.download(first, Reply(200, CONTENT))
    assert done.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert storage.dest.read_bytes() == CONTENT
    assert time.slept == [0.5]


@pytest.mark.parametrize(
    ("replies", "changes", "category"),
    [
        ([Reply(200, CONTENT, cut=70_000)], {"retries": 0}, "network"),
        ([Reply(200, CONTENT, cut=70_000), EXPIRED], {}, "unavailable"),
        ([Reply(200, CONTENT)], {"max_size": len(CONTENT) - 1}, "unavailable"),
        ([Reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html"})], {}, "network"),
        ([Reply(204)], {}, "unavailable"),
        ([Reply(404, b"", {"x-ms-error-code": "BlobNotFound"})], {}, "not_found"),
        ([Reply(429)], {"retries": 0}, "throttled"),
    ],
)
def test_a_download_that_fails_leaves_the_destination_as_it_was(
    storage: Storage, replies: list[Reply], changes: dict[str, t.Any], category: str
) -> None:
    storage.dest.write_bytes(b"of yesterday")
    error = storage.refused(*replies, **changes)
    assert error.category == category
    assert is_absent(text_of(error))
    assert storage.dest.read_bytes() == b"of yesterday"
    assert os.listdir(storage.dest.parent) == ["package.zip"]


def test_an_expired_link_is_named_as_such_without_what_was_signed(storage: Storage) -> None:
    error = storage.refused(EXPIRED)
    assert (error.category, error.status, error.code, error.request_id) == (
        "unavailable",
        403,
        "AuthenticationFailed",
        "r-1",
    )
    assert error.message.endswith(
        "(AuthenticationFailed); its signed link has expired or is not valid."
    )
    assert is_stale(error)
    assert is_absent(text_of(error))
    assert not is_stale(storage.refused(Reply(500), retries=0))


def test_a_filter_that_refuses_the_storage_is_not_taken_for_it(storage: Storage) -> None:
    error = storage.refused(Reply(403, b"<html>Blocked</html>", {"Content-Type": "text/html"}))
    assert (error.category, is_stale(error)) == ("network", False)


def test_a_link_that_has_expired_is_renewed_once(storage: Storage) -> None:
    links = [f"{storage.url}1", f"{storage.url}2", f"{storage.url}3"]
    storage.service.script = [EXPIRED, Reply(200, CONTENT)]
    tenant = storage.tenant()
    done = download_renewed(tenant, lambda: links.pop(0), str(storage.dest))
    assert (done.size, len(links)) == (len(CONTENT), 1)
    assert [request.path[-1] for request in storage.service.received] == ["1", "2"]
    storage.service.script = [EXPIRED, EXPIRED]
    error = refused(lambda: download_renewed(tenant, lambda: storage.url, str(storage.dest)))
    assert is_stale(error)
    storage.service.script = [Reply(404)]
    error = refused(lambda: download_renewed(tenant, lambda: storage.url, str(storage.dest)))
    assert error.category == "not_found"
    assert len(storage.service.received) == 5


def test_a_destination_that_cannot_be_written_is_named(storage: Storage, tmp_path: Path) -> None:
    storage.dest = tmp_path / "nowhere" / "package.zip"
    error = storage.refused(Reply(200, CONTENT))
    assert (error.category, str(storage.dest) in error.message) == ("bad_request", True)
    assert storage.service.received == []


def test_a_file_that_does_not_fit_on_the_disk_is_named(storage: Storage) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        error = storage.refused(Reply(200, CONTENT))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (error.category, "could not be written" in error.message) == ("bad_request", True)
    assert os.listdir(storage.dest.parent) == []


def test_a_download_uses_the_proxy_and_the_trust_of_the_tenant(
    storage: Storage, papers: t.Any, tmp_path: Path
) -> None:
    with Proxy().serving() as proxy:
        storage.download(Reply(200, CONTENT), proxy=proxy.url)
    assert proxy.tunnels == [f"CONNECT localhost:{storage.service.port}"]
    assert is_absent("".join(proxy.headers))
    other = tmp_path / "other.pem"
    other.write_bytes(papers.other_authority.certificate_pem)
    error = storage.refused(Reply(200, CONTENT), ca_path=str(other))
    assert error.category == "tls"
    assert is_absent(text_of(error))


@pytest.mark.parametrize("reply", [Reply(200, CONTENT), EXPIRED])
def test_the_link_does_not_appear_in_logs(
    storage: Storage, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    storage.service.script = [reply]
    tenant = storage.tenant(retries=0)
    with contextlib.suppress(DefenderError):
        download(tenant, storage.url, str(storage.dest))
    assert storage.service.received[0].path.endswith(QUERY)
    assert is_absent(caplog.text)
    # the filter is that of the download alone
    storage.service.script = [Reply(200)]
    tenant.http.send("GET", f"{storage.service.url}/plain")
    assert "/plain" in caplog.text
