# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task may change: so many objects, and no device with a protected tag."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting.guard_rails import (
    Limit,
    check_count,
    check_protected,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError


@pytest.mark.parametrize(("count", "most"), [(0, 1), (3, 3), (1000, None), (0, 0)])
def test_as_many_changes_as_the_limit_allows(count: int, most: int | None) -> None:
    check_count(["web1"] * count, "Some devices", Limit(most, "max_changes"))


def test_more_changes_are_refused_with_both_numbers_some_names_and_the_remedy() -> None:
    names = [f"host{number}" for number in range(12)]
    with pytest.raises(DefenderError) as caught:
        check_count(names, "The task would change 12 incidents", Limit(10, "max_changes of host3"))
    assert (caught.value.category, caught.value.who) == ("refused", "caller")
    assert caught.value.message == (
        "The task would change 12 incidents (host0, host1, host2, host3, host4, host5, host6,"
        " host7, host8, host9 and 2 more), but max_changes of host3 is 10; set max_changes to 12 to"
        " allow that."
    )
    with pytest.raises(DefenderError, match=r"2 incidents \(host0, host1\), but max_changes is 1"):
        check_count(names[:2], "2 incidents", Limit(1, "max_changes"))


def test_a_protected_tag_is_compared_without_regard_to_case() -> None:
    with pytest.raises(DefenderError) as caught:
        check_protected("device dc1", ["a", "Tier0"], [" tier0"], override=False)
    assert caught.value.category == "refused"
    assert caught.value.message.startswith("device dc1 has the tag Tier0, which protected_tags")
    check_protected("device dc1", ["a", "Tier0"], ["tier0"], override=True)
    check_protected("device dc1", ["a", "Tier01"], ["tier0"], override=False)
    check_protected("device dc1", ["a"], [], override=False)


def test_a_limit_that_is_not_set_allows_nothing_where_it_is_needed() -> None:
    with pytest.raises(DefenderError, match="but max_changes is not set; set max_changes to 1"):
        check_count(["host0"], "state is absent for 1 tenant", Limit(0, "max_changes", "not set"))
