# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of a registry with one tenant more or less: nothing else changes, and the inventory
reads what is written."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import EncryptedString
from ansible.template import is_trusted_as_template, trust_as_template
from ansible_collections.mssp.defender_xdr.plugins.filter.registry_with import FilterModule as With
from ansible_collections.mssp.defender_xdr.plugins.filter.registry_without import (
    FilterModule as Without,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    registry as _registry,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    registry_edit as _registry_text,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    registry_layout as _registry_layout,
)
from hypothesis import given
from hypothesis import strategies as st

ONE, TWO, THREE = (f"{digit * 8}-0000-4000-8000-{digit * 12}" for digit in "123")
OURS = f"""# our customers
tenants:
- tenant_id: {ONE}  # the first
  name: contoso
  note: |
    two
    lines

# the second has moved
- {{name: woodgrove, tenant_id: {TWO.upper()}}}

# the end
"""


def added(text: str, tenant_id: str, name: str = "fabrikam", **variables: t.Any) -> str:
    return _registry_text.with_tenant(text, "r.yml", tenant_id, name, variables)


def removed(text: str, tenant_id: str) -> str:
    return _registry_text.without_tenant(text, "r.yml", tenant_id)


def test_an_entry_comes_to_the_end_and_all_the_rest_stays() -> None:
    found = added(OURS, THREE, tier="gold")
    assert found == OURS.replace(
        "\n# the end", f"- tenant_id: {THREE}\n  name: fabrikam\n  tier: gold\n\n# the end"
    )


def test_an_entry_that_is_there_stays_as_its_owner_wrote_it() -> None:
    assert added(OURS, TWO, "another name", tier="gold") == OURS


def test_an_entry_goes_with_its_lines_and_no_other() -> None:
    assert removed(OURS, ONE) == OURS.replace(
        f"- tenant_id: {ONE}  # the first\n  name: contoso\n  note: |\n    two\n    lines\n", ""
    )
    assert removed(OURS, TWO) == OURS.replace(
        f"- {{name: woodgrove, tenant_id: {TWO.upper()}}}\n", ""
    )
    assert removed(OURS, THREE) == OURS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "---\n",
        "---\ntenants:\n",
        "tenants: []\n",
        "tenants: []  # none yet\n",
        "---\n# ours\ntenants:",
    ],
)
def test_a_registry_without_entries_takes_one_and_gives_it_back(text: str) -> None:
    found = added(text, ONE)
    assert yaml.safe_load(found) == {"tenants": [{"tenant_id": ONE, "name": "fabrikam"}]}
    assert not yaml.safe_load(removed(found, ONE))["tenants"]
    assert ("#" in text) == ("#" in found)


@given(
    steps=st.lists(
        st.tuples(
            st.booleans(),
            st.sampled_from([ONE, TWO, THREE]),
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
        ),
        max_size=8,
    )
)
def test_whatever_comes_and_goes_the_registry_says_who_is_in_it(
    steps: list[tuple[bool, str, str]],
) -> None:
    text, model = OURS, [ONE, TWO]
    for comes, tenant_id, name in steps:
        text = added(text, tenant_id, name) if comes else removed(text, tenant_id)
        if comes and tenant_id not in model:
            model.append(tenant_id)
            assert yaml.safe_load(text)["tenants"][-1]["name"] == name
        elif not comes and tenant_id in model:
            model.remove(tenant_id)
    assert [entry["tenant_id"].lower() for entry in yaml.safe_load(text)["tenants"] or []] == model


HARD = f"""# ours
tenants:  # by tier
  -
    tenant_id: {ONE}
    name: contoso
    base: &base {{tier: gold}}
    note: |
      text
      # no comment

      - no entry
    # tier: silver
  # the second
  - <<: *base
    tenant_id: "{TWO}"
    name: !unsafe "{{{{ woodgrove }}}}"
    secret: !vault |
      $ANSIBLE_VAULT;1.1;AES256
      3031
    tags:
    - a
    - b

  # the end
"""


