# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OData query options of a list: which exist, which values they accept, and the resulting page."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote

from defender_lab.odata.fields import BadFilter, Fields
from defender_lab.odata.filters import parsed
from defender_lab.service.exchange import NotInTheLab
from defender_lab.service.instants import ticks

Record = dict[str, t.Any]


class BadOption(Exception):
    """The message of the 400."""


INVALID = "The query specified in the URI is not valid."


@dataclass(frozen=True)
class Listing:
    """What one collection allows. ``most`` is the largest $top, ``page`` what comes without one."""

    fields: Fields
    allowed: frozenset[str]
    most: int
    page: int
    orders: frozenset[str] = frozenset()
    expands: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Record]
    total: int | None
    next_skip: int | None
    expand: frozenset[str]


@dataclass(frozen=True)
class Options:
    values: Mapping[str, str] = field(default_factory=dict)

    def next_query(self, skip: int) -> str:
        """The query of the next page: everything as asked, but for $skip."""
        kept = {name: value for name, value in self.values.items() if name != "$skip"} | {
            "$skip": str(skip)
        }
        return "&".join(f"{name}={quote(value, safe='')}" for name, value in kept.items())


def read(query: str, allowed: frozenset[str]) -> Options:
    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if not name.startswith("$"):
            if f"${name}" in allowed:
                raise NotInTheLab(f"the query option {name} without its $")
            continue
        if name not in allowed:
            raise BadOption(f"{INVALID} The query option '{name}' is not allowed.")
        if name in values:
            raise BadOption(
                f"Query option '{name}' was specified more than once, but it must be specified at"
                " most once."
            )
        values[name] = value
    return Options(values)


def _number(values: Mapping[str, str], name: str, default: int) -> int:
    if name not in values:
        return default
    text = values[name]
    if not text.isascii() or not text.isdigit():
        raise BadOption(
            f"{INVALID} Invalid value '{text}' for {name} query option found. The {name} query"
            " option requires a non-negative integer value."
        )
    return int(text)


def cut(query: str, listing: Listing, rows: list[Record]) -> tuple[Options, Page]:
    """The page a query asks of ``rows``; BadOption holds the refusal."""
    options = read(query, listing.allowed)
    values = options.values
    top = _number(values, "$top", listing.page)
    skip = _number(values, "$skip", 0)
    if top > listing.most:
        raise BadOption(
            f"{INVALID} The limit of '{listing.most}' for Top query has been exceeded. The value"
            f" from the incoming request is '{top}'."
        )
    expand = _expand(values.get("$expand"), listing)
    rows = _ordered(
        _filtered(rows, values.get("$filter"), listing.fields), values.get("$orderby"), listing
    )
    end = skip + top
    following = end if end < len(rows) and top else None
    return options, Page(
        rows[skip:end], len(rows) if _wants_count(values.get("$count")) else None, following, expand
    )


def _wants_count(text: str | None) -> bool:
    if text not in (None, "true", "false"):
        raise BadOption(
            f"{INVALID} Invalid value '{text}' for $count query option found. Valid values are"
            " 'true' and 'false'."
        )
    return text == "true"


def _expand(text: str | None, listing: Listing) -> frozenset[str]:
    if text is None:
        return frozenset()
    names = frozenset(part.strip() for part in text.split(","))
    for name in sorted(names - listing.expands):
        raise BadOption(
            f"{INVALID} Could not find a property named '{name}' on type"
            f" '{listing.fields.type_name}'."
        )
    return names


def _filtered(rows: list[Record], text: str | None, fields: Fields) -> list[Record]:
    if text is None:
        return rows
    try:
        predicate = parsed(text, fields)
    except BadFilter as bad:
        raise BadOption(f"{INVALID} {bad}") from None
    return [row for row in rows if predicate(row)]


def _ordered(rows: list[Record], text: str | None, listing: Listing) -> list[Record]:
    if text is None:
        return rows
    name, unused, direction = text.strip().partition(" ")
    if name not in listing.orders or direction not in ("", "asc", "desc"):
        raise BadOption(
            f"{INVALID} The property '{name}' cannot be used in the $orderby query option."
        )
    return sorted(rows, key=lambda row: ticks(row[name]), reverse=direction == "desc")
