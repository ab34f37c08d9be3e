# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of several tenants in rounds, and the answers of sweeps over them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.filter.rounds import rounds as rounds_filter
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _rounds


def test_each_round_has_the_next_object_of_every_host_that_has_one() -> None:
    assert _rounds.rounds({"a": [1, 2, 3], "b": [4], "c": []}) == [
        {"a": 1, "b": 4},
        {"a": 2},
        {"a": 3},
    ]


def test_nothing_makes_no_round_and_a_single_value_makes_one() -> None:
    assert _rounds.rounds({}) == _rounds.rounds({"a": []}) == []
    assert rounds_filter({"a": 12}) == [{"a": 12}]
    with pytest.raises(AnsibleFilterError, match="must be a dictionary of lists"):
        rounds_filter([1])


def test_every_host_of_a_round_has_a_result_or_an_error() -> None:
    swept = {
        "ansible_loop_var": "chosen",
        "chosen": {"a": 1, "b": 2, "c": 3},
        "results": {"a": {"changed": True}},
        "failures": {"b": {"category": "refused", "msg": "No."}},
    }
    answers = _rounds.answers([swept, {"skipped": True}])
    assert [(answer.host, answer.item) for answer in answers] == [("a", 1), ("b", 2), ("c", 3)]
    assert answers[0].result == {"changed": True}
    assert answers[1].error == {"category": "refused", "msg": "No."}
    assert answers[2].error == _rounds.LOST
    assert _rounds.answers(None) == []


def test_a_loop_over_something_else_is_an_error() -> None:
    with pytest.raises(DefenderError, match="must be rounds"):
        _rounds.answers([{"item": 5, "results": {}}])
