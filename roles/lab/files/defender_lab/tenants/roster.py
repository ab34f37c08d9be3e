# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The enterprise applications of a tenant: service principals and the app roles granted to each."""

from __future__ import annotations

import base64
import random
import uuid
from collections.abc import Iterable
from functools import lru_cache

from defender_lab.service import instants
from defender_lab.tenants import catalogue
from defender_lab.tenants.registrations import Fresh
from defender_lab.tenants.resources import RESOURCES


class Principal(Fresh):
    """A service principal: of a registered app, or of one of the three resources."""

    def __init__(
        self,
        app_id: str,
        object_id: str = "",
        *,
        enabled: bool = True,
        tags: Iterable[str] = (),
        created: str = "",
    ) -> None:
        self.id = object_id or str(uuid.uuid4())
        self.app_id = app_id
        self.enabled = enabled
        self.created = created or instants.now()
        self.tags = list(tags)
        self.notes: str | None = None


@lru_cache(maxsize=64)
def _beginning(principal: str) -> bytes:
    """What the ids of a principal's assignments begin with."""
    return uuid.UUID(principal).bytes_le


class Assignment(Fresh):
    """An app role of ``resource`` given to ``principal``."""

    def __init__(self, principal: str, resource: str, role: str, created: str = "") -> None:
        self.id = (
            base64.urlsafe_b64encode(_beginning(principal) + random.randbytes(16))
            .rstrip(b"=")
            .decode()
        )
        self.principal = principal
        self.resource = resource
        self.role = role
        self.created = created or instants.now()


class Roster:
    """``version`` grows with every change, so that no token older than the change is handed out."""

    def __init__(self) -> None:
        self.principals: dict[str, Principal] = {}
        self.assignments: dict[str, Assignment] = {}
        self.version = 0

    def by_app(self, app_id: str) -> Principal | None:
        return next(
            (principal for principal in self.principals.values() if principal.app_id == app_id),
            None,
        )

    def add(self, principal: Principal) -> Principal:
        self.principals[principal.id] = principal
        self.version += 1
        return principal

    def remove(self, principal: Principal) -> None:
        """The principal, what it was given, and what was given of it."""
        del self.principals[principal.id]
        for assignment in [
            assignment
            for assignment in self.assignments.values()
            if principal.id in (assignment.principal, assignment.resource)
        ]:
            del self.assignments[assignment.id]
        self.version += 1

    def assignment_of(
        self, principal: Principal, resource: Principal, role: str
    ) -> Assignment | None:
        key = (principal.id, resource.id, role)
        return next(
            (
                assignment
                for assignment in self.assignments.values()
                if (assignment.principal, assignment.resource, assignment.role) == key
            ),
            None,
        )

    def give(self, principal: Principal, resource: Principal, role: str) -> Assignment:
        assignment = self.assignment_of(principal, resource, role)
        if assignment is None:
            assignment = Assignment(principal.id, resource.id, role)
            self.assignments[assignment.id] = assignment
            self.version += 1
        return assignment

    def take(self, assignment: Assignment) -> None:
        del self.assignments[assignment.id]
        self.version += 1

    def grants(self, app_id: str, key: str) -> list[Assignment]:
        """What an app was given of a resource."""
        principal, resource = self.by_app(app_id), self.by_app(RESOURCES[key].app_id)
        if principal is None or resource is None:
            return []
        values, mine = catalogue.VALUES[key], (principal.id, resource.id)
        return [
            assignment
            for assignment in self.assignments.values()
            if (assignment.principal, assignment.resource) == mine and assignment.role in values
        ]

    def roles(self, app_id: str, key: str) -> list[str]:
        """The names of what an app was given of a resource."""
        return [catalogue.VALUES[key][assignment.role] for assignment in self.grants(app_id, key)]

    def token_roles(self, app_id: str, key: str) -> list[str]:
        """The ``roles`` of a token asked for now."""
        return [
            catalogue.VALUES[key][assignment.role]
            for assignment in self.grants(app_id, key)
            if assignment.counts()
        ]

    def set_roles(self, app_id: str, key: str, values: Iterable[str], created: str = "") -> None:
        """Exactly these; ValueError for a name the resource does not publish. Nothing where the app
        or the resource is not here."""
        wanted = catalogue.role_ids(key, list(values))
        principal, resource = self.by_app(app_id), self.by_app(RESOURCES[key].app_id)
        if principal is None or resource is None:
            return
        for assignment in self.grants(app_id, key):
            self.take(assignment)
        fresh = [
            Assignment(principal.id, resource.id, role, created) for role in dict.fromkeys(wanted)
        ]
        self.assignments.update((assignment.id, assignment) for assignment in fresh)
        self.version += 1
