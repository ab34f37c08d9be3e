# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything a change must pass: `gates.py [gate or group ...]`.

Virtual environments and copies of the tracked files lie under
.venv/gates.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import floor
import site_of_docs
from bootstrap_hosts import offer_pip
from dev import MEASURED, ROOT, environment, fresh_coverage
from environments import COLLECTION, CORES, WORK, copy, prepare_core, prepare_tools, venv
from schedule import PIP_SAYS, Gate, GateFailed, Log, closing, run_all
from second_try import twice

# Run once: the documents by a gate of their own, and by ./dev test the lab's own tests, which know
# no Ansible.
DOCUMENTS = "tests/behaviour/documents/"
LAB_TESTS = ("tests/unit/lab/", "tests/unit/hunts/")
# ansible-test forks for each test, and would start the Ansible that these share anew each time.
SHARING_ANSIBLE = (
    "tests/unit/plugins/inventory/test_tenants.py",
    "tests/unit/plugins/plugin_utils/test_tenant_options.py",
)
# The cores of ansible-test: sanity and integration on both, units on the newest.
THROUGH_ANSIBLE_TEST = ("2.19", "2.21")
# Unit tests run once on each core: here for the coverage, on the newest through ansible-test.
COVERED: t.Final = "2.20"
# Tests of ansible-test that take long, and of which the newest release has all the rules.
OF_THE_NEWEST: t.Final = ("import", "pylint")
# The gate test tries all examples of the property tests.
FEWER_EXAMPLES = {"HYPOTHESIS_PROFILE": "again"}
# What can tell one version of a needed package from another, where ./dev test ran all on that core.
ABOUT_PACKAGES = (
    "tests/unit/plugins/module_utils",
    *(
        f"tests/behaviour/test_{name}.py"
        for name in ("application", "blame", "incident_answers", "secrets", "tokens", "truth")
    ),
)


def ansible_test(command: str, core: str, log: Log) -> None:
    """Run ansible-test without a container, with a HOME of its own."""
    if " " in str(WORK):
        raise RuntimeError(
            f"ansible-test cannot work below a path with a space in it, and {WORK} has one: set"
            " DEV_VENV to another"
        )
    home = WORK / f"home-{core}"
    for folder in (
        ".config/pip",
        ".pip",
        ".cache/pip",
    ):  # the user's choice of package index holds there too
        link = home / folder
        link.parent.mkdir(parents=True, exist_ok=True)
        if (Path.home() / folder).is_dir() and not link.is_symlink():
            link.symlink_to(Path.home() / folder)
    env = {
        name: value
        for name, value in environment(venv(core)).items()
        if not name.startswith("ANSIBLE_")
    } | {"HOME": str(home)}
    if command.startswith("sanity"):
        offer_pip(core, home, env, log)
    tree = copy(f"{command.split()[0]}-{core}")
    log.run(
        venv(core) / "bin/ansible-test",
        *command.split(),
        "--local",
        "--python",
        CORES[core].python,
        "--color",
        "no",
        env=env,
        cwd=tree,
    )
    if "All targets skipped" in log.path.read_text(errors="replace"):
        raise RuntimeError("ansible-test found nothing to check")


def core_of_dev() -> str:
    """The core that ./dev test runs on, where the Python that runs this too leaves one only."""
    running = "{}.{}".format(*sys.version_info)
    found = [name for name, core in CORES.items() if core.python == running]
    return found[0] if len(found) == 1 else ""


def pytest(core: str, tests: t.Sequence[str], log: Log) -> str | None:
    """Unit and behaviour tests.

    tests: those to run in place of all.
    """
    options = [
        "-q",
        "-n",
        "2",
        "--dist=worksteal",
        *(f"--ignore={folder}" for folder in (*LAB_TESTS, DOCUMENTS)),
        *tests,
    ]
    python = venv(core) / "bin/python"
    env = environment(venv(core)) | FEWER_EXAMPLES
    return twice(log, python, "-m", "pytest", *options, env=env)


def coverage(core: str, log: Log) -> str:
    """How much of plugins/ the tests in MEASURED run through, against the floor.

    Branches need coverage's tracer in C before Python 3.14: with it these tests take half as long
    again.
    """
    folder = fresh_coverage(WORK)
    env = environment(venv(core)) | FEWER_EXAMPLES | {"COVERAGE_FILE": str(folder / "data")}
    python = venv(core) / "bin/python"
    said = twice(
        log,
        python,
        *("-m", "pytest", "-q", "-n", "2", "--dist=worksteal", *MEASURED),
        "--cov",
        f"--cov-report=json:{folder}/report.json",
        env=env,
        again=["--cov-append"],
    )
    return "; ".join(filter(None, [said, floor.check(folder / "report.json")]))


def tool(name: str, *command: str) -> t.Callable[[Log], None]:
    """A gate that runs one command of the tools on a copy of its own."""

    def work(log: Log) -> None:
        tree = copy(name)
        top = tree.parents[2]
        env = environment(venv("tools")) | {
            "ANSIBLE_COLLECTIONS_PATH": str(top),
            "ANSIBLE_HOME": str(WORK / "home-tools"),
        }
        env["MYPYPATH"] = f"{tree}/roles/lab/files:{tree}/.ci"
        log.run(
            venv("tools") / "bin" / command[0],
            *command[1:],
            env=env,
            cwd=top if name == "mypy" else tree,
        )

    return work