class Said(yaml.SafeLoader):
    """Reads any tag, and keeps it."""


Said.add_multi_constructor("!", lambda loader, tag, node: (tag, loader.construct_scalar(node)))


def said(text: str) -> list[t.Any]:
    return yaml.load(text.removeprefix("\ufeff"), Loader=Said)["tenants"] or []  # noqa: S506


def shapes(text: str) -> dict[str, str]:
    """The same registry as different editors save it."""
    return {
        "unix": text,
        "windows": text.replace("\n", "\r\n"),
        "old mac": text.replace("\n", "\r"),
        "with a mark": f"\ufeff{text}",
        "without a last line break": text.removesuffix("\n"),
        "in a document": f"---\n{text}...\n",
        "further in": text.replace("\n  ", "\n      "),
        "not further in": text.replace("\n  ", "\n"),
        "beyond ASCII": text.replace("# ours", "# ünsere 🙂").replace("woodgrove", "Grüße 🙂"),
    }


@pytest.mark.parametrize("shape", shapes(""))
def test_an_entry_comes_and_goes_whatever_the_others_look_like(shape: str) -> None:
    text = shapes(HARD)[shape]
    found = added(text, THREE, "new: #1", tier="gold")
    assert said(found) == [*said(text), {"tenant_id": THREE, "name": "new: #1", "tier": "gold"}]
    assert all(line in found for line in text.splitlines(keepends=True)[:-1])
    assert removed(found, THREE) == text
    assert len({*_registry_layout.BREAK.findall(found)}) == 1
    last = removed(text, TWO)
    assert said(last) == said(text)[:1]
    assert "# the second" in last
    assert "# the end" in last


def test_an_entry_goes_with_all_that_is_its_own_and_nothing_else() -> None:
    text = HARD.replace("<<: *base", "tier: gold")
    assert removed(text, ONE) == text[: text.index("  -\n")] + text[text.index("  # the second") :]
    assert removed(HARD, TWO) == HARD[: HARD.index("  - <<")] + HARD[HARD.index("\n  # the end") :]


@pytest.mark.parametrize("style", ["|", "|-", "|+", ">", ">+", "|2"])
@pytest.mark.parametrize("tail", ["", "\n", "\n\n# end\n", "\n    # own\n# end\n", "...\n"])
def test_a_block_at_the_end_of_the_last_entry_stays_as_it_is(style: str, tail: str) -> None:
    text = f"tenants:\n  - tenant_id: {ONE}\n    note: {style}\n      one\n      # two\n{tail}"
    found = added(text, TWO)
    assert said(found) == [*said(text), {"tenant_id": TWO, "name": "fabrikam"}]
    assert said(removed(found, ONE)) == said(found)[1:]
    assert removed(found, TWO) == text


def test_an_alias_in_the_place_of_an_entry_is_cut_where_it_stands() -> None:
    text = (
        f"tenants:\n- &a {{tenant_id: {ONE}}}\n- {{tenant_id: {TWO}}}\n"
        f"- {{<<: *a, tenant_id: {THREE}}}\n"
    )
    assert removed(text, THREE) == text.rsplit("- ", 1)[0]
    assert removed(text, TWO) == text.replace(f"- {{tenant_id: {TWO}}}\n", "")
    assert said(removed(text.replace(f"{{<<: *a, tenant_id: {THREE}}}", "*a"), ONE)) == [
        {"tenant_id": TWO}
    ]


PIECES = [
    "-\n  tenant_id: {id}\n  name: a  # b\n",
    "- {{tenant_id: {id}, name: 'x # y', tags: [a,\n    b]}}\n",
    "# above\n\n-   name: |+\n      # a\n\n\n    tenant_id: {id}\n",
    "- tenant_id: {id}\n  note: >-\n    - tenant_id: {id}\n    # x\n\n",
    "- tenant_id: {id}\n  list:\n  - a\n  -\n    - b\n  # own\n",
    "- note: 'two\n\n    lines'\n  tenant_id: '{id}'\n\n# below\n\n",
    "- ? tenant_id\n  : {id}\n  empty:\n",
    '- "tenant_id": {id}\n  secret: !vault |\n    $ANSIBLE_VAULT;1.1;AES256\n    3031\n',
]


