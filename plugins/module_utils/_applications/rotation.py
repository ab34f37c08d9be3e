# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rotation may remove: decided without requests, from certain facts only.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications.credential import (
    Credential,
)


def holder_of(text: str | None, credentials: t.Iterable[Credential]) -> Credential | None:
    """The only secret of the application that this text can be; None if several match, or none.

    Graph stores only the first characters of a secret. A secret without them matches any text.
    """
    secrets = [credential for credential in credentials if credential.kind == "secret"]
    fitting = [secret for secret in secrets if (text or "").startswith(secret.hint)]
    if len(fitting) != 1 or not fitting[0].hint:
        return None
    return fitting[0]


def predecessors(
    credentials: t.Iterable[Credential], keeper: Credential, *, now: int, grace: int
) -> list[Credential]:
    """Credentials of the keeper's kind and name that are due: `grace` ticks after the keeper began.

    A predecessor began before the keeper and ends no later. A credential whose beginning is unknown
    is not a predecessor, and has none.
    """
    if keeper.began is None or keeper.began + grace > now or not keeper.valid(now):
        return []
    return [credential for credential in credentials if precedes(credential, keeper)]


def removable(
    credentials: t.Iterable[Credential], keeper: Credential | None, *, now: int, grace: int
) -> list[Credential]:
    """The credentials that a rotation removes.

    :arg keeper: the credential that `dest` or the caller certainly holds. Without it nothing is
        removed, because no working credential may be left.
    """
    if keeper is None:
        return []
    over = predecessors(credentials, keeper, now=now, grace=grace)
    return [credential for credential in over if not credential.in_use]


def precedes(credential: Credential, keeper: Credential) -> bool:
    """Whether the keeper replaces it, however long ago."""
    alike = (credential.kind, credential.display_name) == (keeper.kind, keeper.display_name)
    if (
        not alike
        or credential.key_id == keeper.key_id
        or credential.began is None
        or keeper.began is None
    ):
        return False
    ends_first = keeper.end is None or (credential.end is not None and credential.end <= keeper.end)
    return ends_first and credential.began < keeper.began
