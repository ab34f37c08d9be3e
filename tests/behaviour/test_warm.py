# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run in a fork is the same as a run in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.mssp.defender_xdr.tests.behaviour import warm_server
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Started
from ansible_collections.mssp.defender_xdr.tests.behaviour.warm import Forked

PLAY: t.Final = {"hosts": "localhost", "tasks": [{"ansible.builtin.debug": {"msg": "here"}}]}


def started(ansible: Ansible, kind: type, **env: str) -> t.Any:
    """What a run found in its process, without what differs for each process."""
    found = ansible.inputs / "settings.json"
    wanted = {"BEHAVIOUR_SETTINGS": str(found), **env}
    run = ansible.start("playbook", ansible.written([PLAY]), "-v", env=wanted)
    assert isinstance(run.process, kind)
    run.done().good()
    text = re.sub(r"(ansible-local-|results-|playbook|object at )\w+", r"\1X", found.read_text())
    return json.loads(text)


def test_a_fork_has_the_settings_of_a_process_of_its_own(ansible: Ansible) -> None:
    settings = {
        "ANSIBLE_CALLBACKS_ENABLED": "behaviour_results,behaviour_settings",
        "ANSIBLE_FORKS": "3",
        "ANSIBLE_STDOUT_CALLBACK": "minimal",
        "DEFENDER_XDR_API": "xdr",
    }
    fork = started(ansible, Forked, **settings)
    own = started(ansible, subprocess.Popen, **settings, OF_ITS_OWN="1")
    assert own["environment"].pop("OF_ITS_OWN") == "1"
    assert fork.keys() == own.keys()
    assert {name: fork[name] for name in own if fork[name] != own[name]} == {}
    assert fork["constants"]["DEFAULT_FORKS"] == 3
    assert str(ansible.folder) in fork["constants"]["DEFAULT_LOCAL_TMP"]


def test_a_document_parsed_ahead_is_what_it_says_and_is_nobody_elses(tmp_path: Path) -> None:
    documents = warm_server.Documents(str(tmp_path))
    text = "a: [1, 2]\n" + "# " * warm_server.WORTHWHILE
    for _run in range(2):
        assert documents.load(text, yaml.SafeLoader) == {"a": [1, 2]}
        documents.learn()
    with pytest.raises(yaml.YAMLError):
        documents.load("a: [" + text, yaml.SafeLoader)
    ahead = documents.load(text, yaml.SafeLoader)
    ahead["a"].append(3)
    assert documents.load(text, yaml.SafeLoader) == {"a": [1, 2]}
    documents.learn()
    assert documents.load(text, yaml.SafeLoader) == {"a": [1, 2]}


def test_a_fork_leaves_nothing_behind_and_tells_how_it_ended(ansible: Ansible) -> None:
    wrong = {"hosts": "localhost", "tasks": [{"ansible.builtin.fail": {"msg": "on purpose"}}]}
    run = ansible.playbook([wrong])
    assert (run.code, "on purpose" in run.output) == (2, True)
    assert ansible.playbook([PLAY], "--no-such-option").code == 2
    assert list((ansible.folder / "tmp/local").iterdir()) == []


def test_a_fork_is_stopped_by_a_signal_as_a_process_is(ansible: Ansible) -> None:
    play = {"hosts": "localhost", "tasks": [{"ansible.builtin.pause": {"seconds": 60}}]}
    run: Started = ansible.start("playbook", ansible.written([play]))
    run.until("TASK")
    run.process.kill()
    assert run.done().code == -9
