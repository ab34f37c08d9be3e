# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an action has collected is downloaded from the lab, through the links that its API gives."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import typing as t
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._module import perform, spec
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.downloads import (
    download,
    download_renewed,
    signed_link,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._execution import validated
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer

Json = dict[str, t.Any]
ROLES: t.Final = ("Machine.Read.All", "Machine.CollectForensics", "Machine.LiveResponse")
GET: t.Final = {"type": "GetFile", "params": [{"key": "Path", "value": "C:\\a.txt"}]}


@dataclasses.dataclass
class Case:
    """A customer whose actions end at once, and the secrets of the last run."""

    customer: Customer
    secrets: list[str] = dataclasses.field(default_factory=list)

    def run(self, work: t.Callable[[Tenant, Api], Json]) -> Json:
        """The result of a module that does this work, as a door gets it."""
        facts = self.customer.lab.facts
        arguments = {
            "tenant_id": self.customer.tenant_id,
            "client_id": facts["client_id"],
            "client_secret": facts["client_secret"],
            "ca_path": facts["ca_path"],
            "token_cache": "none",
            **{f"{name}_url": url for name, url in self.customer.lab.urls.items()},
        }
        self.secrets.clear()
        return perform(
            lambda tenant, *_unused: work(tenant, Api(tenant, "endpoint", ROLES)),
            validated(spec({}), arguments),
            check_mode=False,
            secrets=self.secrets,
        )


@pytest.fixture
def case(customer: Customer) -> Case:
    customer.grant({"endpoint": ROLES})
    course = {"pending": 0, "running": 0}
    customer.lab.control("POST", "devices", tenant=customer.tenant_id, actions=course)
    return Case(customer)


def started(api: Api, action: str, **body: t.Any) -> str:
    """The path of an action that was started on the first active device and has ended."""
    machines = api.get("/api/machines", {"$filter": "healthStatus eq 'Active'"})["value"]
    path = f"/api/machines/{machines[0]['id']}/{action}"
    answer = api.write("POST", path, {"Comment": "a look", **body})
    return f"/api/machineactions/{answer['id']}"


def of_storage(case: Case) -> list[Json]:
    """What the storage received."""
    paths = ("/safedownload/", "/investigation-actions-data/")
    lines = case.customer.lab.journal(case.customer.since)
    return [line for line in lines if line["path"].startswith(paths)]


def test_a_package_is_downloaded(case: Case, tmp_path: Path) -> None:
    dest = tmp_path / "package.zip"
    links: list[str] = []

    def work(tenant: Tenant, api: Api) -> Json:
        action = started(api, "collectInvestigationPackage")

        def ask() -> str:
            links.append(signed_link(tenant, api.get(f"{action}/getPackageUri")))
            return links[-1]

        return dataclasses.asdict(download_renewed(tenant, ask, str(dest)))

    result = case.run(work)
    content = dest.read_bytes()
    assert (result["size"], result["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert dest.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert package.testzip() is None
    (link,) = links
    token = urlsplit(link).query.removeprefix("token=")
    # the lab's storage answers 400 to a request with a token of the API
    assert [line["status"] for line in of_storage(case)] == [200]
    assert not [line for line in of_storage(case) if token in str(line)]
    assert token not in _scrub.text(f"{link} {token}", case.secrets)


def test_the_result_of_a_command_is_downloaded(case: Case, tmp_path: Path) -> None:
    dest = tmp_path / "0-a.txt"

    def work(tenant: Tenant, api: Api) -> Json:
        action = started(api, "runliveresponse", Commands=[GET])
        answer = api.get(f"{action}/GetLiveResponseResultDownloadLink(index=0)")
        return dataclasses.asdict(download(tenant, signed_link(tenant, answer), str(dest)))

    assert case.run(work)["changed"]
    assert dest.read_text() == "content of C:\\a.txt\n"


def test_a_link_that_is_not_valid_is_refused_and_a_new_one_is_used(
    case: Case, tmp_path: Path
) -> None:
    dest = tmp_path / "0-a.txt"
    bad: list[str] = []

    def work(tenant: Tenant, api: Api) -> Json:
        action = started(api, "runliveresponse", Commands=[GET])
        path = f"{action}/GetLiveResponseResultDownloadLink(index=0)"

        def ask() -> str:
            link = signed_link(tenant, api.get(path))
            bad.append(f"{link}x")
            return link if len(bad) == 2 else bad[-1]

        done = download_renewed(tenant, ask, str(dest))
        with pytest.raises(DefenderError) as caught:
            download(tenant, bad[0], str(dest))
        error = caught.value
        assert (error.category, error.code) == ("unavailable", "AuthenticationFailed")
        assert urlsplit(bad[0]).query not in repr(error.as_result())
        return dataclasses.asdict(done)

    case.run(work)
    assert dest.read_text() == "content of C:\\a.txt\n"
    assert [line["status"] for line in of_storage(case)] == [403, 200, 403]


def test_a_download_that_is_cut_or_interrupted_is_repeated(case: Case, tmp_path: Path) -> None:
    dest = tmp_path / "0-a.txt"

    def work(tenant: Tenant, api: Api) -> Json:
        action = started(api, "runliveresponse", Commands=[GET])
        answer = api.get(f"{action}/GetLiveResponseResultDownloadLink(index=0)")
        link = signed_link(tenant, answer)
        case.customer.lab.control(
            "POST", "faults", path=urlsplit(link).path, truncate=True, times=1
        )
        return dataclasses.asdict(download(tenant, link, str(dest)))

    case.run(work)
    assert dest.read_text() == "content of C:\\a.txt\n"
    assert len(of_storage(case)) == 2
