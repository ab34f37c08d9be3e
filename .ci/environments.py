# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual environments for each ansible-core and for the tools; copies of the tracked files."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from dev import REQUIREMENTS, ROOT, VENV, environment, make_venv
from schedule import Absent, GateFailed, Log

WORK = VENV / "gates"
COLLECTION = Path("ansible_collections/mssp/defender_xdr")


@dataclasses.dataclass(frozen=True)
class Core:
    python: str
    package: str
    optional: bool = False  # a pre-release that cannot be installed is said, and no failure
    oldest: bool = False  # with the oldest versions that requirements.txt promises


CORES = {
    "2.19": Core("3.11", "ansible-core~=2.19.0", oldest=True),
    "2.20": Core("3.12", "ansible-core~=2.20.0"),
    "2.21": Core("3.13", "ansible-core~=2.21.0"),
    "2.22": Core("3.13", "ansible-core>=2.22.0b1,<2.23", optional=True),
}


def find_python(version: str) -> str:
    """A working Python of that version: this one, on PATH, or of pyenv, whose shims answer only for
    chosen versions."""
    shims = [
        Path(folder).parent
        for folder in os.environ.get("PATH", "").split(os.pathsep)
        if folder.endswith("/shims")
    ]
    roots = [Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser(), *shims]
    places = [
        str(path)
        for root in roots
        for path in sorted(root.glob(f"versions/{version}*/bin/python{version}"), reverse=True)
    ]
    test = f"import sys, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != '{version}')"
    for python in [getattr(sys, "_base_executable", sys.executable), f"python{version}", *places]:
        if (
            shutil.which(python)
            and subprocess.run([python, "-c", test], capture_output=True, check=False).returncode
            == 0
        ):
            return python
    raise GateFailed(
        f"no working python{version} with venv: put one on PATH, or install it with pyenv"
    )


def works(version: str) -> bool:
    try:
        return bool(find_python(version))
    except GateFailed:
        return False


def venv(name: str) -> Path:
    return WORK / f"venv-{name}"


def prepare_tools(log: Log) -> None:
    newest = next(
        (core for core in reversed(CORES.values()) if not core.optional and works(core.python)),
        None,
    )
    python = find_python(newest.python) if newest else sys.executable
    files = [*REQUIREMENTS, ROOT / "tests/requirements-lint.txt"]
    make_venv(
        venv("tools"),
        python,
        [arg for path in files[-2:] for arg in ("-r", str(path))],
        "".join(path.read_text() for path in files),
        ROOT,
    )


def prepare_core(name: str, log: Log) -> str:
    core, text = CORES[name], "".join(path.read_text() for path in REQUIREMENTS)
    packages = [core.package, "-r", str(REQUIREMENTS[1])]
    packages += (
        re.findall(r"^[a-z].*", REQUIREMENTS[0].read_text().replace(">=", "=="), re.MULTILINE)
        if core.oldest
        else ["-r", str(REQUIREMENTS[0])]
    )
    try:
        python = find_python(core.python)
        make_venv(venv(name), python, packages, text, ROOT)
    except (GateFailed, subprocess.CalledProcessError) as error:
        if core.optional:
            raise Absent(f"{core.package} could not be installed") from error
        raise
    log.run(venv(name) / "bin/python", "-m", "pip", "list", env=environment(venv(name)))
    versions = dict(
        line.split()[:2] for line in log.path.read_text().splitlines() if len(line.split()) >= 2
    )
    return (
        ", ".join(
            f"{package} {versions[package]}"
            for package in ("ansible-core", "msal", "requests", "PyJWT")
        )
        + f", Python {core.python}"
    )


def copy(name: str) -> Path:
    """A copy of what git tracks or would track, where Ansible looks for a collection: ansible-test
    resolves a link away."""
    top = WORK / "trees" / name
    shutil.rmtree(top, ignore_errors=True)
    files = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    for file in filter(None, files.split("\0")):
        source, target = ROOT / file, top / COLLECTION / file
        if os.path.lexists(source):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    subprocess.run(
        ["git", "init", "--quiet", "."], cwd=top / COLLECTION, check=True
    )  # else ansible-test asks the checkout's, which ignores .venv
    return top / COLLECTION
