# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of a sweep, and files of earlier runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    facts as _report_facts,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    incident_entries as _incident_entries,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._report.reports import (
    incident,
)


def test_a_sweep_gives_the_same_as_the_facts(tmp_path: Path) -> None:
    dest = tmp_path / "found.ndjson"
    dest.write_text(
        json.dumps({**incident(), "tenant_id": "ID-A", "description": "long"}) + "\n",
        encoding="utf-8",
    )
    failure = {"category": "throttled", "who": "caller", "advice": "Wait.", "msg": "Too much."}
    result = {
        "results": {"a": {"truncated": True}, "b": {}},
        "failures": {"c": failure},
        "dest": str(dest),
        "asked_at": "2026-11-24T05:00:00Z",
    }
    found = _report_facts.swept(
        result, ["a", "b", "c", "d"], {host: f"id-{host}" for host in "abcd"}
    )
    assert (found["a"]["incidents"], found["a"]["truncated"]) == (
        [_incident_entries.kept(incident())],
        True,
    )
    assert (found["b"]["read"], found["b"]["incidents"]) == (True, [])
    assert found["c"] == {
        "read": False,
        "text": "Too much.",
        "category": "throttled",
        "who": "caller",
        "advice": "Wait.",
        "asked_at": "2026-11-24T05:00:00Z",
    }
    assert "d" not in found
    # the file alone does not know who answered
    alone = _report_facts.filed(str(dest), ["a", "b"], {"a": "id-a", "b": "id-b"})
    assert (alone["a"]["read"], alone["b"]["read"]) == (True, False)


@pytest.mark.parametrize("content", [b"[1]\n", b"{\n", b"\xff\n"])
def test_a_file_without_json_objects_in_its_lines_is_refused(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "rows.ndjson"
    path.write_bytes(content)
    with pytest.raises(DefenderError, match="has no JSON object in line"):
        _report_facts.filed(str(path), ["a"], {"a": "id-a"})
