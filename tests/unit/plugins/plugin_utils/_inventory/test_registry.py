# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry: what YAML and CSV become, and every mistake with its line and column."""

from __future__ import annotations

import csv
import io
import json
import typing as t
from pathlib import Path
from unittest import mock

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import is_trusted_as_template
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers.customer import Customer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    registry as _registry,
)
from hypothesis import given
from hypothesis import strategies as st

ONE = "22222222-2222-2222-2222-222222222222"
TWO = "33333333-3333-3333-3333-333333333333"


@pytest.fixture
def read(tmp_path: Path) -> t.Callable[..., list[Customer]]:
    """The customers of files with this content."""

    def build(**files: str | bytes) -> list[Customer]:
        paths = []
        for name, content in files.items():
            paths.append(tmp_path / name.replace("_", "."))
            paths[-1].write_bytes(content.encode() if isinstance(content, str) else content)
        return list(_registry.read(paths, DataLoader()))

    return build


def refusal(read: t.Callable[..., list[Customer]], **files: str | bytes) -> str:
    with pytest.raises(DefenderError) as caught:
        read(**files)
    assert caught.value.category == "bad_request"
    return caught.value.message


def test_an_entry_becomes_a_customer_with_its_variables(read: t.Any) -> None:
    (one,) = read(
        r_yml=f"tenants:\n  - tenant_id: {ONE.upper()}\n    name: contoso\n"
        "    default_domain: contoso.example\n    tier: gold\n"
        "    cloud: gcc_high\n    client_id: X\n    tags: [a, b]\n"
        "    contact: {mail: soc@contoso.example}\n"
    )
    assert (one.tenant_id, one.name, one.default_domain, one.sources) == (
        ONE,
        "contoso",
        "contoso.example",
        ("file",),
    )
    assert one.variables == {
        "tier": "gold",
        "defender_xdr_cloud": "gcc_high",
        "defender_xdr_client_id": "X",
        "tenant_tags": ["a", "b"],
        "contact": {"mail": "soc@contoso.example"},
    }
    assert one.where().endswith("r.yml:2:5")


def test_a_spreadsheet_says_the_same(read: t.Any) -> None:
    commas, semicolons = (
        read(
            r_csv=(
                f"\ufefftenant_id{mark} name{mark}tier{mark}cloud{mark}note\r\n"
                f'{ONE}{mark}contoso{mark}gold{mark}{mark}"two\nlines"\r\n\r\n'
            ).encode()
        )
        for mark in ",;"
    )
    assert commas == semicolons
    assert (commas[0].tenant_id, commas[0].name, commas[0].variables) == (
        ONE,
        "contoso",
        {"tier": "gold", "note": "two\nlines"},
    )
    assert commas[0].where().endswith("r.csv:2:1")


def test_what_customers_call_themselves_and_what_stands_in_a_spreadsheet_is_never_a_template(
    read: t.Any,
) -> None:
    (one,) = read(
        r_yml=(
            f"tenants: [{{tenant_id: {ONE}, name: '{{{{ 1 }}}}', default_domain: '{{{{ 2 }}}}',"
            f" secret: '{{{{ 3 }}}}'}}]"
        )
    )
    (two,) = read(r_csv=f"tenant_id,name,tier\n{ONE},{{{{ 1 }}}},{{{{ 2 }}}}\n")
    for text in (one.name, one.default_domain, two.name, two.variables["tier"]):
        assert "{{" in text
        assert not is_trusted_as_template(text)
    assert is_trusted_as_template(one.variables["secret"])


def test_a_number_may_be_a_name_and_an_empty_registry_is_one(read: t.Any) -> None:
    assert [
        one.name
        for one in read(r_yml=f"tenants: [{{tenant_id: {ONE}, name: 365}}, {{tenant_id: {TWO}}}]")
    ] == ["365", ""]
    assert (
        read(r_yml="tenants: []") == read(r_yml="tenants:") == read(r_csv="tenant_id,name\n") == []
    )


