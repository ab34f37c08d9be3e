# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory's routes on Graph, each with the application permissions that Microsoft documents
for it, least privileged first."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from defender_lab.api.routes import Call, Route
from defender_lab.directory import federated, keys
from defender_lab.directory.applications import Applications
from defender_lab.directory.assignments import Assignments
from defender_lab.directory.organizations import Organizations
from defender_lab.directory.principals import Principals
from defender_lab.directory.refusals import denied
from defender_lab.directory.relationships import Books
from defender_lab.service.exchange import NotInTheLab, Reply
from defender_lab.tenants.registrations import Registration
from defender_lab.tenants.roster import Principal
from defender_lab.tenants.tenant import Directory

READ = (
    "Application.Read.All",
    "Application.ReadWrite.OwnedBy",
    "Directory.Read.All",
    "Application.ReadWrite.All",
    "Directory.ReadWrite.All",
)
WRITE = ("Application.ReadWrite.OwnedBy", "Application.ReadWrite.All", "Directory.ReadWrite.All")
WRITE_APP = ("Application.ReadWrite.OwnedBy", "Application.ReadWrite.All")
GRANT = ("AppRoleAssignment.ReadWrite.All",)
GDAP = ("DelegatedAdminRelationship.Read.All", "DelegatedAdminRelationship.ReadWrite.All")
CROSS = ("CrossTenantInformation.ReadBasic.All",)
ORGANIZATION = (
    "Organization.Read.All",
    "Directory.Read.All",
    "Organization.ReadWrite.All",
    "Directory.ReadWrite.All",
)
CONTRACTS = ("Directory.Read.All", "Directory.ReadWrite.All")


def directory_routes(directory: Directory) -> Iterator[Route]:
    """None of them asks for a licence; each is refused in the directory's words."""
    routes = (*_applications(directory), *_principals(directory), *_tenants(directory))
    for method, path, roles, also, handler in routes:
        yield Route(
            method,
            f"/v1.0/{path}",
            roles,
            handler,
            "directory",
            also=also,
            licensed=False,
            denied=denied,
        )


Row = tuple[str, str, tuple[str, ...], tuple[str, ...], Callable[[Call], Reply]]


def _applications(directory: Directory) -> Iterator[Row]:
    office = Applications(directory.registrations)
    yield "GET", "applications", READ[:-1], (), office.listed
    yield "POST", "applications", ("AppRegistration.Create", *WRITE_APP), (), office.created
    for where, find in (
        ("applications/{id}", office.by_id),
        ("applications(appId='{id}')", office.by_app_id),
    ):

        def on(
            handler: Callable[[Call, Registration], Reply],
            find: Callable[[Call], Registration] = find,
        ) -> Callable[[Call], Reply]:
            return lambda call: handler(call, find(call))

        def mine(
            handler: Callable[[Call, Registration], Reply],
            find: Callable[[Call], Registration] = find,
        ) -> Callable[[Call], Reply]:
            return lambda call: handler(call, office.owned(call, find(call)))

        yield "GET", where, READ, (), on(office.got)
        yield "PATCH", where, WRITE_APP, (), on(office.changed)
        yield "DELETE", where, WRITE_APP, (), on(office.removed)
        yield "POST", f"{where}/addPassword", WRITE, (), mine(keys.password_added)
        yield "POST", f"{where}/removePassword", WRITE, (), mine(keys.password_removed)
        for proof in ("addKey", "removeKey"):
            yield "POST", f"{where}/{proof}", WRITE, (), mine(_proof)
        credentials = f"{where}/federatedIdentityCredentials"
        yield "GET", credentials, (READ[0], *WRITE_APP), (), on(federated.all_of)
        yield "POST", credentials, WRITE_APP, (), mine(federated.created)
        yield "GET", f"{credentials}/{{credential}}", (READ[0], *WRITE_APP), (), on(federated.got)
        yield "PATCH", f"{credentials}/{{credential}}", WRITE_APP, (), mine(federated.changed)
        yield "DELETE", f"{credentials}/{{credential}}", WRITE_APP, (), mine(federated.removed)


def _proof(call: Call, app: Registration) -> Reply:
    raise NotInTheLab("addKey and removeKey with a proof of possession")


def _principals(directory: Directory) -> Iterator[Row]:
    office = Principals(directory)
    grants = Assignments(office)
    yield "GET", "servicePrincipals", READ[:-1], (), office.listed
    yield "POST", "servicePrincipals", WRITE, (), office.created
    for where, find in (
        ("servicePrincipals/{id}", office.by_id),
        ("servicePrincipals(appId='{id}')", office.by_app_id),
    ):

        def on(
            handler: Callable[[Call, Principal], Reply], find: Callable[[Call], Principal] = find
        ) -> Callable[[Call], Reply]:
            return lambda call: handler(call, find(call))

        yield "GET", where, READ, (), on(office.got)
        yield "PATCH", where, WRITE, (), on(office.changed)
        yield "DELETE", where, WRITE, (), on(office.removed)
        for side, rows in (("appRoleAssignments", grants.of), ("appRoleAssignedTo", grants.to)):
            yield "GET", f"{where}/{side}", READ, (), on(rows)
            yield "GET", f"{where}/{side}/{{grant}}", READ, (), on(grants.got)
            # a grant is given only by who may also read what it is given to and of
            yield "POST", f"{where}/{side}", GRANT, READ, on(grants.created)
            yield (
                "DELETE",
                f"{where}/{side}/{{grant}}",
                (*GRANT, "Application.ReadWrite.All"),
                (),
                on(grants.removed),
            )


def _tenants(directory: Directory) -> Iterator[Row]:
    office, books = Organizations(directory), Books(directory)
    yield "GET", "organization", ORGANIZATION, (), office.organization
    yield "GET", "contracts", CONTRACTS, (), books.contracts
    at = "tenantRelationships"
    yield "GET", f"{at}/delegatedAdminCustomers", GDAP, (), books.customers
    yield "GET", f"{at}/delegatedAdminRelationships", GDAP, (), books.relationships
    yield "GET", f"{at}/delegatedAdminRelationships/{{id}}", GDAP, (), books.relationship
    yield "GET", f"{at}/findTenantInformationByTenantId(tenantId='{{id}}')", CROSS, (), office.by_id
    yield (
        "GET",
        f"{at}/findTenantInformationByDomainName(domainName='{{name}}')",
        CROSS,
        (),
        office.by_domain,
    )
