# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The questions of a hunt sweep: each query with everything that decides its answer, checked before
any tenant is queried.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import kql as _kql
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    timespans as _timespans,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json

# what the result repeats of a hunt, so that a report can be made without its file
ABOUT: t.Final = (
    "title",
    "description",
    "pack",
    "severity",
    "tactics",
    "techniques",
    "tables",
    "licence",
)
# a hunt's name becomes the name of its file of rows
NAME: t.Final = re.compile(r"[^./\x00-\x1f\x7f][^/\x00-\x1f\x7f]{0,99}")


@dataclasses.dataclass(frozen=True)
class Question:
    """One query as every tenant receives it.

    :arg about: the hunt's title, severity and the like, for the result.
    """

    name: str
    query: str
    parameters: t.Mapping[str, t.Any]
    timespan: str | None
    limit: int
    about: Json

    @property
    def arguments(self) -> Json:
        """The options of `hunting_query` that decide the answer."""
        return {
            "query": self.query,
            "parameters": self.parameters,
            "timespan": self.timespan,
            "limit": self.limit,
        }

    @property
    def digest(self) -> str:
        """Differs between two questions whose answers may differ."""
        text = json.dumps(self.arguments, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def checked(
    hunts: t.Sequence[Json], *, timespan: str | None, limit: int
) -> tuple[list[Question], list[Json]]:
    """The questions, and the hunts left out because a parameter has no value; raises
    `bad_request`.

    :arg hunts: as lookup `hunts` returns them.
    """
    _timespans.parse(timespan)
    _kql.checked_limit(limit)
    questions: dict[str, Question] = {}
    skipped = []
    for hunt in hunts:
        name = hunt["name"]
        if not NAME.fullmatch(name):
            raise DefenderError(
                "bad_request",
                f"hunts has the name {name!r}, which cannot be the name of a file; use up to 100"
                " characters without a slash, and do not begin with a dot.",
            )
        if name in questions:
            raise DefenderError(
                "bad_request", f"hunts has two queries named {name}; rename one of them."
            )
        if hunt["missing"]:
            skipped.append({"name": name, "missing": hunt["missing"]})
            continue
        about = {key: hunt[key] for key in ABOUT}
        about["title"] = about["title"] or name
        question = Question(name, hunt["query"], hunt["parameters"], timespan, limit, about)
        _check_query(question)
        questions[name] = question
    return list(questions.values()), skipped


def _check_query(question: Question) -> None:
    try:
        text = _kql.text(question.query, None)
        _kql.with_parameters(text, question.parameters)
    except DefenderError as e:
        raise DefenderError(e.category, f"Hunt {question.name}: {e.message}") from None
