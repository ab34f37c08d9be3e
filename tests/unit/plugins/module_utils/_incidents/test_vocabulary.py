# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and enum values are in snake_case, everything else is as the service wrote it, and nothing
is lost."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    incident as _incidents,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    vocabulary as _vocabulary,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.vocabulary import (
    normalized,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._odata import snake
from hypothesis import given, settings
from hypothesis import strategies as st

GRAPH = json.loads(Path(__file__).with_name("graph_alert_types.json").read_text(encoding="utf-8"))
TYPES: dict[str, dict[str, str]] = GRAPH["types"]
NAMES = sorted({name for properties in TYPES.values() for name in properties} - {"@odata.type"})


def types_of(name: str) -> dict[str, str]:
    """What a property holds, by the type that has it; lists without their brackets."""
    return {
        kind: properties[name].strip("[]")
        for kind, properties in TYPES.items()
        if name in properties
    }


# The tables against Graph's metadata


def test_every_enum_of_the_metadata_is_in_the_table_and_nothing_else() -> None:
    everywhere = {
        name for name in NAMES if all(held in GRAPH["enums"] for held in types_of(name).values())
    }
    assert everywhere == _vocabulary.ENUMS


def test_what_is_an_enum_in_some_types_only_is_in_the_table_with_these_types() -> None:
    mixed = {}
    for name in NAMES:
        enums = {kind for kind, held in types_of(name).items() if held in GRAPH["enums"]}
        if enums and name not in _vocabulary.ENUMS:
            mixed[name] = enums
    assert mixed == _vocabulary.ENUMS_OF_TYPES


def test_the_type_of_what_comes_without_one_is_known_where_it_matters() -> None:
    matters = {kind for kinds in _vocabulary.ENUMS_OF_TYPES.values() for kind in kinds}
    told_by_property = {
        name: held for name in NAMES for held in types_of(name).values() if held in matters
    }
    assert told_by_property == _vocabulary.TYPES


def test_the_open_dictionaries_of_the_metadata_are_in_the_table() -> None:
    open_ones = {name for name in NAMES if set(types_of(name).values()) & set(GRAPH["open"])}
    assert open_ones == _vocabulary.DICTIONARIES


def test_no_enum_of_the_older_api_is_a_property_of_graph() -> None:
    assert not _vocabulary.OLDER_ENUMS & set(NAMES)


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_property_of_the_metadata_has_a_name_of_its_own(kind: str) -> None:
    names = _vocabulary.field_names(tuple(TYPES[kind]))
    assert set(names.values()) == {snake(name) for name in TYPES[kind]}


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_of_every_type_exactly_the_enums_are_rewritten(kind: str) -> None:
    """Each property holds a word of its enum, or a text that looks like one."""
    thing: dict[str, t.Any] = {"@odata.type": f"#microsoft.graph.security.{kind}"}
    expected: dict[str, t.Any] = {"odata_type": thing["@odata.type"]}
    for name, held in TYPES[kind].items():
        if name == "@odata.type" or (held.strip("[]") not in GRAPH["enums"] and held != "string"):
            continue
        words = GRAPH["enums"].get(held.strip("[]"), ["InProgress"])
        is_enum = held.strip("[]") in GRAPH["enums"]
        expected_words = [snake(word) for word in words] if is_enum else words
        thing[name] = words if held.startswith("[") else words[-1]
        expected[snake(name)] = expected_words if held.startswith("[") else expected_words[-1]
    if kind in ("dictionary", "kubernetesServicePort", "entity"):
        return
    assert normalized(thing) == expected


def test_the_port_of_a_kubernetes_service_is_known_by_its_property() -> None:
    service = {"servicePorts": [{"name": "Web", "protocol": "TCP", "appProtocol": "HTTP"}]}
    assert normalized(service) == {
        "service_ports": [{"name": "Web", "protocol": "tcp", "app_protocol": "HTTP"}]
    }


@pytest.mark.parametrize("text", ["Custom TI", "a, b", "3rdParty", "https://x", "", "Ätsch", "a_B"])
def test_what_is_not_spelled_like_an_enum_is_text(text: str) -> None:
    assert normalized({"detectionSource": text}) == {"detection_source": text}


def test_text_that_looks_like_an_enum_stays_as_it_is() -> None:
    data = {
        "displayName": "InProgress",
        "title": "TruePositive",
        "customTags": ["InProgress"],
        "category": "DefenseEvasion",
        "mitreTechniques": ["T1564.001"],
        "productName": "MicrosoftDefender",
        "osPlatform": "WindowsServer2016",
        "detailedRoles": ["MainDevice"],
    }
    assert list(normalized(data).values()) == list(data.values())


