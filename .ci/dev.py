# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of ./dev, and the one virtual environment they share. Standard library only."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = Path(os.environ.get("DEV_VENV") or ROOT / ".venv").absolute()
PYTHON = str(VENV / "bin" / "python")
REQUIREMENTS = [
    ROOT / "requirements.txt",
    ROOT / "tests" / "requirements-test.txt",
    ROOT / "tests" / "requirements.txt",
]
LAB_TENANTS = "25"
PYTEST = [PYTHON, "-m", "pytest", "--numprocesses=auto", "--dist=worksteal", "--quiet"]
NO_DOCUMENTS = "--ignore=tests/behaviour/documents"
# The tests whose coverage is measured: all unit tests, every module through both doors, and the
# callback plugins, which only a playbook run loads. All behaviour tests would take far longer.
MEASURED = (
    "tests/unit/plugins",
    "tests/unit/hunts",
    "tests/behaviour/test_doors.py",
    "tests/behaviour/fleet",
    "tests/behaviour/test_audit.py",
)

HELP = """\
./dev demo [--act]          start the lab, run the demo playbook on its tenants, stop the lab; with
                            --act, then isolate the devices of one incident
./dev lab [lab options]     start the lab and leave it running, to play with; its inventory is
                            .venv/lab/inventory.yml
./dev test [pytest args]    unit and behaviour tests
./dev coverage [pytest args] the tests of the gate coverage, or those named, and which lines and
                            branches of plugins/ they miss
./dev mutate FILE ...       change these files of the safety core bit by bit, and show what no
                            unit test notices
./dev bench [options]       compare ways of querying many tenants of the lab, with and without
                            network latency: table, JSON and plot
./dev lint                  ruff, mypy, yamllint, ansible-lint, the documentation and the changelog
./dev sanity [2.19 ...]     ansible-test sanity, on every supported ansible-core or those named
./dev ci [gate ...]         everything that CI checks, or the gates named

Everything is made in .venv (or $DEV_VENV); nothing outside the checkout is touched.
"""