def test_a_folder_is_all_its_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, tenant_id in (("b.yml", ONE), ("a.json", TWO)):
        (tmp_path / name).write_text(
            json.dumps({"tenants": [{"tenant_id": tenant_id, "name": name}]})
        )
    for name in (".hidden.yml", "README.md"):
        (tmp_path / name).write_text("no registry")
    assert [one.name for one in _registry.read([tmp_path], DataLoader())] == ["a.json", "b.yml"]


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("tenants:\n  - {tenant_id: x\n", ":3:1", "not valid YAML"),
        ("tenants:\n\t- a\n", ":2:1", "not valid YAML"),
        ("tenants: [\x01]", "", "not valid YAML"),
        ("all:\n  hosts: {}\n", ":1:1", "a registry must have the single key tenants"),
        ("# nothing\n", ":1:1", "a registry must have the single key tenants"),
        ("- tenant_id: x\n", ":1:1", "a registry must have the single key tenants"),
        ("tenants:\n  contoso: {}\n", ":1:1", "a list of mappings"),
        (f"tenants:\n  - {{tenant_id: {ONE}}}\n  - contoso\n", ":3:5", "must be a mapping"),
        ("tenants:\n  - name: contoso\n", ":2:5", "tenant_id is missing"),
        (
            "tenants:\n  - name: contoso\n    tenant_id: contoso.example\n",
            ":3:5",
            "'contoso.example', which is not a GUID",
        ),
        (f"tenants:\n  - tenant_id: {ONE}\n    name: [a]\n", ":3:5", "name must be text"),
        (f"tenants:\n  - tenant_id: {ONE}\n    name: yes\n", ":3:5", "name must be text"),
        (
            f"tenants:\n  - tenant_id: {ONE}\n    cloud: gov\n",
            ":3:5",
            "cloud is 'gov', but must be one of public, gcc, gcc_high",
        ),
        (
            f"tenants:\n  - tenant_id: {ONE}\n    is customer: 1\n",
            ":3:5",
            "'is customer' is not a valid variable name",
        ),
        (
            f"tenants:\n  - tenant_id: {ONE}\n    defender_xdr_tenant_id: {TWO}\n",
            ":3:5",
            "defender_xdr_tenant_id must be named tenant_id",
        ),
        (f"tenants:\n  - tenant_id: {ONE}\n    2: 1\n", ":3:5", "2 is not a valid variable name"),
    ],
)
def test_a_mistake_in_yaml_is_told_with_line_and_column(
    read: t.Any, text: str, place: str, said: str
) -> None:
    message = refusal(read, r_yml=text)
    assert f"r.yml{place}: " in message
    assert said in message


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("", ":1:1", "the columns none"),
        ("tenant,name\n", ":1:1", "the columns tenant, name, but must have tenant_id and name"),
        ("tenant_id,name,name\n", ":1:1", "column 3 repeats the name 'name'"),
        (
            f"tenant_id,name,\n{ONE},a,\n{TWO},b,x\n",
            ":3:1",
            "column 3 has no name, but contains 'x'",
        ),
        (
            f'tenant_id;name;"notes, internal"\n{ONE};a;x\n',
            ":2:1 (column notes, internal)",
            "'notes, internal' is not a valid variable name",
        ),
        (f"sep=;\ntenant_id;name\n{ONE}x;a\n", ":3:1 (column tenant_id)", "is not a GUID"),
        ("sep=;\ntenant_id,name\n", ":2:1", "the first line has the columns tenant_id,name"),
        (
            f"tenant_id,tier,name\n{ONE},gold\n",
            ":2:1",
            "2 fields, but the first line has 3 columns",
        ),
        ("t\0e\0n\0", "", "NUL characters, like UTF-16 without a byte order mark"),
        (
            f"tenant_id,name\n{ONE},a\n\n{TWO}\n",
            ":4:1",
            "1 fields, but the first line has 2 columns",
        ),
        (f"tenant_id,name\n{ONE},a,b\n", ":2:1", "3 fields"),
        (f'tenant_id,name\n{ONE},"a\nb"\n,c\n', ":4:1 (column tenant_id)", "tenant_id is missing"),
        (f'tenant_id,name\n{ONE},"a\n', ":2:1", "this is not valid CSV"),
        (f"tenant_id,name,region\n{ONE},a,moon\n", ":2:1 (column region)", "region is 'moon'"),
    ],
)
def test_a_mistake_in_csv_is_told_with_its_line_and_column(
    read: t.Any, text: str, place: str, said: str
) -> None:
    message = refusal(read, r_csv=text)
    assert f"r.csv{place}: " in message
    assert said in message


