# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.modules.device_investigation import main
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._door import ActionModule

__all__ = ["ActionModule", "main"]
