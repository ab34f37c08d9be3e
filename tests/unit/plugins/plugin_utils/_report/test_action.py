# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that a report writes."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import action as _report
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._report.reports import (
    incident,
    made,
    tenant,
)


def test_the_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    dest = tmp_path / "a" / "b"
    written = _report.files(made(tenant("a", incident())), ["html", "json", "csv", "markdown"])
    assert _report.write(str(dest), written, check_mode=True)
    assert not dest.exists()
    assert _report.write(str(dest), written, check_mode=False)
    assert not _report.write(str(dest), written, check_mode=True)
    assert sorted(path.name for path in dest.iterdir()) == sorted(written)
    assert {path.stat().st_mode & 0o777 for path in dest.iterdir()} == {0o600}
    assert dest.stat().st_mode & 0o777 == 0o700
    assert json.loads((dest / "report.json").read_text(encoding="utf-8"))["coverage"]["asked"] == 1
