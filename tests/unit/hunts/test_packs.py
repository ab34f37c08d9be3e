# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders of hunts: headers, names that collide, and values that reach the right query with the
right type."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import kql as _kql
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._hunts import packs as _packs
from ansible_collections.mssp.defender_xdr.tests.unit.hunts.conftest import ROLE

HEADER: t.Final = """\
// ---
// title: A title
// severity: high
// tables: [DeviceInfo]
// parameters:
//   since: {type: datetime, default: 7d}
//   within: {type: timespan, default: 12h}
//   names: {type: dynamic}
//   share: {type: real, default: 1}
// ---
DeviceInfo | where Timestamp > since and DeviceName in (names)
"""


def written(folder: Path, **hunts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in hunts.items():
        (folder / f"{name}.kql").write_text(text)
    return folder


def refusal(work: t.Callable[[], t.Any]) -> str:
    with pytest.raises(DefenderError) as caught:
        work()
    assert caught.value.category == "bad_request"
    return caught.value.message


def test_a_header_is_read_and_stays_in_the_query(tmp_path: Path) -> None:
    (hunt,) = _packs.find([str(written(tmp_path / "mine", one=HEADER))])
    assert (hunt.name, hunt.pack, hunt.title, hunt.severity, hunt.tables) == (
        "one",
        "mine",
        "A title",
        "high",
        ("DeviceInfo",),
    )
    assert hunt.query == HEADER


def test_values_become_what_the_header_says(tmp_path: Path) -> None:
    hunts = _packs.find([str(written(tmp_path, one=HEADER))])
    (told,) = _packs.wanted(hunts, [], {"names": ["a"], "one": {"within": "30m"}})
    assert told["parameters"] == {
        "since": {"datetime": "7d"},
        "within": {"timespan": "30m"},
        "names": ["a"],
        "share": 1.0,
    }
    assert told["missing"] == []
    assert _kql.with_parameters(told["query"], told["parameters"]).endswith(HEADER)


def test_a_hunt_without_a_value_it_needs_says_so_and_fails_when_asked_for(tmp_path: Path) -> None:
    hunts = _packs.find([str(written(tmp_path, one=HEADER))])
    assert [told["missing"] for told in _packs.wanted(hunts, [], {})] == [["names"]]
    assert [told["missing"] for told in _packs.wanted(hunts, [], {"names": []})] == [["names"]]
    assert "one needs a value for names" in refusal(lambda: _packs.wanted(hunts, ["one"], {}))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"names": "a"}, "not of the KQL type dynamic"),
        ({"share": True}, "not of the KQL type real"),
        ({"since": "yesterday"}, "parameters.since"),
        ({"typo": 1}, "typo"),
        ({"one": {"typo": 1}}, "no parameter typo"),
    ],
)
def test_a_value_that_fits_nowhere_is_refused(
    tmp_path: Path, given: dict[str, t.Any], said: str
) -> None:
    hunts = _packs.find([str(written(tmp_path, one=HEADER))])
    assert said in refusal(lambda: _packs.wanted(hunts, [], {"names": ["a"], **given}))


def test_two_files_of_one_name_are_an_error_that_names_both(tmp_path: Path) -> None:
    folders = [str(written(tmp_path / name, one="DeviceInfo")) for name in ("a", "b")]
    message = refusal(lambda: _packs.find(folders))
    assert all(f"{folder}/one.kql" in message for folder in folders)


def test_a_folder_that_is_named_twice_collides_with_nothing(tmp_path: Path) -> None:
    folder = str(written(tmp_path / "a", one="DeviceInfo"))
    assert len(_packs.find([folder, f"{folder}/../a"])) == 1


def test_a_file_without_a_header_gets_the_values_that_it_uses(tmp_path: Path) -> None:
    query = (
        "// domains and mentioned\n"
        'DeviceNetworkEvents | where RemoteUrl has_any (domains) and RemoteUrl != "quoted"'
    )
    hunts = _packs.find(
        [
            str(
                written(
                    tmp_path,
                    one=query,
                    two="DeviceInfo | where DeviceName == mentioned and DeviceId == quoted",
                )
            )
        ]
    )
    given = {"domains": ["a"], "mentioned": "b", "quoted": "c"}
    assert {told["name"]: told["parameters"] for told in _packs.wanted(hunts, [], given)} == {
        "one": {"domains": ["a"]},
        "two": {"mentioned": "b", "quoted": "c"},
    }


OWN_LET: t.Final = (
    "let threshold = 10;\n"
    "DeviceNetworkEvents | summarize n = count() by DeviceName | where n > threshold"
)