def galaxy(log: Log) -> None:
    """Build the artifact, then let Galaxy's own importer look at it; it only warns about much that
    we do not want."""
    tree, home = copy("galaxy"), WORK / "home-galaxy"
    env = environment(venv("tools")) | {
        "HOME": str(home),
        "ANSIBLE_HOME": str(home / ".ansible"),
        "GALAXY_IMPORTER_RUN_FLAKE8": "false",
    }
    (home / ".ansible/tmp").mkdir(parents=True, exist_ok=True)
    python, out = venv("tools") / "bin/python", tree.parents[2]
    log.run(
        python,
        "-m",
        "ansible",
        "galaxy",
        "collection",
        "build",
        "--force",
        "--output-path",
        out,
        env=env,
        cwd=tree,
    )
    artifact = next(out.glob("*.tar.gz"))
    log.run("tar", "-tzf", artifact, env=env)
    log.run(python, "-m", "galaxy_importer.main", artifact, env=env, cwd=out)
    said = [
        line for line in log.path.read_text().splitlines() if re.match(r"(WARNING|ERROR):", line)
    ]
    if said:
        raise RuntimeError("galaxy-importer warns: " + "; ".join(said))
    log.run(
        python,
        "-m",
        "ansible",
        "galaxy",
        "collection",
        "install",
        "--offline",
        artifact,
        "-p",
        out / "installed",
        env=env,
        cwd=out,
    )
    env["ANSIBLE_COLLECTIONS_PATH"] = str(out / "installed")
    log.run(
        python,
        "-m",
        "ansible",
        "playbook",
        "mssp.defender_xdr.demo",
        "--syntax-check",
        "-i",
        "contoso,",
        env=env,
        cwd=out,
    )


def docs_site(log: Log) -> str:
    """The documentation as a site, which stays there to be looked at or published."""
    tree = copy("site")
    env = environment(venv("tools")) | {
        "ANSIBLE_COLLECTIONS_PATH": str(tree.parents[2]),
        "ANSIBLE_HOME": str(WORK / "home-site"),
    }
    html = site_of_docs.build(log.run, venv("tools") / "bin", WORK / "site", env)
    return str(html / "index.html")


def kusto(log: Log) -> None:
    """Microsoft's own KQL parser over every hunt of the packs, with the documented tables as its
    schema."""
    if not (shutil.which("npm") and shutil.which("node")):
        raise GateFailed("npm and node are needed for Microsoft's KQL parser")
    home = WORK / "kusto"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy2(ROOT / "tests/kusto/package.json", home)
    env = dict(os.environ) | {"NODE_PATH": str(home / "node_modules")}
    log.run(
        "npm",
        "install",
        "--prefix",
        home,
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        env=env,
        cwd=home,
    )
    log.run("node", ROOT / "tests/kusto/check.mjs", env=env)
    tests = ("-q", "-p", "no:cacheprovider", "tests/unit/hunts/test_kusto.py")
    log.run(
        venv("2.21") / "bin/python",
        "-m",
        "pytest",
        *tests,
        env=environment(venv("2.21")) | {"NODE_PATH": env["NODE_PATH"]},
    )


