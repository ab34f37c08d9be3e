# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import CATEGORIES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import RESOURCES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import TENANT_SPEC
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.permissions import (
    PERMISSIONS,
)

README = (Path(__file__).parents[4] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", PERMISSIONS)
def test_the_permissions_in_the_readme_are_those_of_the_code(module: str) -> None:
    row = re.search(rf"^\| `{module}` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", README, re.MULTILINE)
    assert row is not None
    assert [re.findall(r"`([^`]+)`", cell) for cell in row.groups()] == [
        list(PERMISSIONS[module].get(resource, ())) for resource in RESOURCES
    ]


@pytest.mark.parametrize("option", TENANT_SPEC)
def test_every_tenant_option_stands_in_the_readme(option: str) -> None:
    assert f"`{option}`" in README or f"`{option}: " in README


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_stands_in_the_readme(category: str) -> None:
    assert f"`{category}`" in README
