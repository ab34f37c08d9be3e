# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When there is a report at all."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import Tenant
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._report.reports import (
    made,
)


def test_a_report_of_nothing_is_refused() -> None:
    with pytest.raises(DefenderError, match="There is nothing to report"):
        made(Tenant(host="a", name="a", tenant_id="", tier="default"))
