# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audience of a token request: ``scope`` on the v2 URL, ``resource`` on the v1 URL."""

from __future__ import annotations

import re
from collections.abc import Mapping

from defender_lab.entra.refusals import EntraRefused
from defender_lab.service.exchange import NotInTheLab

DEFAULT = "/.default"
RESOURCE_FORM = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/]+.*|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)


def audience(form: Mapping[str, str], *, v2: bool) -> str:
    """The audience as asked for, that is with the spelling and the slash the client used."""
    if not v2:
        if not form.get("resource"):
            raise NotInTheLab("a v1 token request without 'resource'")
        return form["resource"]
    if "resource" in form:
        raise EntraRefused(901002, "The 'resource' request parameter is not supported.")
    text = form.get("scope", "").strip()
    if not text:
        raise EntraRefused(
            900144, "The request body must contain the following parameter: 'scope'."
        )
    scopes = text.split()
    if any(not scope.endswith(DEFAULT) for scope in scopes):
        hint = (
            "Client credential flows must have a scope value with /.default suffixed to the"
            " resource identifier (application ID URI)."
        )
        raise EntraRefused(1002012, f"The provided value for scope {text} is not valid. {hint}")
    if len(set(scopes)) > 1:
        refused = (
            f"Provided value for the input parameter scope '{text}' is not valid when"
            " requesting an access token."
        )
        raise EntraRefused(28002, f"{refused} Please specify a valid scope.")
    asked = scopes[0].removesuffix(DEFAULT)
    if not RESOURCE_FORM.fullmatch(asked):
        raise EntraRefused(
            70011,
            (
                "The provided value for the input parameter 'scope' is not valid. The scope"
                f" {text} is not valid."
            ),
        )
    return asked
