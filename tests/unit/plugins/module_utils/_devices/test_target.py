# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one device that a task acts on."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import target as _target
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.endpoint import (
    MACHINE,
    NAME,
    Endpoint,
    Json,
    machine,
)


def target(endpoint: Endpoint, key: str, **options: t.Any) -> Json:
    params = {"device": key, "override_protection": False, **options}
    return _target.target(t.cast("t.Any", endpoint), params)


def refused(endpoint: Endpoint, key: str, **options: t.Any) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        target(endpoint, key, **options)
    return caught.value


@pytest.mark.parametrize("key", [MACHINE, MACHINE.upper(), NAME, f" {NAME.upper()} "])
def test_a_device_is_named_by_its_id_or_its_whole_name(key: str) -> None:
    assert target(Endpoint(), key)["id"] == MACHINE


def test_a_device_that_is_not_there_or_not_single_is_refused() -> None:
    assert refused(Endpoint(), "web1").category == "not_found"
    assert "must be the whole DNS name" in refused(Endpoint(), "web1").message
    assert refused(Endpoint(), "b" * 40).category == "not_found"
    assert refused(Endpoint(), " ").category == "bad_request"
    twins = Endpoint(machines=[machine(), machine(id="b" * 40)])
    error = refused(twins, NAME)
    assert error.category == "bad_request"
    for key in (MACHINE, "b" * 40):
        assert f"{NAME} ({key}, last seen 2026-11-26T08:00:00Z)" in error.message
    assert target(twins, MACHINE)["id"] == MACHINE


def test_a_confirmation_must_be_the_name() -> None:
    assert target(Endpoint(), MACHINE, confirm=NAME.upper())["id"] == MACHINE
    for text in ("web1", "", MACHINE):
        error = refused(Endpoint(), MACHINE, confirm=text)
        assert error.category == "refused"
        assert f"is {NAME}; set confirm to it" in error.message
