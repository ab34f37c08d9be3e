# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A running lab, and what a test may ask of it: its journal, faults, consent, and its answers to a
bare client."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import http.client
import json
import os
import ssl
import subprocess
import sys
import threading
import typing as t
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT: t.Final = Path(__file__).resolve().parents[2]
Json = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Lab:
    """A lab process by its folder. Everything goes over the same TLS that the collection sees."""

    folder: Path

    @functools.cached_property
    def facts(self) -> Json:
        return t.cast("Json", json.loads((self.folder / "lab.json").read_text()))

    @functools.cached_property
    def truth(self) -> dict[str, Json]:
        return t.cast(
            "dict[str, Json]", json.loads((self.folder / "truth.json").read_text())["hosts"]
        )

    @property
    def inventory(self) -> str:
        return str(self.folder / "inventory.yml")

    def inventory_of(self, hosts: t.Collection[str]) -> str:
        """The inventory as the lab wrote it, without the tenants that are not among these hosts."""
        others = {one["host"] for one in self.facts["tenants"]}.difference(hosts)
        lines = Path(self.inventory).read_text().splitlines(keepends=True)
        return "".join(line for line in lines if line.strip().partition(":")[0] not in others)

    @property
    def urls(self) -> dict[str, str]:
        return t.cast("dict[str, str]", self.facts["urls"])

    @functools.cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.facts["ca_path"])

    def ask(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: t.Mapping[str, str] | None = None,
    ) -> Json:
        """One request of a client that shares nothing with the collection."""
        request = urllib.request.Request(url, data=body, headers=dict(headers or {}), method=method)
        with urllib.request.urlopen(request, context=self._tls, timeout=30) as answer:
            return t.cast("Json", json.load(answer))

    def control(self, method: str, what: str, /, **values: t.Any) -> Json:
        body = json.dumps(values).encode() if values else None
        return self.ask(
            method,
            f"{self.urls['login']}/_lab/{what}",
            body,
            {"X-Lab-Key": self.facts["admin_key"]},
        )

    def journal(self, since: int = 0) -> list[Json]:
        return t.cast("list[Json]", self.control("GET", f"journal?since={since}")["value"])

    def relent(self) -> None:
        """Forget every fault; what is held by a delay is answered now."""
        self.control("DELETE", "faults")

    def now(self) -> int:
        """The number of the newest line of the journal."""
        lines = self.journal()
        return int(lines[-1]["n"]) if lines else 0

    def of(self, personality: str) -> str:
        """The one host with this personality."""
        return next(
            host for host, truth in self.truth.items() if truth["personality"] == personality
        )

    def token(self, tenant_id: str, audience: str = "https://graph.microsoft.com") -> str:
        """A token, asked for as the page of Microsoft says."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.facts["client_id"],
            "client_secret": self.facts["client_secret"],
            "scope": f"{audience}/.default",
        }
        body = urllib.parse.urlencode(form).encode()
        return str(
            self.ask("POST", f"{self.urls['login']}/{tenant_id}/oauth2/v2.0/token", body)[
                "access_token"
            ]
        )

    def devices(self, tenant_id: str) -> list[Json]:
        """The devices that have a sensor which answers, as the Endpoint API returns them."""
        token = self.token(tenant_id, "https://api.securitycenter.microsoft.com")
        url = f"{self.urls['endpoint']}/api/machines"
        devices = self.ask("GET", url, headers={"Authorization": f"Bearer {token}"})["value"]
        return [
            device
            for device in devices
            if (device["healthStatus"], device["onboardingStatus"]) == ("Active", "onboarded")
        ]

    def investigate(self, tenant_id: str, machine_id: str) -> Json:
        """Start an investigation, as another client does; the tenant must have granted the role."""
        token = self.token(tenant_id, "https://api.securitycenter.microsoft.com")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        url = f"{self.urls['endpoint']}/api/machines/{machine_id}/startInvestigation"
        return self.ask("POST", url, b'{"Comment": "Somebody\'s"}', headers)

    def incidents(self, tenant_id: str) -> list[Json]:
        """Every incident of a tenant, page after page, as a bare client sees them; a flaky tenant
        is asked again."""
        headers = {"Authorization": f"Bearer {self.token(tenant_id)}"}
        found: list[Json] = []
        link = f"{self.urls['graph']}/v1.0/security/incidents"
        broken = 0
        while link:
            try:
                page = self.ask("GET", link, headers=headers)
            except (urllib.error.HTTPError, http.client.RemoteDisconnected, ConnectionError):
                broken += 1
                if broken > 3:
                    raise
                continue
            found += page["value"]
            link = page.get("@odata.nextLink", "")
        return found


@dataclasses.dataclass(frozen=True)
class Customer:
    """A healthy tenant that belongs to one test alone."""

    lab: Lab
    host: str
    tenant_id: str
    since: int

    def variables(self, **more: t.Any) -> Json:
        """The host's own variables in an inventory."""
        return {"defender_xdr_tenant_id": self.tenant_id, **more}

    def fault(self, **values: t.Any) -> None:
        self.lab.control("POST", "faults", tenant=self.tenant_id, **values)

    def consent(self, **values: t.Any) -> Json:
        return self.lab.control("POST", "consent", tenant=self.tenant_id, **values)

    def grant(self, needed: t.Mapping[str, t.Iterable[str]]) -> None:
        """Consent to these roles by API, beside those that were granted before."""
        granted = self.consent()["roles"]
        self.consent(roles={api: [*granted[api], *roles] for api, roles in needed.items()})

    def calls(self, origin: str = "") -> list[Json]:
        """What reached the lab for this tenant since the test began."""
        lines = self.lab.journal(self.since)
        return [
            line
            for line in lines
            if self.tenant_id in (line["tenant"], line["path"].split("/")[1])
            and origin in ("", line["origin"])
        ]


@contextlib.contextmanager
def running(folder: Path, *options: str) -> t.Iterator[Lab]:
    """A lab of its own in this folder, gone with the test process whatever happens to it."""
    command = [
        sys.executable,
        "-m",
        "defender_lab",
        "--dir",
        str(folder),
        "--parent-pid",
        str(os.getpid()),
        *options,
    ]
    # measuring the lab would only make it slower
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")
    }
    environment = {**inherited, "PYTHONPATH": str(ROOT / "roles/lab/files")}
    log = folder.with_suffix(".log")
    pause = threading.Event()
    with (
        log.open("w") as output,
        subprocess.Popen(command, env=environment, stdout=output, stderr=output) as process,
    ):
        try:
            for _unused in range(1200):
                if (folder / "lab.json").exists():
                    break
                if process.poll() is not None:
                    raise RuntimeError(
                        f"The lab ended with {process.returncode}: {log.read_text()}"
                    )
                pause.wait(0.05)
            else:
                raise RuntimeError(f"The lab was not ready within a minute: {log.read_text()}")
            yield Lab(folder)
        finally:
            process.terminate()
