# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The change of an incident or an alert that a task asks for, independent of the API.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting.desired_state import Write
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    verdicts as _verdicts,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import (
    CLASSIFICATIONS,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json

# Options that name a field of the object, in the order in which results show them.
FIELDS: t.Final = (
    "status",
    "assigned_to",
    "classification",
    "determination",
    "severity",
    "display_name",
    "resolving_comment",
)
# Options of both modules, as an argument_spec has them; `status` has its own choices in each.
OPTIONS: t.Final[t.Mapping[str, t.Any]] = {
    "id": {"type": "str", "required": True},
    "assigned_to": {"type": "str"},
    "classification": {"type": "str", "choices": list(CLASSIFICATIONS)},
    "determination": {"type": "str"},
    "comment": {"type": "str"},
}
CLAIM_SECONDS: t.Final = 2.0  # until the second look at an incident that others may claim too
MOST_REDIRECTS: t.Final = 10


class Target(t.Protocol):
    """The incidents or alerts of one API, as a change needs them."""

    noun: t.ClassVar[str]

    def get(self, key: str) -> Json:
        """The object with this id, in the words of results; raises `not_found`."""

    def writes(self, key: str, changes: Json) -> list[Write]:
        """The requests that change these members; `comment` adds a comment."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What a task names. `fields` are in the words of results; `assigned_to` is None for nobody."""

    fields: Json
    tags: tuple[str, ...] | None = None
    tags_state: str = "present"
    comment: str | None = None
    claim: bool = False
    follow: bool = True


def parse_request(params: t.Mapping[str, t.Any]) -> Request:
    """The request in a module's parameters; raises `bad_request` if they contradict each other."""
    # an empty text is no value, as a service returns it
    fields = {name: params[name].strip() or None for name in FIELDS if params.get(name) is not None}
    if word := fields.get("determination"):
        determination = _verdicts.determination(word)
        _verdicts.check(determination, fields.get("classification"))
        fields["determination"] = determination
    if params.get("claim") and not fields.get("assigned_to"):
        raise DefenderError(
            "bad_request", "claim is true, but assigned_to does not say who claims the incident."
        )
    comment = params.get("comment")
    if comment is not None and not comment.strip():
        raise DefenderError("bad_request", "comment is empty; give its text, or leave it out.")
    tags = params.get("custom_tags")
    if not fields and comment is None and tags is None:
        raise DefenderError("bad_request", "The task names nothing to change.")
    return Request(
        fields=fields,
        tags=None if tags is None else tuple(dict.fromkeys(tags)),
        tags_state=params.get("custom_tags_state") or "present",
        comment=comment,
        claim=bool(params.get("claim")),
        follow=params.get("follow_redirects", True),
    )


class Change:
    """One incident or alert, and what a task wants of it."""

    def __init__(self, target: Target, key: str, request: Request) -> None:
        self._target = target
        self._asked = self._key = key
        self._request = request
        self.settle_seconds = CLAIM_SECONDS if request.claim else 0.0
        self.warnings: list[str] = []

    @property
    def name(self) -> str:
        return f"{self._target.noun} {self._key}"

    def read(self) -> Json:
        """The object, or the incident that it was merged into."""
        for _step in range(MOST_REDIRECTS):
            thing = self._target.get(self._key)
            if thing.get("status") != "redirected":
                return thing
            target = thing.get("redirect_incident_id")
            if not target or not self._request.follow:
                raise DefenderError(
                    "conflict",
                    (
                        f"{self.name} was merged into incident {target}; set id to that incident,"
                        " or follow_redirects to true."
                        if target
                        else f"{self.name} was merged into another one that the service does not"
                        " name; find it in the portal."
                    ),
                )
            self._key = str(target)
            self.warnings = [
                f"Incident {self._asked} was merged into incident {self._key}, which is used"
                " instead."
            ]
        raise DefenderError(
            "conflict",
            f"Incident {self._asked} was merged into others more than {MOST_REDIRECTS} times.",
        )

    def state(self, thing: Json) -> Json:
        request = self._request
        state = {name: thing.get(name) or None for name in request.fields}
        if request.tags is not None:
            state["custom_tags"] = list(thing.get("custom_tags") or [])
        if request.comment is not None:
            texts = [comment.get("comment") for comment in thing.get("comments") or []]
            state["comment"] = request.comment if request.comment in texts else None
        return state

    def wanted(self, thing: Json) -> Json:
        request = self._request
        wanted = dict(request.fields)
        if "assigned_to" in wanted:
            wanted["assigned_to"] = self._assignee(thing)
        if wanted.get("determination"):
            standing = wanted.get("classification") or thing.get("classification")
            _verdicts.check(wanted["determination"], standing)
        if request.tags is not None:
            wanted["custom_tags"] = self._tags(list(thing.get("custom_tags") or []))
        if request.comment is not None:
            wanted["comment"] = request.comment
        return wanted

    def writes(self, before: Json, after: Json) -> list[Write]:
        changes = {name: value for name, value in after.items() if value != before[name]}
        return self._target.writes(self._key, changes)

    def _assignee(self, thing: Json) -> str | None:
        """Who shall have the object, spelled as it stands if only the case differs."""
        given: str | None = self._request.fields["assigned_to"]
        holder: str | None = thing.get("assigned_to") or None
        if given and holder and given.lower() == holder.lower():
            return holder
        if self._request.claim and holder:
            raise DefenderError(
                "conflict",
                f"{self.name} is assigned to {holder}, so {given} does not claim it.",
                advice="Leave it to them, or assign it without claim.",
            )
        return given

    def _tags(self, standing: list[str]) -> list[str]:
        given = self._request.tags or ()
        match self._request.tags_state:
            case "exact":
                return standing if sorted(standing) == sorted(given) else list(given)
            case "absent":
                return [tag for tag in standing if tag not in given]
            case _:
                return [*standing, *(tag for tag in given if tag not in standing)]
