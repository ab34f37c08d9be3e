# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `ansible-builder` reads of the collection names files that exist and are in the archive."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
DEPENDENCIES = yaml.safe_load(
    (ROOT / "meta/execution-environment.yml").read_text(encoding="utf-8")
)["dependencies"]


def test_the_python_packages_are_those_of_requirements_txt() -> None:
    assert DEPENDENCIES == {"python": "requirements.txt"}


def test_the_files_that_it_names_are_in_the_archive() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    for name in ("meta/execution-environment.yml", *DEPENDENCIES.values()):
        assert (ROOT / name).is_file()
        assert not any(fnmatch.fnmatch(name, pattern) for pattern in galaxy["build_ignore"])


def test_the_example_installs_the_archive_of_this_version() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    example = yaml.safe_load(
        (ROOT / "examples/execution_environment/execution-environment.yml").read_text(
            encoding="utf-8"
        )
    )
    archive = "{namespace}-{name}-{version}.tar.gz".format(**galaxy)
    [file] = example["additional_build_files"]
    assert file["src"] == archive
    [collection] = example["dependencies"]["galaxy"]["collections"]
    assert collection == {"name": f"{file['dest']}/{archive}", "type": "file"}


def test_every_line_is_one_that_ansible_builder_takes() -> None:
    """It refuses or drops options of pip, and pins ansible-core by itself."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    assert packages
    assert not [line for line in packages if line.startswith(("-", "ansible"))]
