# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guides name what the code has."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import CATEGORIES

DOCSITE = Path(__file__).resolve().parents[4] / "docs/docsite"


def test_the_guide_to_troubleshooting_has_every_category_with_who_must_act() -> None:
    text = (DOCSITE / "rst/troubleshooting.rst").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^   \* - ``(\w+)``\n     - (\w+)$", text, re.MULTILINE))
    assert rows == {category: who for category, (who, unused) in CATEGORIES.items()}


def test_every_guide_is_in_the_table_of_contents() -> None:
    sections = yaml.safe_load((DOCSITE / "extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    assert sorted(name for section in sections for name in section["toctree"]) == sorted(
        path.stem for path in (DOCSITE / "rst").glob("*.rst")
    )
