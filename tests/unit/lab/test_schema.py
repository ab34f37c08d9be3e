# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Graph's origin answers fits Microsoft's own description of it, where that description is at hand."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

jsonschema = pytest.importorskip("jsonschema")
SCHEMA = Path(__file__).parents[4] / "shared" / "reference" / "graph-openapi" / "graph-v1.0.json"


def _translated(node: t.Any) -> t.Any:
    """OpenAPI 3.0 in JSON Schema: ``nullable`` becomes a type."""
    if isinstance(node, list):
        return [_translated(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {name: _translated(value) for name, value in node.items() if name != "nullable"}
    if node.get("nullable") and "type" in made:
        made["type"] = [made["type"], "null"]
    return made


@pytest.fixture(scope="module")
def document() -> t.Any:
    if not SCHEMA.exists():
        pytest.skip("the cut-down OpenAPI description of Microsoft Graph is not at hand")
    return _translated(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _validator(document: t.Any, path: str) -> t.Any:
    operation = document["paths"][path]["post" if "run" in path else "get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator({**schema, "components": document["components"]})


@pytest.mark.parametrize(
    ("path", "query"),
    [("/security/incidents", ""), ("/security/incidents", "$expand=alerts&$count=true&$top=5"), ("/security/alerts_v2", "")],
)
def test_lists_fit(desk, tenant, document, path, query) -> None:
    body = desk.call("graph", tenant, "GET", f"/v1.0{path}", query).json()
    assert body["value"]
    _validator(document, path).validate(body)


def test_a_hunt_fits(desk, tenant, document) -> None:
    body = desk.call("graph", tenant, "POST", "/v1.0/security/runHuntingQuery", body={"Query": "DeviceInfo | take 5"}).json()
    _validator(document, "/security/runHuntingQuery").validate(body)


def test_properties_are_all_known(desk, tenant, document) -> None:
    """JSON Schema lets unknown properties pass; a stand-in must not make any up."""
    schemas = document["components"]["schemas"]

    def names(key: str) -> set[str]:
        found: set[str] = set()
        for part in schemas[key].get("allOf", [schemas[key]]):
            found |= names(part["$ref"].rpartition("/")[2]) if "$ref" in part else set(part.get("properties", {}))
        return found

    allowed = names("microsoft.graph.security.incident")
    for incident in desk.call("graph", tenant, "GET", "/v1.0/security/incidents", "$expand=alerts").json()["value"]:
        assert {name for name in incident if not name.startswith("@")} <= allowed
        for alert in incident["alerts"]:
            assert {name for name in alert if not name.startswith("@")} <= names("microsoft.graph.security.alert")
            for evidence in alert["evidence"]:
                kind = evidence["@odata.type"].removeprefix("#")
                assert {name for name in evidence if not name.startswith("@")} <= names(kind), kind
