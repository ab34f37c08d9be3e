# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation as a site: modules, plugins, roles and the guides of docs/docsite. Warnings are
errors."""

from __future__ import annotations

import re
import shutil
import typing as t
import zlib
from pathlib import Path

NAME = "mssp.defender_xdr"
ANSIBLE = "https://docs.ansible.com/ansible/latest/"
PAGES = {  # labels of Ansible's own documentation that antsibull-docs writes into ours
    "action_plugins": "plugins/action.html",
    "callback_plugins": "plugins/callback.html",
    "common_return_values": "reference_appendices/common_return_values.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
}


def build(run: t.Callable[..., None], tools: Path, site: Path, env: t.Mapping[str, str]) -> Path:
    """Build the site from the collection that `env` makes importable, and say where it is.

    run: runs a command, with `env` and `cwd`, and raises when it fails.
    """
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(mode=0o700, parents=True)
    antsibull, where = tools / "antsibull-docs", {"env": env, "cwd": site}
    run(
        antsibull,
        "sphinx-init",
        "--dest-dir",
        site,
        "--use-current",
        "--fail-on-error",
        "--squash-hierarchy",
        "--project",
        NAME,
        "--title",
        NAME,
        NAME,
        **where,
    )
    conf = site / "conf.py"
    # the links to Ansible come from `inventory`, so that no network is needed; nothing links to
    # Python or Jinja
    conf.write_text(
        f"{conf.read_text()}\n"
        f"intersphinx_mapping = {{'ansible': ({ANSIBLE!r}, '../ansible.inv')}}\n"
    )
    rst = site / "rst"
    rst.chmod(0o700)
    config = ("--config-file", site / "antsibull-docs.cfg")
    run(
        antsibull,
        *config,
        "collection",
        "--cleanup",
        "everything",
        "--fail-on-error",
        "--use-current",
        "--squash-hierarchy",
        "--dest-dir",
        rst,
        NAME,
        **where,
    )
    (site / "ansible.inv").write_bytes(
        inventory("\n".join(path.read_text() for path in rst.rglob("*.rst")))
    )
    run(
        tools / "sphinx-build",
        "-M",
        "html",
        rst,
        site / "build",
        "-c",
        site,
        "-W",
        "--keep-going",
        "--quiet",
        **where,
    )
    return site / "build/html"


def inventory(text: str) -> bytes:
    """What Sphinx calls an inventory: where Ansible's documentation has the plugins and settings
    that this text speaks of.

    That such a plugin is there is checked by antsibull-docs lint-collection-docs.
    """
    text = text.replace("\\_", "_")  # as antsibull-docs escapes it
    plugins = set(re.findall(r"ansible_collections\.(ansible\.builtin\.(\w+))", text))
    settings = set(re.findall(r"\bANSIBLE_[A-Z_]+\b", text))
    lines = [f"{label} std:label -1 {page} {label}" for label, page in PAGES.items()]
    lines += [
        f"ansible_collections.{full} std:label -1 collections/ansible/builtin/{page}.html {full}"
        for full, page in sorted(plugins)
    ]
    lines += [
        f"{name} std:envvar -1 reference_appendices/config.html#envvar-{name} {name}"
        for name in sorted(settings)
    ]
    head = (
        "# Sphinx inventory version 2\n# Project: Ansible\n# Version: \n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    return head.encode() + zlib.compress("".join(f"{line}\n" for line in lines).encode())
