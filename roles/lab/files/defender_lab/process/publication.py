# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that a lab writes for users and tests: the inventory, the expected results of each
host, the credentials, and lab.json last."""

from __future__ import annotations

import json
import os
import typing as t
from dataclasses import dataclass
from pathlib import Path

import certifi

from defender_lab.certificates import Pair
from defender_lab.process.folder import write, write_json
from defender_lab.tenants.application import Application
from defender_lab.tenants.fleet import Company, Host

OPERATIONS = (
    "access_token:graph",
    "access_token:xdr",
    "incident_info",
    "hunting_query",
    "hunting_query:EmailEvents",
)


@dataclass(frozen=True, slots=True)
class Publication:
    """Everything a started lab makes known in its folder."""

    folder: Path
    urls: dict[str, str]
    hosts: tuple[Host, ...]
    beside: Company
    app: Application
    ca: Pair
    admin_key: str
    password: str

    def publish(self) -> None:
        write(self.folder / "ca.pem", self.ca.certificate_pem)
        write(
            self.folder / "bundle.pem",
            Path(certifi.where()).read_bytes() + b"\n" + self.ca.certificate_pem,
        )
        self._credentials()
        write(self.folder / "inventory.yml", self.inventory())
        write_json(self.folder / "truth.json", self.truth())
        write_json(self.folder / "lab.json", self.summary())

    def _credentials(self) -> None:
        app = self.app
        for name, pair in (
            ("client", app.current),
            ("expired", app.expired),
            ("renewed", app.renewed),
        ):
            write(self.folder / f"{name}.pem", pair.key_pem() + pair.certificate_pem)
        write(self.folder / "client_split.crt", app.current.certificate_pem)
        write(self.folder / "client_split.key", app.current.key_pem())
        write(
            self.folder / "client_encrypted.pem",
            app.current.key_pem(self.password) + app.current.certificate_pem,
        )
        write(self.folder / "client.pfx", app.current.pfx())
        write(self.folder / "client_encrypted.pfx", app.current.pfx(self.password))
        write(self.folder / "assertion.jwt", app.federation.assertion())
        write(self.folder / "assertion_issuer.key", app.federation.key_pem())

    def inventory(self) -> str:
        shared = {
            "ansible_connection": "mssp.defender_xdr.tenant",
            "defender_xdr_client_id": self.app.client_id,
            "defender_xdr_client_secret": self.app.secret,
            **{f"defender_xdr_{origin}_url": url for origin, url in self.urls.items()},
            "defender_xdr_ca_path": str(self.folder / "ca.pem"),
        }
        lines = [
            (
                "# Written by the lab at every start. The secret is in clear text because it"
                " gives access only to this lab;"
            ),
            "# for real tenants, use a vault or another lookup.",
            "all:",
            "  children:",
            *self._group("tenants", self.hosts, shared),
            *self._group("prospects", self.beside.prospects, shared),
            *self._group("provider", (self.beside.partner,), shared),
        ]
        return "\n".join(lines) + "\n"

    def _group(self, name: str, hosts: tuple[Host, ...], shared: dict[str, str]) -> list[str]:
        """One group with the shared variables; no variables at ``all``, so that nothing but these
        hosts is a tenant."""
        if not hosts:
            return []
        variables = [
            f"        {variable}: {json.dumps(value)}" for variable, value in shared.items()
        ]
        return [
            f"    {name}:",
            "      vars:",
            *variables,
            "      hosts:",
            *(self._host(host) for host in hosts),
        ]

    def _host(self, host: Host) -> str:
        variables = {
            "defender_xdr_tenant_id": host.tenant_id,
            "defender_xdr_tenant_name": host.name,
        }
        if host.personality.expired_secret:
            variables["defender_xdr_client_secret"] = self.app.expired_secret
        return (
            f"        {host.host}:"
            f" {{{', '.join(f'{name}: {json.dumps(value)}' for name, value in variables.items())}}}"
        )

    def truth(self) -> dict[str, t.Any]:
        """Per host its personality and the category each operation must end in; null means it
        answers."""
        hosts = {}
        for host in self.hosts:
            kind = host.personality
            outcomes = {
                name: kind.differs.get(name, kind.differs.get(name.partition(":")[0]))
                for name in OPERATIONS
            }
            hosts[host.host] = {
                "tenant_id": host.tenant_id,
                "personality": kind.name,
                "category": kind.category,
                "operations": outcomes,
            }
        return {"hosts": hosts}

    def summary(self) -> dict[str, t.Any]:
        app, federation = self.app, self.app.federation
        return {
            "pid": os.getpid(),
            "urls": self.urls,
            "ca_path": str(self.folder / "ca.pem"),
            "admin_key": self.admin_key,
            "client_id": app.client_id,
            "client_secret": app.secret,
            "expired_client_secret": app.expired_secret,
            "certificate_password": self.password,
            "federation": {
                "issuer": federation.issuer,
                "subject": federation.subject,
                "audience": federation.audience,
                "kid": federation.kid,
            },
            "application": {"display_name": app.display_name, "redirect_uri": app.redirect_uri},
            "tenants": [_host_facts(host) for host in self.hosts],
            "partner": _host_facts(self.beside.partner),
            "prospects": [_host_facts(host) for host in self.beside.prospects],
            "outsiders": [_host_facts(host) for host in self.beside.outsiders],
        }


def _host_facts(host: Host) -> dict[str, str]:
    return {
        "host": host.host,
        "tenant_id": host.tenant_id,
        "name": host.name,
        "domain": host.domain,
    }