GOLD = [(ONE, "contoso", {"tier": "gold"})]


@pytest.mark.parametrize(
    "text",
    [
        f"tenant_id;name;tier;;\n{ONE};contoso;gold;;\n",
        f"tenant_id;;name;tier\n{ONE};;contoso;gold\n",
        f"sep=;\ntenant_id;name;tier\n{ONE};contoso;gold\n",
        f"\ufeffSEP=,\r\n\r\ntenant_id,name,tier\r\n{ONE},contoso,gold\r\n,,\r\n,,\r\n",
        f'"sep=|"\ntenant_id|name|tier\n{ONE}|contoso|gold\n',
        f"sep=\\t\ntenant_id\tname\ttier\n{ONE}\tcontoso\tgold\n",
        f"sep=\t\ntenant_id\tname\ttier\n{ONE}\tcontoso\tgold\n",
        f"sep=\ntenant_id;name;tier\n{ONE};contoso;gold\n",
        f"sep=;;;\ntenant_id;name;tier\n{ONE};contoso;gold\n",
        f"tenant_id\tname\ttier\n{ONE}\tcontoso\tgold\n",
        f'tenant_id;name;tier;"notes, internal"\n{ONE};contoso;gold;\n',
        f'"notes;\nof ours",tenant_id,name,tier\n,{ONE},contoso,gold\n',
        f'"a;b;c;d;e",tenant_id,name,tier\n,{ONE},contoso,gold\n',
        f"tenant_id,name,tier\r{ONE},contoso,gold\r",
        f"tenant_id;name;tier;note\n{ONE};contoso;gold\n",
        f"tenant_id;name;tier\n{ONE};contoso;gold;;;\n;;;;;;\n",
        f";;\n\ntenant_id;name;tier\n{ONE};contoso;gold\n",
    ],
)
def test_a_registry_is_read_as_spreadsheets_save_it(read: t.Any, text: str) -> None:
    for content in (
        text.encode(),
        text.encode("utf-16"),
        b"\xfe\xff" + text.removeprefix("\ufeff").encode("utf-16-be"),
    ):
        assert [(one.tenant_id, one.name, one.variables) for one in read(r_csv=content)] == GOLD


def test_the_end_of_a_file_s_name_counts_in_capitals_too(tmp_path: Path) -> None:
    (tmp_path / "CUSTOMERS.CSV").write_text(f"tenant_id,name\n{ONE},contoso\n")
    assert [one.name for one in _registry.read([tmp_path], DataLoader())] == ["contoso"]


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "mac-roman"])
@pytest.mark.parametrize("name", ["r_csv", "r_yml"])
def test_a_code_page_is_refused_by_name(read: t.Any, name: str, encoding: str) -> None:
    message = refusal(read, **{name: f"tenant_id,name\r{ONE},M\xfcller\r".encode(encoding)})
    assert "r." in message
    assert ":2:39: this is not UTF-8" in message
    assert "Windows-1252" in message