def browser(log: Log) -> str:
    """The report's page in Debian's Chromium; what it looked like stays in .venv/gates/browser."""
    absent = [
        package
        for program, package in (("chromium", "chromium"), ("chromedriver", "chromium-driver"))
        if not shutil.which(program)
    ]
    if absent and shutil.which("apt-get") and os.geteuid() == 0:
        install = ("apt-get", "install", "--yes", "--no-install-recommends", *absent)
        with contextlib.suppress(subprocess.CalledProcessError):
            log.run("apt-get", "update", env=os.environ)
            log.run(*install, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        raise GateFailed(
            "chromium and chromedriver are needed to look at the report; as root this gate"
            " installs Debian's chromium and chromium-driver"
        )
    pictures = WORK / "browser"
    shutil.rmtree(pictures, ignore_errors=True)
    env = environment(venv("2.21")) | {"BROWSER_PICTURES": str(pictures)}
    log.run(
        venv("2.21") / "bin/python",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/browser",
        env=env,
    )
    return f"pictures in {pictures}"


def every_gate(tested: str) -> list[Gate]:
    """All there are.

    tested: the core that the gate `test` runs all tests on, which then need no second run.
    """

    def dev(*command: str) -> t.Callable[[Log], None]:
        return lambda log: log.run(ROOT / "dev", *command, env=os.environ)

    mypy = ["mypy", "--config-file", str(ROOT / ".mypy.ini"), "--cache-dir", str(WORK / "mypy")]
    docs = [
        "--plugin-docs",
        "--check-extra-docs-refs",
        "--validate-collection-refs=all",
        "--disallow-unknown-collection-refs",
    ]
    tools = {
        "ruff": ["ruff", "check", "--no-cache", "."],
        "format": ["ruff", "format", "--no-cache", "--diff", "."],
        "mypy": [
            *mypy,
            *(
                str(COLLECTION / part)
                for part in (
                    "plugins",
                    "tests/unit",
                    "tests/behaviour",
                    "tests/browser",
                    "roles/lab/files/defender_lab",
                    ".ci",
                )
            ),
        ],
        "yamllint": ["yamllint", "--strict", "."],
        "ansible-lint": [
            "ansible-lint",
            "--nocolor",
            "--profile",
            "production",
            "--offline",
            "--strict",
        ],
        "docs": ["antsibull-docs", "lint-collection-docs", *docs, "."],
        "changelog": ["antsibull-changelog", "lint"],
    }
    gates = [
        Gate(
            "test", "dev", lambda log: twice(log, ROOT / "dev", "test", env=os.environ), alone=True
        ),
        Gate("demo", "dev", dev("demo"), alone=True),
    ]
    gates += [
        Gate(
            f"prepare-{core}",
            "prepare",
            functools.partial(prepare_core, core),
            optional=CORES[core].optional,
        )
        for core in CORES
    ]
    gates += [Gate("prepare-tools", "prepare", prepare_tools)]
    newest = THROUGH_ANSIBLE_TEST[-1]
    for core in CORES:
        need = (f"prepare-{core}",)
        # a core that is named gets all of them
        skipped = OF_THE_NEWEST if tested and core != newest else ()
        sanity = " --skip-test ".join(("sanity", *skipped))
        gates += [
            Gate(
                f"sanity-{core}",
                "sanity",
                functools.partial(ansible_test, sanity, core),
                need,
                optional=CORES[core].optional,
                # the oldest and the newest release have all the rules of those in between
                extra=core not in THROUGH_ANSIBLE_TEST,
            )
        ]
        if core != tested or CORES[core].oldest:
            tests: t.Sequence[str] = ABOUT_PACKAGES if core == tested else ()
            if core == COVERED:
                tests = [f"--ignore={path}" for path in MEASURED]
            elif core == newest:
                tests = ["tests/behaviour", *SHARING_ANSIBLE]
            run = functools.partial(pytest, core, tests)
            is_optional = CORES[core].optional
            gates += [
                Gate(f"pytest-{core}", "pytest", run, need, optional=is_optional, like="test")
            ]
        if core in THROUGH_ANSIBLE_TEST:
            gates += [
                Gate(
                    f"integration-{core}",
                    "integration",
                    functools.partial(ansible_test, "integration", core),
                    need,
                )
            ]
    gates += [
        Gate("coverage", "coverage", functools.partial(coverage, COVERED), (f"prepare-{COVERED}",))
    ]
    excluded = " ".join(f"--exclude {path}" for path in (*LAB_TESTS, *SHARING_ANSIBLE))
    gates += [
        Gate(
            f"units-{newest}",
            "units",
            functools.partial(ansible_test, f"units --num-workers 1 {excluded}", newest),
            (f"prepare-{newest}",),
        )
    ]
    gates += [
        Gate(name, "lint", tool(name, *command), ("prepare-tools",))
        for name, command in tools.items()
    ]
    gates += [
        Gate(
            "documents",
            "documents",
            lambda log: twice(log, ROOT / "dev", "test", DOCUMENTS, env=os.environ),
        ),
        Gate("galaxy", "galaxy", galaxy, ("prepare-tools",)),
        Gate("site", "lint", docs_site, ("prepare-tools",)),
        Gate("kusto", "lint", kusto, ("prepare-2.21",)),
        Gate("browser", "browser", browser, ("prepare-2.21",)),
    ]
    return sorted(gates, key=lambda gate: gate.optional)


def main(wanted: list[str]) -> int:
    started = time.monotonic()
    gates = every_gate("" if wanted and "test" not in wanted else core_of_dev())
    unknown = set(wanted) - {gate.name for gate in gates} - {gate.group for gate in gates}
    if unknown:
        print(
            (
                f"No such gate: {', '.join(sorted(unknown))}. There are:"
                f" {', '.join(gate.name for gate in gates)}"
            ),
            file=sys.stderr,
        )
        return 2
    named = {gate for gate in gates if gate.name in wanted or gate.group in wanted}
    chosen = [gate for gate in gates if gate in named or not (wanted or gate.extra)]
    needed = {need for gate in chosen for need in gate.needs}
    results = run_all(
        [gate for gate in gates if gate in chosen or gate.name in needed], WORK / "logs"
    )
    for name, result in results.items():
        if result.bad and result.log.path.stat().st_size:
            lines = [
                line
                for line in result.log.path.read_text(errors="replace").splitlines()
                if not PIP_SAYS.match(line)
            ]
            print(f"\n──── {name}: {result.why}", *lines[-300:], sep="\n")
    print("", *closing(results, time.monotonic() - started), sep="\n")
    return 1 if any(result.bad for result in results.values()) else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(main(sys.argv[1:]))
