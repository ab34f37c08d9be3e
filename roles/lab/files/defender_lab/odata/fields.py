# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The properties by which a collection can be filtered, with their types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class BadFilter(Exception):
    """The text after ``The query specified in the URI is not valid.``"""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a property holds: ``time``, ``text``, ``name`` (text compared without case), ``guid``,
    ``bool``, ``number``, ``texts`` (for ``any``), or an enumeration by its member names."""

    name: str
    members: frozenset[str] = frozenset()

    @property
    def edm(self) -> str:
        return {
            "time": "Edm.DateTimeOffset",
            "text": "Edm.String",
            "name": "Edm.String",
            "guid": "Edm.Guid",
            "bool": "Edm.Boolean",
            "number": "Edm.Int32",
            "texts": "Collection(Edm.String)",
        }.get(self.name, self.name)


@dataclass(frozen=True)
class Fields:
    """The properties one collection filters on, and the functions it knows there."""

    type_name: str
    kinds: Mapping[str, Kind]
    functions: frozenset[str] = frozenset()

    def __hash__(self) -> int:
        return hash(self.type_name)
