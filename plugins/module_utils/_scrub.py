# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes secrets out of what is about to be shown: values of no_log options, and whatever looks like a token.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import re
import traceback
import typing as t
from urllib.parse import quote_plus

HIDDEN: t.Final = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|(?i:bearer\s+)[\w.~+/=-]{16,}")


def secrets_of(argument_spec: t.Mapping[str, t.Mapping[str, t.Any]], params: t.Mapping[str, t.Any]) -> list[str]:
    """The values of this call's no_log options, longest first so that one inside another leaves no rest.

    Each as it is and as a form that is sent carries it, because a crash may show the body of a request.
    """
    values = {str(params[name]) for name, option in argument_spec.items() if option.get("no_log") and params.get(name)}
    return sorted(values | {quote_plus(value) for value in values}, key=len, reverse=True)


def text(value: str, secrets: t.Iterable[str]) -> str:
    """The text without secrets and tokens."""
    for secret in secrets:
        value = value.replace(secret, HIDDEN)
    return TOKEN.sub(HIDDEN, value)


def result(value: t.Any, secrets: t.Sequence[str], *, keep: str | None = "access_token") -> t.Any:
    """A result of plain JSON values without secrets and tokens; only the key C(keep) at its top may hold a token."""
    if isinstance(value, str):
        return text(value, secrets)
    if isinstance(value, dict):
        return {text(str(name), secrets): member if keep and name == keep else result(member, secrets, keep=None) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [result(member, secrets, keep=None) for member in value]
    return value


def crash(error: BaseException, secrets: t.Sequence[str]) -> dict[str, t.Any]:
    """A failed result for an exception that nobody expected, with its traceback."""
    told = text(f"{type(error).__name__}: {error}", secrets)
    trace = text("".join(traceback.format_exception(error)), secrets)
    return {"failed": True, "changed": False, "msg": f"The module failed in a way it should not: {told}", "exception": trace}
