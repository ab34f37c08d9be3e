# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documented tables, and which of them have the time of an event."""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting.tables import TABLES, TIMES


def test_every_table_with_times_is_a_documented_one() -> None:
    assert set(TIMES) < TABLES
    assert TIMES["CallActivityEvents"] == "ActivityTimestamp"
