# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A removal is counted in tenants, and modules of the provider stay in the provider's tenants."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.permissions import MODULES
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import brakes as _brakes

Arguments = tuple[str, dict[str, t.Any]]


def tenants(*states: str | None) -> list[Arguments]:
    return [
        (f"h{number}", {} if state is None else {"state": state})
        for number, state in enumerate(states)
    ]


@pytest.mark.parametrize(
    ("arguments", "max_changes"),
    [
        (tenants("absent", "absent"), 2),
        (tenants("absent", "absent"), 3),
        (tenants("absent", "present", None), 1),
        (tenants("present", None), None),
        (tenants("present", None), 0),
        ([], None),
    ],
)
def test_a_removal_within_its_limit_and_everything_else_may_run(
    arguments: list[Arguments], max_changes: int | None
) -> None:
    _brakes.check_removals("consent", arguments, max_changes=max_changes)


@pytest.mark.parametrize(
    ("arguments", "max_changes", "words"),
    [
        (
            tenants("absent"),
            None,
            "for 1 tenant (h0), but max_changes is not set; set max_changes to 1",
        ),
        (tenants("absent", "absent"), 0, "for 2 tenants (h0, h1), but max_changes is 0;"),
        (tenants("absent", "absent"), -1, "for 2 tenants (h0, h1), but max_changes is -1;"),
        (
            tenants("absent", "present", "absent", None, "absent"),
            2,
            "for 3 tenants (h0, h2, h4), but max_changes is 2; set max_changes to 3",
        ),
    ],
)
def test_a_removal_beyond_its_limit_is_refused_with_both_numbers_and_the_remedy(
    arguments: list[Arguments], max_changes: int | None, words: str
) -> None:
    with pytest.raises(DefenderError) as caught:
        _brakes.check_removals("consent", arguments, max_changes=max_changes)
    assert (caught.value.category, caught.value.who) == ("refused", "caller")
    assert words in caught.value.message


def test_a_state_of_another_module_is_no_removal_of_consent() -> None:
    _brakes.check_removals("application_credential", tenants("absent"), max_changes=None)


@pytest.mark.parametrize("module", MODULES)
def test_only_modules_of_the_provider_need_the_confirmation(module: str) -> None:
    _brakes.check_module(module, provider_tenants=True)
    if module not in ("application", "application_credential"):
        _brakes.check_module(module, provider_tenants=False)
        return
    with pytest.raises(DefenderError, match=r"provider_tenants: true") as caught:
        _brakes.check_module(module, provider_tenants=False)
    assert caught.value.category == "refused"
