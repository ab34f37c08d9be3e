# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A template costs what it needs: core imports the filters of a collection up to the wanted one in
each worker, all of them for the last."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
# prints the packages that the plugins of each kind import in addition to core
PROGRAM = """
import importlib, json, pkgutil, sys
import ansible.cli.playbook
import ansible.executor.task_executor

def packages():
    return {name.partition(".")[0] for name in sys.modules}

found, before = {}, packages() | set(sys.stdlib_module_names)
for kind in ("filter", "test", "lookup"):
    parent = importlib.import_module(f"ansible_collections.mssp.defender_xdr.plugins.{kind}")
    names = [module.name for module in pkgutil.iter_modules(parent.__path__)]
    for name in names:
        importlib.import_module(f"{parent.__name__}.{name}")
        found[f"{kind} {name}"] = sorted(packages() - before - {"ansible_collections"})
print(json.dumps(found))
"""


def test_no_plugin_of_a_template_imports_a_package_that_core_does_not_have() -> None:
    env = dict(os.environ)
    if ROOT.parts[-3:] == ("ansible_collections", "mssp", "defender_xdr"):
        env["PYTHONPATH"] = os.pathsep.join([str(ROOT.parents[2]), env.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=env, cwd="/", capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert len(found) > 10
    assert {plugin: names for plugin, names in found.items() if names} == {}