def environment(venv: Path) -> dict[str, str]:
    """What every tool runs with: this checkout's collection and tools, and nobody's private Ansible
    settings."""
    private = (
        "ANSIBLE_",
        "DEFENDER_XDR_",
        "PYTHONPATH",
        "PYTHONHOME",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    )
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(private) or name.endswith("_COLOR")
    }
    home = os.environ.get("HOME", "")
    if not (os.path.isdir(home) and os.access(home, os.W_OK)):
        home = str(venv / "home")
        os.makedirs(home, exist_ok=True)
    venv.mkdir(parents=True, exist_ok=True)
    (venv / "ansible.cfg").touch()
    return env | {
        "HOME": home,
        "PATH": f"{venv / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(venv),
        "ANSIBLE_CONFIG": str(venv / "ansible.cfg"),
        "ANSIBLE_HOME": str(venv / "ansible"),
        "ANSIBLE_REMOTE_TMP": str(venv / "ansible" / "tmp"),
        "COVERAGE_ROOT": str(ROOT),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


@contextlib.contextmanager
def locked(folder: Path) -> t.Iterator[None]:
    """Only one process at a time works in this folder; a second waits for the first."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Waiting for another ./dev to finish with {folder} …", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_venv(
    venv: Path, python: str, pip_args: t.Sequence[str], wanted: str, collection: Path
) -> None:
    """Make the virtual environment, unless it is there and made of the same; make `collection`
    importable in it."""
    with locked(venv):
        stamp = venv / "stamp"
        wanted = hashlib.sha256("\0".join([wanted, *pip_args, str(venv)]).encode()).hexdigest()
        works = (
            subprocess.run(
                [venv / "bin" / "python", "-c", ""], stderr=subprocess.DEVNULL, check=False
            ).returncode
            == 0
            if stamp.exists()
            else False
        )
        if works and stamp.read_text() == wanted:
            return
        stamp.unlink(missing_ok=True)
        if not works:
            for old in ("bin", "include", "lib", "share"):
                shutil.rmtree(venv / old, ignore_errors=True)
            subprocess.run([python, "-m", "venv", venv], check=True)
        subprocess.run(
            [venv / "bin" / "python", "-m", "pip", "install", "-qq", *pip_args],
            env=environment(venv),
            stdin=subprocess.DEVNULL,
            check=True,
        )
        packages = next((venv / "lib").glob("python3*/site-packages"))
        link = packages / "ansible_collections" / "mssp" / "defender_xdr"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(collection, target_is_directory=True)
        stamp.write_text(wanted)


def prepare() -> dict[str, str]:
    if not (VENV / "stamp").exists():
        print(f"Making {VENV} (once) …", file=sys.stderr)
    contents = "".join(path.read_text() for path in REQUIREMENTS)
    make_venv(
        VENV,
        getattr(sys, "_base_executable", sys.executable),
        ["-r", str(REQUIREMENTS[-1])],
        contents,
        ROOT,
    )
    return environment(VENV)


def run(command: t.Sequence[str], env: dict[str, str]) -> int:
    """Run to the end, whatever signal comes; a SIGTERM is handed on."""
    with subprocess.Popen(command, env=env, cwd=ROOT) as process:
        while True:
            try:
                code = process.wait()
                return code if code >= 0 else 128 - code
            except KeyboardInterrupt:
                continue  # the terminal has told the child too
            except SystemExit:
                process.terminate()


@contextlib.contextmanager
def lab(env: dict[str, str], options: t.Sequence[str], folder: Path) -> t.Iterator[None]:
    """A running lab in this folder, which is empty before and removed afterwards."""
    command = [
        PYTHON,
        "-m",
        "defender_lab",
        "--dir",
        str(folder),
        "--parent-pid",
        str(os.getpid()),
        *options,
    ]
    process = subprocess.Popen(
        command, env=env | {"PYTHONPATH": str(ROOT / "roles/lab/files")}, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60
        while not (folder / "lab.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit("The lab did not start; what it said is above.")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def demo(args: list[str]) -> int:
    env = prepare()
    playbooks = ["mssp.defender_xdr.demo"]
    if "--act" in args:
        args = [arg for arg in args if arg != "--act"]
        playbooks.append("mssp.defender_xdr.demo_act")
    folder = Path(tempfile.mkdtemp(prefix="lab-", dir=VENV))
    with lab(env, ["--tenants", LAB_TENANTS], folder):
        # tokens of a lab that is gone in a minute have no place in the user's cache
        env["DEFENDER_XDR_TOKEN_CACHE"] = str(folder / "tokens")
        env |= {
            "ANSIBLE_STDOUT_CALLBACK": "mssp.defender_xdr.fleet",
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "no",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        }
        return run(
            [
                PYTHON,
                "-m",
                "ansible",
                "playbook",
                *playbooks,
                "-i",
                str(folder / "inventory.yml"),
                *args,
            ],
            env,
        )


def play_with_lab(args: list[str]) -> int:
    env = prepare()
    if not any(arg.startswith("--tenants") for arg in args):
        args = ["--tenants", LAB_TENANTS, *args]
    folder = VENV / "lab"
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context((VENV / "lab.lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("Another ./dev lab is running in this checkout; stop it with Ctrl-C first.")
        shutil.rmtree(folder, ignore_errors=True)  # of a lab that was killed
        folder.mkdir()
        stack.enter_context(lab(env, args, folder))
        activate, inventory = (
            shlex.quote(os.path.relpath(path))
            for path in (VENV / "bin" / "activate", folder / "inventory.yml")
        )
        print(
            "\nThe lab is running, until Ctrl-C. In another terminal, in this folder, try:\n\n"
            f"  . {activate}\n"
            f"  ansible -i {inventory} tenants -m mssp.defender_xdr.incident_info -a"
            " 'status=active severity=high'\n"
            f"  ansible-playbook -i {inventory} mssp.defender_xdr.demo\n",
            flush=True,
        )
        while True:
            signal.pause()


def test(args: list[str]) -> int:
    """All tests but the documents' examples, which take minutes and have a gate of their own; or
    those named."""
    return run([*PYTEST, *(args or [NO_DOCUMENTS])], prepare())


def fresh_coverage(where: Path) -> Path:
    """An empty folder for what coverage writes: a file for each of many processes."""
    folder = where / "coverage"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def coverage(args: list[str]) -> int:
    env = prepare() | {"COVERAGE_FILE": str(fresh_coverage(VENV) / "data")}
    return run(
        [*PYTEST, "--cov", "--cov-report=term-missing:skip-covered", *(args or MEASURED)], env
    )


def mutate(args: list[str]) -> int:
    env = prepare()
    subprocess.run(
        [PYTHON, "-m", "pip", "install", "-qq", "mutmut>=3.8,<4"],
        env=env,
        stdin=subprocess.DEVNULL,
        check=True,
    )
    return run([PYTHON, str(ROOT / ".ci" / "mutate.py"), *args], env)


def bench(args: list[str]) -> int:
    env = prepare()
    subprocess.run(
        [PYTHON, "-m", "pip", "install", "-qq", "-r", str(ROOT / "tests/bench/requirements.txt")],
        env=env,
        stdin=subprocess.DEVNULL,
        check=True,
    )
    return run([PYTHON, str(ROOT / "tests/bench/run.py"), *args], env)


def gates(group: str) -> t.Callable[[list[str]], int]:
    def work(args: list[str]) -> int:
        names = [f"{group}-{arg}" for arg in args] if group == "sanity" else args
        return run(
            [sys.executable, str(ROOT / ".ci" / "gates.py"), *(names or filter(None, [group]))],
            environment(VENV),
        )

    return work


def help_(args: list[str]) -> int:
    print(HELP, end="")
    return 0


def main() -> int:
    commands = {
        "help": help_,
        "demo": demo,
        "lab": play_with_lab,
        "test": test,
        "coverage": coverage,
        "mutate": mutate,
        "bench": bench,
        "lint": gates("lint"),
        "sanity": gates("sanity"),
        "ci": gates(""),
    }
    name, *args = sys.argv[1:] or ["help"]
    if name not in commands:
        print(f"./dev has no command {name}.\n\n{HELP}", end="", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    signal.signal(signal.SIGHUP, lambda number, frame: sys.exit(128 + number))
    try:
        return commands[name](args)
    except KeyboardInterrupt:
        return 130
    except subprocess.CalledProcessError as error:
        command = shlex.join(map(str, error.cmd))
        print(f"{command} failed with {error.returncode}; what it said is above.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
