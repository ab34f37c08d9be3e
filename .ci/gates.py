# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything a change must pass: `gates.py [gate or group ...]`, two at a time, each in a place of
its own.

A failing gate stops no other. Virtual environments and copies of the tracked files lie under
.venv/gates.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import floor
import site_of_docs
from dev import REQUIREMENTS, ROOT, VENV, environment, fresh_coverage, locked, make_venv

WORK = VENV / "gates"
LANES = 2
# Seconds for one gate; the tests take half of it when they are measured and another gate runs
# beside them.
LIMIT = 40 * 60
RUNNING: set[subprocess.Popen[bytes]] = set()
PIP_SAYS = re.compile(
    r"WARNING: Location|Collecting|Processing|Looking in|Install(ing|ed) |Successfully|Using"
    r" cached|  (Downloading|Using cached) |\s+━|\s*$"
)
# Run once, by a gate of its own, as ./dev test runs the lab's own tests, which know no Ansible.
DOCUMENTS = "tests/behaviour/documents/"
# ansible-test forks for each test, and would build the lab anew each time.
LAB_TESTS = ("tests/unit/lab/", "tests/unit/hunts/")
# The core whose tests are run under coverage, such as 2.21; that takes half as long again.
MEASURED = os.environ.get("MEASURE", "")
# The same tests run on every core without it; this is for its own layout.
THROUGH_ANSIBLE_TEST = ("2.19", "2.21")
# What can tell one version of a needed package from another, where ./dev test ran all on that core.
ABOUT_PACKAGES = (
    "tests/unit/plugins/module_utils",
    *(
        f"tests/behaviour/test_{name}.py"
        for name in ("application", "blame", "incident_answers", "secrets", "tokens", "truth")
    ),
)
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


class NotHere(Exception):
    """What an optional gate needs cannot be had."""


@dataclasses.dataclass(frozen=True)
class Gate:
    name: str
    group: str
    work: t.Callable[[Log], str | None]  # what it gives back is said beside its result
    needs: tuple[str, ...] = ()
    alone: bool = False  # nothing else runs beside it, and its output is shown as it comes


class Log:
    """Where a gate's commands write."""

    def __init__(self, path: Path, show: bool) -> None:
        self.path, self.show = path, show
        self.flaky: list[str] = []  # the tests that passed only the second time
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")

    def say(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text + "\n")

    def run(self, *command: str | Path, env: t.Mapping[str, str], cwd: Path = ROOT) -> None:
        self.say(f"$ {' '.join(map(str, command))}")
        with self.path.open("a") as file:
            process = subprocess.Popen(
                command,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=None if self.show else file,
                stderr=None if self.show else subprocess.STDOUT,
                start_new_session=True,
            )
            RUNNING.add(process)
            try:
                code = process.wait(LIMIT)
            finally:
                RUNNING.discard(process)
                stop(process)
        if code:
            raise subprocess.CalledProcessError(code, [str(part) for part in command])


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started; each has a process group of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


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
    raise NotHere(
        f"no working python{version} with venv: put one on PATH, or install it with pyenv"
    )


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


def works(version: str) -> bool:
    try:
        return bool(find_python(version))
    except NotHere:
        return False


def prepare_core(name: str, log: Log) -> str:
    core, text = CORES[name], "".join(path.read_text() for path in REQUIREMENTS)
    packages = [core.package, "-r", str(REQUIREMENTS[1])]
    packages += (
        re.findall(r"^[a-z].*", REQUIREMENTS[0].read_text().replace(">=", "=="), re.MULTILINE)
        if core.oldest
        else ["-r", str(REQUIREMENTS[0])]
    )
    python = find_python(core.python)
    try:
        make_venv(venv(name), python, packages, text, ROOT)
    except subprocess.CalledProcessError as error:
        if core.optional:
            raise NotHere(f"{core.package} could not be installed") from error
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
    if command == "sanity":
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


def twice(
    log: Log, *command: str | Path, env: t.Mapping[str, str], again: t.Sequence[str] = ()
) -> str | None:
    """Run the tests, and those that failed once more alone: two gates share two cores, and
    behaviour tests wait for real processes.

    What passed only then is said beside the gate's result and once more at the very end, so that it
    is mended and not forgotten.

    again: options of the second run.
    """
    cache = WORK / "pytest" / log.path.stem
    shutil.rmtree(cache, ignore_errors=True)
    env = {**env, "PYTEST_ADDOPTS": f"-o cache_dir={shlex.quote(str(cache))}"}
    try:
        log.run(*command, env=env)
    except subprocess.CalledProcessError:
        failed = last_failed(cache)
        if not failed:
            raise
        log.say("Once more, only what failed:")
        log.run(*command, "--last-failed", "--last-failed-no-failures=none", *again, env=env)
        log.flaky += failed
        return f"{counted(len(failed), 'test')} passed only the second time"
    return None


def last_failed(cache: Path) -> list[str]:
    """The tests that failed in the run that pytest kept this cache of."""
    path = cache / "v/cache/lastfailed"
    return sorted(json.loads(path.read_text())) if path.exists() else []


def counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


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
        str(LANES),
        "--dist=worksteal",
        *(f"--ignore={folder}" for folder in (*LAB_TESTS, DOCUMENTS)),
        *tests,
    ]
    command: list[str | Path] = [venv(core) / "bin/python", "-m", "pytest", *options]
    if core != MEASURED:
        return twice(log, *command, env=environment(venv(core)))
    folder = fresh_coverage(WORK)
    env = environment(venv(core)) | {"COVERAGE_FILE": str(folder / "data")}
    said = twice(
        log,
        *command,
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
        raise NotHere("npm and node are needed for Microsoft's KQL parser")
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
        raise NotHere(
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
        Gate(f"prepare-{core}", "prepare", functools.partial(prepare_core, core)) for core in CORES
    ]
    gates += [Gate("prepare-tools", "prepare", prepare_tools)]
    for core in CORES:
        need = (f"prepare-{core}",)
        gates += [
            Gate(f"sanity-{core}", "sanity", functools.partial(ansible_test, "sanity", core), need)
        ]
        if core != tested or CORES[core].oldest:
            tests = ABOUT_PACKAGES if core == tested else ()
            run = functools.partial(pytest, core, tests)
            gates += [Gate(f"pytest-{core}", "pytest", run, need)]
        if core in THROUGH_ANSIBLE_TEST:
            gates += [
                Gate(
                    f"integration-{core}",
                    "integration",
                    functools.partial(ansible_test, "integration", core),
                    need,
                )
            ]
    newest = THROUGH_ANSIBLE_TEST[-1]
    units = "units --num-workers 1 " + " ".join(f"--exclude {folder}" for folder in LAB_TESTS)
    gates += [
        Gate(
            f"units-{newest}",
            "units",
            functools.partial(ansible_test, units, newest),
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
    return gates


@dataclasses.dataclass
class Result:
    word: str
    seconds: float
    why: str
    log: Log

    @property
    def bad(self) -> bool:
        return self.word == "FAILED"


def attempt(gate: Gate, results: dict[str, Result]) -> Result:
    log, started = Log(WORK / "logs" / f"{gate.name}.log", gate.alone), time.monotonic()
    broken = next((results[need] for need in gate.needs if results[need].word != "passed"), None)
    word, why = "passed", ""
    core = CORES.get(gate.name.rpartition("-")[2])
    try:
        if broken:
            word, why = broken.word, f"after {broken.why}"
        else:
            print(f"▶ {gate.name}", flush=True)
            why = gate.work(log) or ""
    except NotHere as error:
        word, why = "absent" if core and core.optional else "FAILED", str(error)
    except subprocess.CalledProcessError as error:
        word, why = "FAILED", f"{Path(error.cmd[0]).name} ended with {error.returncode}"
    except floor.Below as error:
        word, why = "FAILED", str(error)
    except Exception as error:  # whatever went wrong in one gate, the others go on
        word, why = "FAILED", f"{type(error).__name__}: {error}"
    result = Result(word, time.monotonic() - started, why, log)
    summary = [
        line
        for line in log.path.read_text(errors="replace").splitlines()
        if re.search(r"\d+ (passed|failed)\b.* in [\d.]+s", line)
    ]
    print(
        f"  {word}: {gate.name}, {result.seconds:.0f} s {why}",
        *summary,
        sep="\n    " if summary else "",
        flush=True,
    )
    return result


def run_all(gates: list[Gate]) -> dict[str, Result]:
    results: dict[str, Result] = {}
    waiting, running = list(gates), dict[concurrent.futures.Future[Result], Gate]()
    with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
        try:
            while waiting or running:
                for gate in list(waiting):
                    alone = gate.alone or any(other.alone for other in running.values())
                    if len(running) < (1 if alone else LANES) and all(
                        need in results for need in gate.needs
                    ):
                        waiting.remove(gate)
                        running[pool.submit(attempt, gate, results)] = gate
                for future in concurrent.futures.wait(
                    running, return_when=concurrent.futures.FIRST_COMPLETED
                ).done:
                    results[running.pop(future).name] = future.result()
        except BaseException:  # told to stop: so is every gate
            for process in list(RUNNING):
                stop(process)
            raise
    return results


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
    chosen = [gate for gate in gates if not wanted or gate.name in wanted or gate.group in wanted]
    needed = {need for gate in chosen for need in gate.needs}
    results = run_all([gate for gate in gates if gate in chosen or gate.name in needed])
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


def closing(results: t.Mapping[str, Result], seconds: float) -> list[str]:
    """What CI says last: a line for each gate, how many failed, and every test that needed a second
    run."""
    lines = ["gate                  result    seconds"]
    lines += [
        f"{name:22}{result.word:10}{result.seconds:7.0f}  {result.why[:120]}".rstrip()
        for name, result in results.items()
    ]
    bad = [name for name, result in results.items() if result.bad]
    lines += [
        f"{len(results) - len(bad)} gates did not fail, {len(bad)} failed, {seconds:.0f} s in all",
        *(f"  {name}" for name in bad),
    ]
    flaky = [f"  {name}: {test}" for name, result in results.items() for test in result.log.flaky]
    return [
        *lines,
        f"Flaky: {counted(len(flaky), 'test')} passed only the second time{':' if flaky else ''}",
        *flaky,
    ]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(main(sys.argv[1:]))
