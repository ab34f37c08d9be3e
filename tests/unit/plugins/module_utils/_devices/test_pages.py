# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of the Endpoint API that cannot be used are an error and not an empty list."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import pages as _pages
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.endpoint import Endpoint

Json = dict[str, t.Any]


@pytest.mark.parametrize(
    ("answer", "category"),
    [
        ({}, "unavailable"),
        ({"value": [{"id": 1}]}, "unavailable"),
        ({"value": [{"id": "a", "tenantId": "t2"}]}, "wrong_tenant"),
    ],
)
def test_a_list_that_is_none_or_of_another_tenant_is_refused(answer: Json, category: str) -> None:
    api: t.Any = Endpoint()
    with pytest.raises(DefenderError) as caught:
        _pages.objects(api, answer, "action", dict)
    assert caught.value.category == category


def test_an_object_needs_an_id() -> None:
    api: t.Any = Endpoint()
    assert _pages.single(api, {"id": "a"}, "action", dict) == {"id": "a"}
    with pytest.raises(DefenderError, match="returned one action without an id"):
        _pages.single(api, {"name": "a"}, "action", dict)
