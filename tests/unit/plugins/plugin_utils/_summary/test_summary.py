# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all summaries share: the order of their rows and their names."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.mssp.defender_xdr.plugins.lookup import fleet_summary
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary import summary
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.sampled_from([*summary.CATEGORY_ORDER, "ready"]), max_size=30))
def test_worst_first_keeps_every_row_and_ends_with_the_ready_ones(results: list[str]) -> None:
    rows = [{"result": result, "n": number} for number, result in enumerate(results)]
    made = summary.worst_first(rows)
    assert sorted(made, key=lambda row: int(row["n"])) == rows
    assert [row["result"] == "ready" for row in made] == sorted(
        row["result"] == "ready" for row in made
    )
    if "wrong_tenant" in results:
        assert made[0]["result"] == "wrong_tenant"


def test_an_unknown_name_of_a_summary_is_an_error() -> None:
    with pytest.raises(AnsibleLookupError, match="fleet_summary is 'hunts'"):
        fleet_summary._summary("hunts", 88, {})
