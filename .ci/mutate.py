# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mutation of the safety core by mutmut: `mutate.py _tenant/claims ...` changes a copy of each, bit
by bit, and shows what no test noticed."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t

from dev import ROOT, VENV, environment
from environments import COLLECTION, copy

TENANT: t.Final = (
    "module_utils/_tenant/test_api.py",
    "module_utils/_tenant/test_guard.py",
    "module_utils/_tenant/test_tenant.py",
    "module_utils/_tenant/test_token*.py",
)
TRANSPORT: t.Final = (
    "module_utils/_tenant/test_connections.py",
    "module_utils/_tenant/test_exchange.py",
    "module_utils/_tenant/test_failed_exchange.py",
    "module_utils/_tenant/test_proxy.py",
    "module_utils/_tenant/test_transport.py",
)
# each file, with the unit tests that are there to notice: those of others would only take longer
CORE: t.Final = {
    "_applications/client_secrets": (
        "modules/test_application_credential.py",
        "modules/test_secret_rotation.py",
    ),
    "_applications/credentials": (
        "modules/test_application_credential.py",
        "modules/test_secret_rotation.py",
    ),
    "_applications/rotation": (
        "module_utils/_applications/test_rotation.py",
        "modules/test_secret_rotation.py",
    ),
    "_hunting/kql": ("module_utils/_hunting/test_kql*.py",),
    "_odata": ("module_utils/test_odata.py",),
    "_tenant/api": (
        "module_utils/_tenant/test_api.py",
        "module_utils/_tenant/test_guard.py",
        "module_utils/_tenant/test_tenant.py",
    ),
    "_tenant/claims": ("module_utils/_tenant/test_claims*.py",),
    "_tenant/connections": TRANSPORT,
    "_tenant/consent_link": ("module_utils/_tenant/test_consent_link.py",),
    "_tenant/exchange": TRANSPORT,
    "_tenant/failed_exchange": TRANSPORT,
    "_tenant/guard": TENANT,
    "_tenant/ownership": ("module_utils/_tenant/test_ownership.py",),
    "_tenant/permissions": ("module_utils/_tenant/test_permissions.py",),
    "_tenant/tenant": TENANT,
    "_tenant/token_cache": ("module_utils/_tenant/test_token_cache.py",),
    "_tenant/transport": TRANSPORT,
}


def config(name: str) -> str:
    """mutmut's settings: which file it mutates, and which tests it runs."""
    plugins = COLLECTION / "plugins"
    tests = [
        str(COLLECTION / path.relative_to(ROOT))
        for pattern in CORE[name]
        for path in sorted((ROOT / "tests/unit/plugins").glob(pattern))
    ]
    beside = [
        str(COLLECTION / part)
        for part in (
            ".pytest.ini",
            "tests",
            "roles",
            "docs",
            "meta",
            "README.md",
            "requirements.txt",
        )
    ]
    options = {
        "source_paths": [str(plugins)],
        "only_mutate": [f"{plugins}/module_utils/{name}.py"],
        "also_copy": beside,
        "pytest_add_cli_args_test_selection": tests,
    }
    lines = [
        f"{option}=" + "".join(f"\n    {value}" for value in values)
        for option, values in options.items()
    ]
    return "\n".join(["[mutmut]", *lines, "use_git_change_detection=false", ""])


def mutated(name: str) -> tuple[int, list[str]]:
    """Mutate one of them: how many changes there were, and a diff for each that no test noticed."""
    top = copy("mutate").parents[2]
    (top / "setup.cfg").write_text(config(name))
    places = top / "mutants"
    ini = places / COLLECTION / ".pytest.ini"
    env = environment(VENV) | {
        "PYTEST_ADDOPTS": f"-c {ini} --rootdir {places} -p no:cacheprovider --hypothesis-seed=1"
    }
    mutmut = str(VENV / "bin/mutmut")
    # its progress is for a terminal only
    seen = None if sys.stdout.isatty() else subprocess.DEVNULL
    subprocess.run(
        [mutmut, "run", "--max-children", str(os.cpu_count() or 1)],
        cwd=top,
        env=env,
        check=True,
        stdout=seen,
    )

    def said(command: str, *names: str) -> str:
        # in one process: mutmut takes a second to start
        code = (
            "import sys; from mutmut.__main__ import cli\n"
            "for args in sys.argv[2:]: cli([sys.argv[1], *args.split()], standalone_mode=False)"
        )
        python = str(VENV / "bin/python")
        return subprocess.run(
            [python, "-c", code, command, *names],
            cwd=top,
            env=env,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    results = [
        line.strip().rsplit(": ", 1)
        for line in said("results", "--all true").splitlines()
        if ": " in line
    ]
    survivors = [name for name, result in results if result not in ("killed", "timeout")]
    return len(results), f"\n{said('show', *survivors)}".split("\n# ")[1:]


def main(names: list[str]) -> int:
    unknown = set(names) - set(CORE)
    if unknown or not names:
        print(f"Name some of {', '.join(CORE)}.", file=sys.stderr)
        return 2
    for name in names:
        number, diffs = mutated(name)
        print(
            f"\n──── {name}: of {number} changes no test noticed {len(diffs)}",
            *diffs,
            sep="\n# ",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(
        main(
            [arg.removeprefix("plugins/module_utils/").removesuffix(".py") for arg in sys.argv[1:]]
        )
    )
