# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether `ansible-builder create` accepts the example of an execution environment, and finds the
Python packages of the collection in it. It needs no container engine.

Run it as ``.venv/bin/python tests/bench/execution_environment.py``, after ``pip install -r
tests/bench/requirements.txt``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/execution_environment"
BIN = Path(sys.executable).parent


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = folder / "example"
        shutil.copytree(EXAMPLE, context)
        _run(BIN / "ansible-galaxy", "collection", "build", ROOT, "--output-path", context)
        _run(BIN / "ansible-builder", "create", "-v1", cwd=context)
        [archive] = context.glob("*.tar.gz")
        [entry] = yaml.safe_load(
            (context / "context/_build/requirements.yml").read_text(encoding="utf-8")
        )["collections"]
        assert entry["type"] == "file"
        assert (context / "context/_build" / entry["name"]).read_bytes() == archive.read_bytes()
        # what the builder finds in the image, once the archive is installed there
        installed = folder / "collections/ansible_collections/mssp/defender_xdr"
        installed.mkdir(parents=True)
        with tarfile.open(archive) as file:
            file.extractall(installed, filter="data")
        text = _run(BIN / "ansible-builder", "introspect", folder / "collections")
        packages = {line.partition("#")[0].strip() for line in yaml.safe_load(text)["python"]}
        wanted = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
        assert packages == {line for line in wanted if line and not line.startswith("#")}
    print("ansible-builder accepts the example and finds", *sorted(packages))


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=env, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
