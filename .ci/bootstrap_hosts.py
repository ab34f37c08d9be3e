# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets ansible-test bootstrap itself from the package index instead of hosts of its own."""

from __future__ import annotations

import re
import subprocess
import typing as t
from pathlib import Path

from dev import locked
from environments import CORES, venv
from schedule import Log


def offer_pip(core: str, home: Path, env: t.Mapping[str, str], log: Log) -> None:
    """Let everything come from the package index, and nothing from the other hosts that
    ansible-test would ask.

    The pip that it bootstraps its virtual environments with lies where it looks first, and a
    requirement with an address (dill in 2.22's pylint) is taken by its name.
    """
    with locked(home):
        python = venv(core) / "bin/python"
        ask = "import sys, types, ansible_test._internal.python_requirements as r\n"
        ask += "print(r.get_venv_packages(types.SimpleNamespace(version=sys.argv[1]))['pip'])"
        version = subprocess.run(
            [python, "-c", ask, CORES[core].python],
            env=env,
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()
        for path in venv(core).glob(
            "lib/python3*/site-packages/ansible_test/_data/requirements/sanity.*.txt"
        ):
            text = path.read_text()
            plain = re.sub(r"^([\w.-]+) @ http.*$", r"\1", text, flags=re.MULTILINE)
            if plain != text:
                path.write_text(plain)
        script = home / ".ansible/test/cache" / f"get_pip_{version.replace('.', '_')}.py"
        if not script.exists():
            script.parent.mkdir(parents=True, exist_ok=True)
            log.run(
                python,
                "-m",
                "pip",
                "download",
                "--no-deps",
                "--dest",
                script.parent,
                f"pip=={version}",
                env=env,
            )
            wheel = str(next(script.parent.glob(f"pip-{version}-*.whl")))
            script.write_text(
                f"import sys\nsys.path.insert(0, {wheel!r})\n"
                "from pip._internal.cli.main import main\n"
                f"sys.exit(main(['install', '--no-index', {wheel!r}]))\n"
            )
