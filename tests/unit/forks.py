# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether each test is a fork of its own, which finds only what was made before."""

from __future__ import annotations

import os
import typing as t

# ansible-test forks, hands on no variable of the caller, but sets this one
FORKED: t.Final = "ANSIBLE_CONTROLLER_MIN_PYTHON_VERSION" in os.environ
