# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A credential that is obtained at its first access, once."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.late_credential import (
    LATE,
    LateCredential,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import check
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import SECRET, parameters


def test_it_is_a_mapping_that_is_filled_once() -> None:
    calls: list[int] = []

    def obtain() -> dict[str, str]:
        calls.append(1)
        return {"client_secret": "hush"}

    credential = LateCredential(obtain)
    assert (calls, credential.obtained) == ([], None)
    assert "client_secret" in credential
    assert dict(credential) == {"client_secret": "hush"}
    assert (len(credential), calls) == (1, [1])
    assert "hush" not in repr(credential)


def test_the_options_have_it_and_check_it_when_it_is_obtained() -> None:
    given = {**parameters(client_secret=None), LATE: lambda: {"client_secret": SECRET}}
    assert dict(check(given).credential) == {"client_secret": SECRET}
    none = check({**given, LATE: lambda: {"certificate_chain": False}})
    with pytest.raises(DefenderError, match="none is set") as refused:
        dict(none.credential)
    assert refused.value.category == "bad_credentials"