@given(
    pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=5),
    turn=st.integers(0, 4),
    indent=st.sampled_from(["", "  ", "    "]),
    line_break=st.sampled_from(["\n", "\r\n"]),
    tail=st.sampled_from(["", "# end\n", "\n\n", "...\n"]),
)
def test_any_entry_comes_and_goes_among_any_others(
    pieces: list[str], turn: int, indent: str, line_break: str, tail: str
) -> None:
    ids = [f"{number:08}-0000-4000-8000-000000000000" for number in range(len(pieces))]
    lines = "".join(
        piece.format(id=tenant_id) for piece, tenant_id in zip(pieces, ids, strict=True)
    ).splitlines()
    body = "".join(f"{indent}{line}".rstrip() + "\n" for line in lines)
    text = f"tenants:\n{body}{tail}".replace("\n", line_break)
    before = said(text)
    found = added(text, ONE)
    assert said(found) == [*before, {"tenant_id": ONE, "name": "fabrikam"}]
    assert removed(found, ONE) == text
    gone = turn % len(ids)
    assert said(removed(text, ids[gone])) == before[:gone] + before[gone + 1 :]


def test_an_entry_that_others_refer_to_stays_with_a_reason() -> None:
    with pytest.raises(
        DefenderError,
        match="cannot be removed without damage to the registry r.yml: .*undefined alias.* by hand",
    ):
        removed(HARD, ONE)


def test_an_edit_that_would_change_another_entry_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        _registry_text,
        "_inserted",
        lambda text, place, block, line_break: text.replace("tier: gold", "tier: none") + block,
    )
    with pytest.raises(
        DefenderError,
        match=(
            "cannot be added without damage to the registry r.yml: other entries would change."
            " The file is unchanged"
        ),
    ):
        added(f"tenants:\n  - tenant_id: {ONE}\n    tier: gold\n", TWO)


def test_an_entry_at_the_very_end_of_a_file_needs_no_line_break() -> None:
    text = f"tenants:\n- tenant_id: {ONE}"
    assert added(text, TWO) == f"{text}\n- tenant_id: {TWO}\n  name: fabrikam\n"
    assert removed(f"{text}\n- {{tenant_id: {TWO}}}", TWO) == f"{text}\n"


def test_the_last_of_two_ids_counts_as_for_ansible_and_one_that_is_merged_in_too() -> None:
    text = (
        f"tenants:\n- {{tenant_id: {ONE}, tenant_id: {TWO}, m: &m {{tenant_id: {THREE}}}}}\n"
        "- <<: *m\n"
    )
    assert added(text, THREE) == text
    assert removed(text, ONE) == text
    assert removed(text, THREE) == text.rsplit("- ", 1)[0]


def test_a_list_without_entries_keeps_its_anchor_its_comment_and_the_line_breaks() -> None:
    text = f"tenants: &all  # ours\r\n- tenant_id: {ONE}\r\n"
    assert removed(text, ONE) == "tenants: &all []  # ours\r\n"
    assert (
        removed(added("tenants: &all []  # ours\r\n", ONE), ONE) == "tenants: &all []  # ours\r\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "# none yet\n",
        "tenants: ~\n# below\n",
        "tenants: null # x",
        "tenants: [\n  # none\n]\n",
        "  tenants:\n",
        "\ufeff",
    ],
)
def test_an_empty_registry_of_any_shape_takes_an_entry(text: str) -> None:
    assert said(added(text, ONE)) == [{"tenant_id": ONE, "name": "fabrikam"}]


TEMPLATES = [
    "{{ lookup('pipe', 'id') }}",
    "{% set x = 1 %}",
    "{# x #}",
    "lookup('pipe', 'id')",
    "x | d",
    "a\n{{ b }}: #",
]


