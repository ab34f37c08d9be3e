# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.modules.hunt_sweep import SPEC, main
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.hunt_action import HuntSweep

__all__ = ["ActionModule", "main"]


class ActionModule(HuntSweep):
    """Runs many queries for every tenant of the batch."""

    spec = SPEC
