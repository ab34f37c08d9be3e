# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kept answers serve only who asked, hold no secret, and come back as the untrusted text they
were."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible.plugins.loader import cache_loader
from ansible.template import is_trusted_as_template, trust_as_template
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import (
    contracts as _contracts,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import gdap as _gdap
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    hosts as _inventory,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    sources as _sources,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory.cache import (
    Answers,
    question,
)

SECRET = "a-secret-that-is-unique-0123456789"
ASKER = {"tenant_id": "22222222-2222-2222-2222-222222222222", "client_secret": SECRET, "retries": 4}
TRAP = "{{ lookup('pipe', 'touch trap') }}"


def changed(asker: dict[str, t.Any], **options: t.Any) -> dict[str, t.Any]:
    return {**asker, **options}


def trusted(value: t.Any) -> list[str]:
    """Every trusted text in a value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for member in value for text in trusted(member)]
    return [value] if is_trusted_as_template(value) else []


@pytest.fixture
def reopened(tmp_path: Path) -> t.Callable[[Answers], Answers]:
    """Answers after a way through one of Ansible's cache plugins."""

    def build(answers: Answers) -> Answers:
        first, second = (cache_loader.get("jsonfile", _uri=str(tmp_path)) for unused in range(2))
        first.set("key", answers.content)
        return Answers(second.get("key"))

    return build


def test_an_answer_is_for_who_asked_and_for_nobody_else(reopened: t.Any) -> None:
    answers = Answers()
    answers.put("source gdap", ASKER, [1])
    answers = reopened(answers)
    assert answers.get("source gdap", dict(reversed(ASKER.items()))) == [1]
    assert answers.get("source contracts", ASKER) is None
    for option, value in (
        ("tenant_id", "3"),
        ("client_secret", "other"),
        ("graph_url", "https://graph.example"),
        ("retries", 5),
    ):
        assert answers.get("source gdap", changed(ASKER, **{option: value})) is None


@pytest.mark.parametrize("option", ["client_secret_file", "certificate_path", "private_key_path"])
def test_another_credential_in_the_same_file_is_another_asker(option: str, tmp_path: Path) -> None:
    path = tmp_path / "credential"
    asker = {"tenant_id": ASKER["tenant_id"], option: str(path)}
    answers = Answers()
    answers.put("source gdap", asker, [1])
    path.write_bytes(b"\xff one")
    assert answers.get("source gdap", asker) is None
    answers.put("source gdap", asker, [2])
    assert answers.get("source gdap", asker) == [2]
    path.write_bytes(b"\xff two")
    assert answers.get("source gdap", asker) is None


def test_no_secret_is_kept_and_two_caches_do_not_show_that_they_have_the_same_one(
    tmp_path: Path,
) -> None:
    texts = set()
    for _unused in range(2):
        answers = Answers()
        answers.put("source gdap", ASKER, [])
        texts.add(json.dumps(answers.content))
        assert SECRET not in json.dumps(answers.content)
    assert len(texts) == 2


@pytest.mark.parametrize("content", [None, {}, [], "x", {"gdap": [], "probe": {}}, {"answers": {}}])
def test_what_an_older_version_kept_is_asked_for_again(content: t.Any) -> None:
    assert Answers(content).get("source gdap", ASKER) is None


def test_the_name_of_a_cache_depends_on_what_options_resolve_to_and_on_no_secret() -> None:
    config = {
        "plugin": "p",
        "tenant_id": "{{ lookup('env', 'PROVIDER') }}",
        "client_secret": SECRET,
    }
    names = {
        question(config, {"tenant_id": tenant_id, "client_secret": secret})
        for tenant_id in "ab"
        for secret in "cd"
    }
    assert len(names) == 2
    assert question({**config, "client_secret": "x"}, {}) == question(config, {})
    assert question({**config, "file": ["x"]}, {}) != question(config, {})


def test_nothing_that_came_from_microsoft_is_trusted_before_or_after_the_cache(
    reopened: t.Any,
) -> None:
    relationship = {
        "id": TRAP,
        "displayName": TRAP,
        "status": "active",
        "endDateTime": TRAP,
        "customer": {"tenantId": ASKER["tenant_id"], "displayName": TRAP},
        "accessDetails": {"unifiedRoles": [{"roleDefinitionId": TRAP}]},
    }
    contract = {
        "id": TRAP,
        "customerId": ASKER["tenant_id"],
        "displayName": TRAP,
        "defaultDomainName": TRAP,
        "contractType": TRAP,
    }
    other = {**relationship, "status": TRAP}
    for source, customers in (
        ("gdap", _gdap.folded([relationship, other])),
        ("contracts", _contracts.folded([contract])),
    ):
        answers = Answers()
        # as a cache plugin may give it back that knows no trust, or trusts its own file
        answers.put(
            source,
            ASKER,
            [
                {
                    name: everywhere_trusted(value)
                    for name, value in _sources._to_keep(customer).items()
                }
                for customer in customers
            ],
        )
        for kept in (answers, reopened(answers), Answers(everywhere_trusted(answers.content))):
            (row,) = Answers(kept.content).get(source, ASKER)
            for customer in (_sources._from_kept(row, source), *customers):
                variables = _inventory.variables_of(customer)
                assert set(trusted(variables)) <= {ASKER["tenant_id"], source, "active"}
                assert TRAP in json.dumps(variables)


def everywhere_trusted(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {name: everywhere_trusted(member) for name, member in value.items()}
    if isinstance(value, list):
        return list(map(everywhere_trusted, value))
    return trust_as_template(value) if isinstance(value, str) else value
