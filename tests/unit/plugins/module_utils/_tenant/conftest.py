# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of several files in this folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.bench import (
    Bench,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.desk import (
    Desk,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    FakeClock,
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def bench(tmp_path: Path, time: FakeClock) -> Bench:
    return Bench(tmp_path, time)