# Keys of dictionaries


DETAILS = {"UserName": ["anna"], "userName": ["berta"], "IP Address": ["192.0.2.9"]}


def test_the_keys_of_open_dictionaries_come_as_the_service_wrote_them() -> None:
    alert = {
        "customDetails": DETAILS,
        "additionalData": {"@odata.type": "#microsoft.graph.security.dictionary", "AlertUri": "x"},
        "evidence": [
            {
                "@odata.type": "#microsoft.graph.security.kubernetesPodEvidence",
                "labels": {"app.kubernetes.io/Name": "web"},
                "namespace": {"labels": {"teamA": "1", "Verdict": "Suspicious"}},
            },
            {
                "@odata.type": "#microsoft.graph.security.kubernetesServiceEvidence",
                "selector": {"App": "x"},
            },
        ],
    }
    result = normalized(alert)
    assert result["custom_details"] == DETAILS
    assert result["additional_data"] == alert["additionalData"]
    pod, service = result["evidence"]
    assert pod["labels"] == {"app.kubernetes.io/Name": "web"}
    assert pod["namespace"]["labels"] == {"teamA": "1", "Verdict": "Suspicious"}
    assert service["selector"] == {"App": "x"}


def test_a_dictionary_that_nobody_knows_yet_loses_no_key() -> None:
    assert normalized({"futureDetails": DETAILS}) == {"future_details": DETAILS}
    two = {"UserName": ["anna"], "userName": ["berta"]}
    result = normalized({"futureDetails": two})["future_details"]
    assert result == {"UserName": ["anna"], "user_name": ["berta"]}
    typed = {"@odata.type": "#microsoft.graph.security.dictionary", "UserName": 1}
    assert normalized({"futureDetails": typed}) == {"future_details": typed}


def test_an_incident_with_an_odd_key_keeps_the_names_of_its_fields() -> None:
    assert normalized({"displayName": "x", "odd key": 1, "DisplayName": "y"}) == {
        "display_name": "x",
        "odd key": 1,
        "DisplayName": "y",
    }


def test_fields_of_the_older_api_that_have_another_name_take_it_from_nobody() -> None:
    both = {"incidentId": 7, "id": "x", "tags": ["a"], "customTags": ["b"]}
    result = _incidents.normalized(both, {"incidentId": "id", "tags": "custom_tags"})
    assert (result["id"], result["custom_tags"]) == (7, ["a"])
    assert sorted(map(str, result.values())) == sorted(map(str, both.values()))


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (
            {"comment": "x", "createdBy": "anna", "createdTime": "2026-11-23T12:00:00Z"},
            ["x", "anna", "2026-11-23T12:00:00Z"],
        ),
        (
            {"comment": "x", "createdByDisplayName": "anna", "createdDateTime": "2026"},
            ["x", "anna", "2026"],
        ),
        ({"comment": "x", "createdByDisplayName": "anna", "createdBy": "b"}, ["x", "anna", None]),
    ],
)
def test_a_comment_has_the_names_of_graphs_metadata(
    one: dict[str, t.Any], expected: list[t.Any]
) -> None:
    (comment,) = _incidents.normalized({"comments": [one]})["comments"]
    assert [comment[name] for name in _incidents.COMMENT_FIELDS] == expected
    assert set(map(str, one.values())) <= set(map(str, comment.values()))


KEYS = (
    st.sampled_from("UserName userName user_name username USERNAME id ID Id @odata.type".split())
    | st.sampled_from(["labels", "customDetails", "status", "a.b", "a_b", "aB", "", "_", "#a.b"])
    | st.text(max_size=6)
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["InProgress"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


def shape(thing: t.Any) -> t.Any:
    """How many members and which values there are on each level, whatever the keys are called."""
    if isinstance(thing, dict):
        return [len(thing), *map(shape, thing.values())]
    if isinstance(thing, list):
        return [len(thing), *map(shape, thing)]
    return thing.lower().replace("_", "") if isinstance(thing, str) else thing


@settings(max_examples=settings().max_examples * 4)
@given(thing=JSON)
def test_no_key_and_no_value_is_lost_in_any_json(thing: t.Any) -> None:
    assert shape(normalized(thing)) == shape(thing)


@settings(max_examples=settings().max_examples * 4)
@given(keys=st.lists(KEYS, unique=True), renamed=st.dictionaries(KEYS, KEYS.filter(bool)))
def test_no_two_keys_of_an_object_get_the_same_name(
    keys: list[str], renamed: dict[str, str]
) -> None:
    names = _vocabulary.field_names(tuple(keys), tuple(renamed.items()))
    assert list(names) == keys
    assert len(set(names.values())) == len(keys)