def test_a_value_replaces_the_literal_of_a_file_that_declares_the_name_itself(
    tmp_path: Path,
) -> None:
    hunts = _packs.find(
        [str(written(tmp_path, one=OWN_LET, two="DeviceInfo | where n > threshold"))]
    )
    for told in _packs.wanted(hunts, [], {"threshold": 20}):
        assert (
            _kql.with_parameters(told["query"], told["parameters"]).count(
                "let threshold = long(20);"
            )
            == 1
        )
    one, two = _packs.wanted(hunts, [], {"two": {"threshold": 20}})
    assert (one["parameters"], two["parameters"]) == ({}, {"threshold": 20})


def test_a_file_that_declares_a_name_otherwise_or_makes_it_as_a_column_takes_no_value_for_it(
    tmp_path: Path,
) -> None:
    folder = written(
        tmp_path,
        computed="let threshold = 5 * 2;\nDeviceInfo | where n > threshold",
        column="DeviceInfo | summarize threshold = count() by OSPlatform | where threshold > 5",
        user="DeviceInfo | where n > threshold",
    )
    hunts = _packs.find([str(folder)])
    told = {one["name"]: one["parameters"] for one in _packs.wanted(hunts, [], {"threshold": 20})}
    assert told == {"computed": {}, "column": {}, "user": {"threshold": 20}}
    assert "no parameter threshold (declared in line 1)" in refusal(
        lambda: _packs.wanted(hunts, [], {"computed": {"threshold": 1}})
    )
    assert "no parameter threshold;" in refusal(
        lambda: _packs.wanted(hunts, [], {"column": {"threshold": 1}})
    )
    others = [hunt for hunt in hunts if hunt.name != "user"]
    assert "parameters has threshold, which is neither" in refusal(
        lambda: _packs.wanted(others, [], {"threshold": 20})
    )


def test_a_parameter_of_the_header_replaces_the_literal_below_it_or_is_refused(
    tmp_path: Path,
) -> None:
    header = "// ---\n// title: x\n// parameters: {threshold: {type: long, default: 5}}\n// ---\n"
    (good,) = _packs.wanted(
        _packs.find([str(written(tmp_path / "good", one=header + OWN_LET))]), [], {}
    )
    assert "let threshold = long(5);" in _kql.with_parameters(good["query"], good["parameters"])
    bad = _packs.find(
        [str(written(tmp_path / "bad", one=f"{header}let threshold = 2 + 3;\nDeviceInfo"))]
    )
    assert "declares its parameter threshold in line 5 of" in refusal(
        lambda: _packs.wanted(bad, [], {})
    )


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("severity: high", "no title"),
        ("title: x\nseverity: huge", "severity is 'huge'"),
        ("title: x\ntechnique: [T1]", "technique"),
        ("title: x\ntactics: Impact", "tactics"),
        ("title: x\nparameters: {least: {type: number}}", "parameters.least"),
        ("title: x\nparameters: {least: {type: long, default: many}}", "parameters.least"),
        ("title: x\nparameters: {le-ast: {type: long}}", "le-ast"),
        ("title: [", "wrong"),
    ],
)
def test_a_wrong_header_is_refused_with_its_file(tmp_path: Path, header: str, said: str) -> None:
    text = "\n".join(
        ["// ---", *(f"// {line}" for line in header.split("\n")), "// ---", "DeviceInfo"]
    )
    message = refusal(lambda: _packs.find([str(written(tmp_path, one=text))]))
    assert said in message
    assert "one.kql" in message


def test_a_header_without_an_end_is_refused(tmp_path: Path) -> None:
    assert "has no second line" in refusal(
        lambda: _packs.find([str(written(tmp_path, one="// ---\n// title: x\nDeviceInfo"))])
    )


def test_an_unknown_name_is_refused_with_those_there_are(tmp_path: Path) -> None:
    hunts = _packs.find([str(written(tmp_path, one="DeviceInfo"))])
    assert "no hunt two; choose from one." in refusal(lambda: _packs.wanted(hunts, ["two"], {}))


def test_a_folder_without_queries_is_refused(tmp_path: Path) -> None:
    assert str(tmp_path) in refusal(lambda: _packs.find([str(tmp_path)]))
    assert "nowhere" in refusal(lambda: _packs.find([str(tmp_path / "nowhere")]))


def test_the_role_knows_all_of_its_packs(packs: list[str]) -> None:
    names = [Path(pack).name for pack in packs]
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    options = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"][
        "main"
    ]["options"]
    assert options["hunt_packs"]["choices"] == names
    assert defaults["hunt_packs"] == f"{{{{ [] if hunt_folder or hunt_folders else {names} }}}}"
    # without a value, concurrency adapts
    assert set(options) == {*defaults, "hunt_concurrency"}
    readme = (ROLE / "README.md").read_text()
    for word in [*options, *names, *(hunt.name for hunt in _packs.find(packs))]:
        assert f"`{word}`" in readme, word