def test_a_cut_off_utf_16_is_refused_by_name(read: t.Any) -> None:
    assert "the file begins as UTF-16, but its rest is not valid UTF-16" in refusal(
        read, r_csv="tenant_id,name".encode("utf-16") + b"x"
    )


Cell = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@given(
    rows=st.lists(st.tuples(st.uuids(), Cell, Cell), min_size=1, max_size=4),
    separator=st.sampled_from(",;\t|"),
    line_break=st.sampled_from(["\n", "\r\n", "\r"]),
    margin=st.integers(0, 3),
    sep_line=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_cells_survive_what_a_spreadsheet_does_to_a_file(
    rows: list[tuple[t.Any, str, str]],
    separator: str,
    line_break: str,
    margin: int,
    sep_line: bool,
    encoding: str,
) -> None:
    file = io.StringIO(newline="")
    if sep_line:
        file.write(f"sep={separator}{line_break}")
    table = csv.writer(file, delimiter=separator, lineterminator=line_break, quoting=csv.QUOTE_ALL)
    empty = [""] * margin
    table.writerows(
        [
            ["tenant_id", "name", "note", *empty],
            *([*row, *empty] for row in rows),
            ["", "", "", *empty],
        ]
    )

    written_in = encoding

    class Loader(DataLoader):
        def get_text_file_contents(self, file_name: str, encoding: str | None = None) -> str:
            return file.getvalue().encode(written_in).decode(errors="surrogateescape")

    with mock.patch.object(Path, "is_file", return_value=True):
        found = [
            (one.tenant_id, one.name, one.variables.get("note", ""))
            for one in _registry.read([Path("/r.csv")], Loader())
        ]
    assert found == [(str(tenant_id), name.strip(), note.strip()) for tenant_id, name, note in rows]


@pytest.mark.parametrize("name", ["r_csv", "r_yml"])
def test_another_encoding_is_told_with_the_place_of_its_first_strange_byte(
    read: t.Any, name: str
) -> None:
    assert ":2:3: this is not UTF-8" in refusal(
        read, **{name: "tenant_id,name\nM\xfcller".encode("latin-1").replace(b"M", b"Mx")}
    )


@pytest.mark.parametrize(
    ("name", "said"), [("absent.yml", "does not exist"), ("r.txt", "must be a folder or end in")]
)
def test_what_is_no_registry_is_refused(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "r.txt").touch()
    with pytest.raises(DefenderError, match=said):
        list(_registry.read([tmp_path / name], DataLoader()))


def test_a_duplicate_in_yaml_knows_its_line_though_lines_are_looked_up_only_then(
    read: t.Any,
) -> None:
    places = [
        one.where()
        for one in read(
            r_yml=f"# one\ntenants:\n- tenant_id: {ONE}\n  name: a\n\n-   {{tenant_id: {TWO}}}\n"
        )
    ]
    assert [place.rsplit("r.yml", 1)[1] for place in places] == [":3:3", ":6:5"]


@given(
    st.lists(
        st.tuples(
            st.uuids(), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_names_survive_both_shapes(rows: list[tuple[t.Any, str]]) -> None:
    table = io.StringIO()
    csv.writer(table).writerows([("tenant_id", "name"), *rows])
    documents = {
        "r.json": json.dumps(
            {"tenants": [{"tenant_id": str(tenant_id), "name": name} for tenant_id, name in rows]}
        ),
        "r.csv": table.getvalue(),
    }

    class Loader(DataLoader):
        def get_text_file_contents(self, file_name: str, encoding: str | None = None) -> str:
            return documents[Path(file_name).name]

    expected = [(str(tenant_id), name.strip()) for tenant_id, name in rows]
    for name, read_one in (
        ("r.json", lambda path, text: _registry._of_yaml(path, text, Loader())),
        ("r.csv", _registry._of_csv),
    ):
        assert [
            (one.tenant_id, one.name) for one in read_one(Path("/", name), documents[name])
        ] == expected
