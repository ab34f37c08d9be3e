# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options and the id of alerts."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    alert as _alerts,
)


@pytest.mark.parametrize(
    "text",
    [
        "da637551227677560813_-961444813",
        " ad1c8c0a4a4b6e0f ",
        "ra638000000000000000_1",
        "ca8f14e45f-ceea-467f-a0e2-4d0a1c0f1b11",
    ],
)
def test_ids_of_all_products_are_accepted(text: str) -> None:
    assert _alerts.identity(text) == text.strip()


@pytest.mark.parametrize("text", ["", "..", "a/b", "a?b", "../incidents/1", "a b", "é1", "a" * 201])
def test_text_that_would_change_the_path_is_refused(text: str) -> None:
    with pytest.raises(DefenderError, match="an alert's id looks like") as caught:
        _alerts.identity(text)
    assert caught.value.category == "bad_request"


def test_alerts_have_their_own_statuses_and_the_other_filters_of_incidents() -> None:
    assert _alerts.FILTERS["status"]["choices"] == ["new", "in_progress", "resolved", "unknown"]
    assert {"severity", "assigned_to", "filter", "service_source"} < set(_alerts.FILTERS)
