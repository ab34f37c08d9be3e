# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Constants of the tests of the lists that Microsoft keeps for a provider."""

from __future__ import annotations

GRAPH = "https://graph.microsoft.com"
CONTOSO, FABRIKAM = "52eaad04-13a2-4a2f-9ce8-93a294fadf36", "4b827261-d21f-4aa9-b7db-7fa1f56fb163"
