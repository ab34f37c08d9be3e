# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run in a fork is the same as a run in a process of its own, and so is a module's process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
import zipfile
from pathlib import Path

import pytest
import yaml
from ansible_collections.mssp.defender_xdr.tests.behaviour import warm, warm_python, warm_server
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
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        "ANSIBLE_STDOUT_CALLBACK": "minimal",
        "DEFENDER_XDR_API": "xdr",
    }
    fork = started(ansible, Forked, **settings)
    own = started(ansible, subprocess.Popen, **settings, OF_ITS_OWN="1")
    assert own["environment"].pop("OF_ITS_OWN") == "1"
    own["environment"].pop(warm_python.SET_BY_PYTHON, None)
    assert fork.keys() == own.keys()
    assert {name: fork[name] for name in own if fork[name] != own[name]} == {}
    assert fork["constants"]["DEFAULT_FORKS"] == 3
    assert fork["constants"]["INVENTORY_ANY_UNPARSED_IS_FAILED"] is True
    assert fork["imported otherwise"] == []
    assert str(ansible.folder) in fork["constants"]["DEFAULT_LOCAL_TMP"]


def test_a_document_parsed_ahead_is_what_it_says_and_is_nobody_elses(tmp_path: Path) -> None:
    documents = warm_server.Documents(str(tmp_path))
    text = "a: [1, 2]\n" + "# " * warm_server.WORTHWHILE
    for _run in range(2):
        assert documents.load(text, yaml.SafeLoader) == {"a": [1, 2]}
        documents.learn()
    with pytest.raises(yaml.YAMLError):
        documents.load("a: [" + text, yaml.SafeLoader)
    unfinished = tmp_path / f"documents/1-0{warm_server.UNFINISHED}"
    unfinished.write_bytes(b"half of")
    documents.learn()
    assert unfinished.read_bytes() == b"half of"
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


REPORT: t.Final = """\
import json, os, sys
print(json.dumps({
    "main": __name__, "arguments": sys.argv, "folder": os.getcwd(), "environment": dict(os.environ),
    "path": sys.path, "input": sys.stdin.read(), "imported": "msal" in sys.modules,
}))
print("to stderr", file=sys.stderr)
sys.exit(3)
"""


LOCALE: t.Final = {name: os.environ[name] for name in ("LANG", "LC_ALL") if name in os.environ}


def scripted(folder: Path, script: str, python: t.Sequence[str], **env: str) -> t.Any:
    """The process of a script with an argument, an input and an environment."""
    path = folder / "script.py"
    path.write_text(script)
    return subprocess.run(
        [*python, str(path), "an argument"],
        input="some input",
        cwd=folder,
        env={"WHO": "me", **LOCALE, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_script_in_a_fork_finds_what_it_finds_in_a_process_of_its_own(tmp_path: Path) -> None:
    warmly, own = (
        scripted(tmp_path, REPORT, python) for python in (warm.python(), [sys.executable])
    )
    assert (warmly.returncode, warmly.stderr) == (own.returncode, own.stderr) == (3, "to stderr\n")
    found, expected = json.loads(warmly.stdout), json.loads(own.stdout)
    for process in (found, expected):
        process["environment"].pop(warm_python.SET_BY_PYTHON, None)
    assert (found.pop("imported"), expected.pop("imported")) == (True, False)
    assert found == expected


def test_what_a_python_reads_when_it_starts_needs_a_process_of_its_own(tmp_path: Path) -> None:
    done = scripted(tmp_path, REPORT, warm.python(), PYTHONWARNINGS="error")
    assert json.loads(done.stdout)["imported"] is False
    assert done.returncode == 3
    text = "print(1 + 1)"
    done = subprocess.run([*warm.python(), "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"


def test_a_script_that_a_signal_ends_ends_as_the_shell_says_it(tmp_path: Path) -> None:
    script = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    assert scripted(tmp_path, script, warm.python()).returncode == 128 + 9


def test_a_module_in_a_zip_is_compiled_once_and_anew_when_it_changes(tmp_path: Path) -> None:
    packed = tmp_path / "packed.zip"
    script = (
        f"import sys; sys.path.insert(0, {str(packed)!r}); import one; print(one.VALUE,"
        " one.where())"
    )
    where = "import inspect\ndef where(): return inspect.currentframe().f_code.co_filename\n"
    for value in ("1", "1", "2"):
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("one.py", f"VALUE = {value}\n{where}")
        done = scripted(tmp_path, script, warm.python())
        assert done.stdout == f"{value} {packed}/one.py\n", done.stderr