@pytest.mark.parametrize("template", TEMPLATES)
def test_text_that_nobody_vouches_for_never_becomes_a_template(
    tmp_path: Path, template: str
) -> None:
    variables = {
        "note": template,
        "deep": [{"note": template}],
        "owner": trust_as_template("lookup or not"),
        "tier": "gold",
    }
    path = tmp_path / "r.yml"
    path.write_text(added("", ONE, template, **variables))
    (one,) = _registry.read([path], DataLoader())
    assert one.name == template
    assert one.variables == variables
    for text in (one.name, one.variables["note"], one.variables["deep"][0]["note"]):
        assert not is_trusted_as_template(text)
    assert is_trusted_as_template(one.variables["owner"])
    assert "tier: gold" in path.read_text()


def test_what_was_vaulted_is_written_as_a_vault(tmp_path: Path) -> None:
    secret = EncryptedString(ciphertext="$ANSIBLE_VAULT;1.1;AES256\n3031\n")
    assert said(added("", ONE, secret=secret))[0]["secret"] == (
        "vault",
        "$ANSIBLE_VAULT;1.1;AES256\n3031\n",
    )


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({"my key": 1}, "The new entry .my key.: 'my key' is not a valid variable name"),
        ({"cloud": "moon"}, "The new entry .cloud.: cloud is 'moon', but must be one of"),
        ({"tenant_id": TWO}, "a different tenant_id"),
        ({"note": object()}, "only text, numbers"),
    ],
)
def test_an_entry_that_the_inventory_would_refuse_is_not_written(
    variables: dict[str, t.Any], word: str
) -> None:
    with pytest.raises(DefenderError, match=word):
        _registry_text.with_tenant(OURS, "r.yml", THREE, "x", variables)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("tenants: []\n---\nx: 1\n", "more than one YAML document"),
        ("{tenants: []}\n", "brackets"),
        (f"? tenants\n: - tenant_id: {TWO}\n", "brackets"),
        ("tenants: []\ntenants: []\n", "the single key tenants"),
        ("tenants: [{tenant_id: x}]\n", "brackets"),
        ("tenants: [\n", "not valid YAML: .* in line 2"),
        (
            "tenants:\n\t- secret\n",
            "not valid YAML: found character that cannot start any token in line 2",
        ),
        ("tenants: [\x01]\n", "not valid YAML: its text has a character"),
        ("customers: []\n", "the single key tenants"),
        ("tenants: {}\n", "a list"),
        ("tenants: [a]\n", "a list"),
    ],
)
def test_a_registry_that_cannot_be_written_is_told_in_a_sentence(text: str, word: str) -> None:
    with pytest.raises(DefenderError, match=word):
        added(text, ONE)


def test_the_filters_read_the_file_and_refuse_what_they_could_not_give_back(tmp_path: Path) -> None:
    registry_with, registry_without = (
        With().filters()["registry_with"],
        Without().filters()["registry_without"],
    )
    path = tmp_path / "registry.yml"
    path.write_text(registry_with(str(path), ONE, "contoso"))
    assert yaml.safe_load(path.read_text()) == {"tenants": [{"tenant_id": ONE, "name": "contoso"}]}
    assert not yaml.safe_load(registry_without(str(path), ONE))["tenants"]
    path.write_text("$ANSIBLE_VAULT;1.1;AES256\n")
    for call in (
        lambda: registry_with(str(path), ONE, "x"),
        lambda: registry_with("r.csv", ONE, "x"),
        lambda: registry_without(str(path), ONE),
    ):
        with pytest.raises(AnsibleFilterError, match=r"vault|\.yaml"):
            call()
    with pytest.raises(AnsibleFilterError, match="not a GUID"):
        registry_with(str(tmp_path / "none.yml"), "contoso", "x")
    with pytest.raises(AnsibleFilterError, match="no name"):
        registry_with(str(tmp_path / "none.yml"), ONE, "")
