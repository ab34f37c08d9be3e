# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Hypothesis works in every unit test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# nothing written beside the code, and nothing measured by the clock on a machine that does other things too
settings.register_profile("unit", database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unit")
