# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What incidents and alerts have in common on Graph: list, get, update, comment."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from defender_lab.graph import envelope
from defender_lab.graph.kinds import NEVER_WRITTEN, SPELLING, TAGS
from defender_lab.odata.bodies import KIND, object_of
from defender_lab.odata.fields import Kind
from defender_lab.odata.options import BadOption, Listing, Options, Page, cut, read
from defender_lab.service import instants
from defender_lab.service.exchange import Refused, Reply, Request, as_json, dumped
from defender_lab.store import Record, Shelf

COMMENT = "microsoft.graph.security.alertComment"


@dataclass(frozen=True)
class Entities:
    """One collection: its path below /v1.0/, what it lists, what a PATCH may change, and where its
    rows come from."""

    path: str
    noun: str
    listing: Listing
    changes: Mapping[str, Kind]
    rows: Callable[[Shelf], list[Record]]
    find: Callable[[Shelf, str], Record | None]
    expanded: Callable[[Shelf, Record], Record]

    def listed(self, request: Request, shelf: Shelf) -> Reply:
        everything = envelope.wants_all_members(request.headers.get("Prefer", ""))

        def make() -> bytes:
            try:
                options, page = cut(request.query, self.listing, self.rows(shelf))
            except BadOption as bad:
                raise bad_option(bad) from None
            rows = [self.expanded(shelf, row) for row in page.rows] if page.expand else page.rows
            return dumped(envelope.shown(self._page(request, options, page, rows), everything))

        body = shelf.kept((self.path, request.host, request.query, everything), make)
        return Reply(200, body, {"Content-Type": KIND})

    def _page(self, request: Request, options: Options, page: Page, rows: list[Record]) -> Record:
        body: Record = {"@odata.context": f"{request.base}/v1.0/$metadata#{self.path}"}
        if page.total is not None:
            body["@odata.count"] = page.total
        if page.next_skip is not None:
            body["@odata.nextLink"] = (
                f"{request.base}/v1.0/{self.path}?{options.next_query(page.next_skip)}"
            )
        return {**body, "value": rows}

    def got(self, request: Request, shelf: Shelf, key: str) -> Reply:
        try:
            options = read(
                request.query, frozenset({"$expand"}) if self.listing.expands else frozenset()
            )
        except BadOption as bad:
            raise bad_option(bad) from None
        expand = options.values.get("$expand")
        if expand is not None and expand not in self.listing.expands:
            raise bad_option(
                BadOption(
                    f"Could not find a property named '{expand}' on type"
                    f" '{self.listing.fields.type_name}'."
                )
            )
        row = self.row_of(shelf, key)
        return self._entity(request, self.expanded(shelf, row) if expand else row)

    def row_of(self, shelf: Shelf, key: str) -> Record:
        row = self.find(shelf, key)
        if row is None:
            raise Refused(404, "NotFound", f"{self.noun} with id {key} was not found.")
        return row

    def _entity(self, request: Request, row: Record) -> Reply:
        everything = envelope.wants_all_members(request.headers.get("Prefer", ""))
        body = {"@odata.context": f"{request.base}/v1.0/$metadata#{self.path}/$entity", **row}
        return as_json(200, envelope.shown(body, everything), kind=KIND)

    def changed(self, request: Request, shelf: Shelf, key: str, actor: str) -> Reply:
        """PATCH: the whole object comes back. A property Graph does not let one write is
        refused."""
        row = self.row_of(shelf, key)
        new: Record = {}
        for name, value in object_of(request).items():
            if name == "@odata.type":
                continue
            if name not in self.changes:
                raise Refused(
                    400,
                    "BadRequest",
                    (
                        f"The property '{name}' does not exist on type"
                        f" '{self.listing.fields.type_name}' or cannot be updated."
                    ),
                )
            new[name] = checked(name, value, self.changes[name])
        row.update(new, lastUpdateDateTime=instants.now())
        if "lastModifiedBy" in row:
            row["lastModifiedBy"] = actor
        shelf.changed()
        return self._entity(request, row)

    def commented(self, request: Request, shelf: Shelf, key: str, actor: str) -> Reply:
        """POST comments: the answer is the whole list, not the comment added."""
        row = self.row_of(shelf, key)
        body = object_of(request)
        kind = str(body.get("@odata.type", COMMENT)).lstrip("#")
        if (
            kind != COMMENT
            or not isinstance(body.get("comment"), str)
            or set(body) - {"@odata.type", "comment"}
        ):
            raise Refused(400, "BadRequest", f"The request body is not a valid {COMMENT}.")
        when = instants.now()
        added = {
            "@odata.type": f"#{COMMENT}",
            "comment": body["comment"],
            "createdByDisplayName": actor,
            "createdDateTime": when,
        }
        row.update(comments=[*row.get("comments", []), added], lastUpdateDateTime=when)
        shelf.changed()
        return as_json(200, {"value": row["comments"]}, kind=KIND)


def bad_option(bad: BadOption) -> Refused:
    """An OData refusal of Graph has an empty code and a list of details."""
    return Refused(400, "", str(bad), details=[])


def checked(name: str, value: t.Any, kind: Kind) -> t.Any:
    """The value in the service's spelling, or the refusal."""
    if kind is TAGS:
        if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
            raise Refused(
                400, "BadRequest", f"The property '{name}' must be a collection of strings."
            )
        return value
    if value is not None and not isinstance(value, str):
        raise Refused(400, "BadRequest", f"The property '{name}' must be a string.")
    if not kind.members or value is None:
        return value
    unknown_is_fine = name in ("classification", "determination")
    if value.lower() not in kind.members or (
        value.lower() in NEVER_WRITTEN and not (unknown_is_fine and value.lower() == "unknown")
    ):
        raise Refused(400, "BadRequest", f"Requested value '{value}' was not found.")
    return SPELLING[value.lower()]
