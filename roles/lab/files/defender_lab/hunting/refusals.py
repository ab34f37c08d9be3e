# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of hunting: Microsoft's messages where they are known, otherwise the lab's own."""

from __future__ import annotations

from typing import NoReturn


class HuntingRefused(Exception):
    """A hunt that is answered with an error: HTTP status, ``error.code`` and ``error.message``."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def refuse_syntax(reason: str = "A recognition error occurred.") -> NoReturn:
    # the service puts a full stop of its own behind the parser's sentence, which has one already
    raise HuntingRefused(400, "BadRequest", f"{reason}. Fix syntax errors in your query.")


def refuse_meaning(reason: str) -> NoReturn:
    raise HuntingRefused(400, "BadRequest", f"{reason}. Fix semantic errors in your query.")


def refuse_table(name: str, operator: str | None) -> NoReturn:
    """An unknown table and one the tenant has no licence for look exactly alike."""
    if operator is None:
        refuse_meaning(
            f"Failed to resolve table or column or scalar or graph expression named '{name}'"
        )
    if operator == "union":
        refuse_meaning(f"'union' operator: Failed to resolve table expression named '{name}'")
    refuse_meaning(
        f"'{operator}' operator: Failed to resolve table or column expression named '{name}'"
    )


def refuse_column(name: str, operator: str) -> NoReturn:
    refuse_meaning(f"'{operator}' operator: Failed to resolve scalar expression named '{name}'")


def not_supported(what: str) -> NoReturn:
    """KQL that the real service runs and the lab cannot: never dressed up as an error of the
    query."""
    raise HuntingRefused(501, "NotSupportedByTheLab", f"Not supported by the lab: {what}")
