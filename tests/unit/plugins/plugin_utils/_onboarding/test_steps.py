# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of consent from which no steps can be made."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.filter.offboard_result import offboard_result
from ansible_collections.mssp.defender_xdr.plugins.filter.onboard_result import onboard_result
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._onboarding.task import (
    Json,
)


def test_a_task_that_crashed_is_unavailable_and_never_done() -> None:
    crash = {"failed": True, "msg": "crashed"}
    for result in (onboard_result(crash), offboard_result(crash)):
        assert (result["status"], result["category"], result["who"]) == (
            "failed",
            "unavailable",
            "caller",
        )


@pytest.mark.parametrize("made", [onboard_result, offboard_result])
def test_a_value_that_is_not_a_registered_result_is_an_error(
    made: t.Callable[[t.Any], Json],
) -> None:
    with pytest.raises(AnsibleFilterError, match="must be a registered result of consent"):
        made(["a"])
