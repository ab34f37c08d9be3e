# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that has imported ansible-core and forks for each run: `warm_server.py <fd>`.

A program of its own, because nothing of the collection may be imported before Ansible's loader is
there. On the socket comes a line of JSON for each run, and with it three files: the standard
output and error of the run, and a pipe that is told its process id and, at the end, its exit code.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import importlib.machinery
import itertools
import json
import os
import pickle
import pkgutil
import signal
import socket
import sys
import tempfile
import typing as t

import yaml

# What every run imports and no setting changes.
IMPORTED: t.Final = (
    "ansible.cli.adhoc",
    "ansible.cli.inventory",
    "ansible.cli.playbook",
    "ansible.executor.process.worker",
    "ansible.executor.task_executor",
    "ansible.plugins.action",
    "ansible.plugins.action.include_vars",
    "ansible.plugins.action.set_fact",
    "ansible.plugins.connection.local",
    "ansible.plugins.shell.sh",
    "cryptography.x509",
    "msal",
    "requests",
)
# Every run imports all plugins of these types, or nearly all.
PLUGINS: t.Final = (
    "ansible.plugins.callback",
    "ansible.plugins.filter",
    "ansible.plugins.inventory",
    "ansible.plugins.strategy",
    "ansible.plugins.test",
    "ansible.plugins.vars",
)
COLLECTION: t.Final = "ansible_collections.mssp.defender_xdr.plugins"
UTILS: t.Final = tuple(f"{COLLECTION}.{kind}" for kind in ("module_utils", "plugin_utils"))
# Importing these reads settings and opens files.
OF_A_RUN: t.Final = tuple(f"{COLLECTION}.plugin_utils.{name}" for name in ("_door", "_sweep"))
# A shorter text is parsed sooner than it is looked up.
WORTHWHILE: t.Final = 200
UNFINISHED: t.Final = ".unfinished"


class Documents:
    """The YAML that every run parses, such as core's settings and the documentation of its plugins:
    what two runs had to parse, the server parses ahead of the next ones.

    A run gets each document once, so that what it changes in one is not in another.

    folder: where the runs tell the server what they had to parse, each document in a file that is
    there when it is whole.
    """

    def __init__(self, folder: str) -> None:
        self._load: t.Callable[..., t.Any] = yaml.load
        self._ahead: dict[bytes, t.Any] = {}
        self._told: set[bytes] = set()
        self._numbers = itertools.count()
        self._folder = os.path.join(folder, "documents")
        os.mkdir(self._folder)

    def learn(self) -> None:
        """Parse what runs told since the last time and others had told before."""
        for name in os.listdir(self._folder):
            if not name.endswith(UNFINISHED):
                path = os.path.join(self._folder, name)
                with open(path, "rb") as told:
                    key = told.read()
                os.unlink(path)
                if key in self._told and key not in self._ahead:
                    self._ahead[key] = self._load(*pickle.loads(key))
                self._told.add(key)

    def load(self, stream: t.Any, Loader: t.Any) -> t.Any:
        """In place of `yaml.load`."""
        if Loader is yaml.CSafeLoader and hasattr(stream, "read"):
            stream = stream.read()
        if not isinstance(stream, (str, bytes)) or len(stream) < WORTHWHILE:
            return self._load(stream, Loader)
        key = pickle.dumps((stream, Loader))  # with where it stands, which core adds to each value
        if key in self._ahead:
            return self._ahead.pop(key)
        document = self._load(stream, Loader)
        told = os.path.join(self._folder, f"{os.getpid()}-{next(self._numbers)}")
        with open(f"{told}{UNFINISHED}", "wb") as new:
            new.write(key)
        os.replace(f"{told}{UNFINISHED}", told)
        return document


def main() -> None:
    documents = Documents(os.environ["TMPDIR"])
    yaml.load = documents.load
    for name in IMPORTED:
        importlib.import_module(name)
    import_all(*PLUGINS)
    keep_compiled_collections(os.environ["TMPDIR"])
    keep_compiled_defaults()
    read_routing_of_core()
    import_utils()
    forget_own_folder()
    save_coverage()
    gc.collect()
    gc.freeze()  # the memory that all forks share stays shared
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # pytest gets it too, and closes the socket
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        line, files, _flags, _address = socket.recv_fds(control, 65536, 3)
        while line and not line.endswith(b"\n"):
            line += control.recv(65536)
        if not line:
            return
        documents.learn()
        gc.freeze()
        if os.fork() == 0:
            control.close()
            attend(json.loads(line), *files)
            return
        for file in files:
            os.close(file)


def attend(run: dict[str, t.Any], output: int, errors: int, status: int) -> None:
    """Fork once more, and tell the process id and how that one ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        os.close(status)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, file in enumerate((os.open(os.devnull, os.O_RDONLY), output, errors)):
            os.dup2(file, number)
            os.close(file)
        ansible(**run)
        return
    os.write(status, f"{child}\n".encode())
    os.close(output)
    os.close(errors)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.write(status, f"{code}\n".encode())
    os._exit(0)


def ansible(
    python: str, command: str, arguments: list[str], environment: dict[str, str], folder: str
) -> None:
    """What `python -m ansible` does, with the settings that it would have.

    python: the interpreter of modules on the local machine.
    """
    own = os.environ["TMPDIR"]
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    read_settings()
    share_packed_modules(own)
    run_local_modules_by(python)
    from ansible import cli

    sys.argv = [os.path.join(os.path.dirname(cli.__path__[0]), "__main__.py"), command, *arguments]
    importlib.import_module(f"ansible.cli.{command}").main([command, *arguments])


def read_settings() -> None:
    """Make core's constants anew, and give its plugin loaders the folders of the new ones."""
    from ansible import constants
    from ansible.plugins import loader

    old = {id(value): name for name, value in vars(constants).items() if isinstance(value, list)}
    importlib.reload(constants)
    for one in vars(loader).values():
        if isinstance(one, loader.PluginLoader) and id(one.config) in old:
            one.config = getattr(constants, old[id(one.config)])


def share_packed_modules(folder: str) -> None:
    """Pack each module for other machines once, and not in every run."""
    from ansible import constants

    packed = os.path.join(folder, "packed")
    os.makedirs(packed, exist_ok=True)
    place: str = vars(constants)["DEFAULT_LOCAL_TMP"]
    os.symlink(packed, os.path.join(place, "ansiballz_cache"))


def run_local_modules_by(python: str) -> None:
    """Have the local machine's modules run by this interpreter, where no inventory names one."""
    from ansible.inventory.data import InventoryData

    data: t.Any = InventoryData
    create = data._create_implicit_localhost

    def created(self: t.Any, pattern: str) -> t.Any:
        host = create(self, pattern)
        host.set_variable("ansible_python_interpreter", python)
        return host

    data._create_implicit_localhost = created


def read_routing_of_core() -> None:
    """Parse only once where core's modules have moved to, which is a fifth of a short run."""
    from ansible import config
    from ansible.utils.collection_loader import _collection_finder

    finder: t.Any = _collection_finder
    # "may be monkeypatched to another implementation", by its own documentation
    finder._meta_yml_to_dict = functools.cache(finder._meta_yml_to_dict)
    with open(os.path.join(config.__path__[0], "ansible_builtin_runtime.yml"), "rb") as file:
        finder._meta_yml_to_dict(file.read(), ("ansible.builtin", "runtime.yml"))


def keep_compiled_defaults() -> None:
    """Compile once the templates that are defaults of core's settings, and not in every run."""
    from ansible import constants
    from ansible.config import manager
    from jinja2 import nativetypes

    config: t.Any = constants.config
    environment: t.Any = nativetypes.NativeEnvironment()
    environment.from_string = functools.cache(environment.from_string)
    vars(manager)["NativeEnvironment"] = lambda: environment
    for setting in config.get_configuration_definitions().values():
        config.template_default(setting.get("default"), vars(constants))


def import_all(*packages: str) -> None:
    """Import these packages and all that is below them, except what belongs to a run."""
    for package in packages:
        found = importlib.import_module(package)
        for one in pkgutil.walk_packages(found.__path__, f"{package}."):
            if not one.name.startswith(OF_A_RUN):
                importlib.import_module(one.name)


def import_utils() -> None:
    """Import what the collection's plugins share, and keep nothing else of it: each run has its own
    loader and imports the collection itself, which is when core reads its routing."""
    from ansible.plugins import loader
    from ansible.utils.collection_loader import _collection_finder

    finder: t.Any = _collection_finder._AnsibleCollectionFinder
    loader.init_plugin_loader()
    import_all(*UTILS)
    # the context that every run would make
    importlib.import_module(f"{UTILS[0]}._tenant.connections").tls_context(None, True)
    finder._remove()
    for name in [*sys.modules]:
        if name.startswith("ansible_collections") and not name.startswith(UTILS):
            del sys.modules[name]


def keep_compiled_collections(folder: str) -> None:
    """Compile each file of a collection once, as Python does for every other file: core's loader
    compiles it in each process."""
    from ansible.utils.collection_loader import _collection_finder

    base: t.Any = _collection_finder._AnsibleCollectionPkgLoaderBase
    compiled = base.get_code
    sys.pycache_prefix = folder

    def get_code(self: t.Any, fullname: str) -> t.Any:
        path = self._source_code_path
        if not path:
            return compiled(self, fullname)
        return importlib.machinery.SourceFileLoader(fullname, path).get_code(fullname)

    base.get_code = get_code


def forget_own_folder() -> None:
    """Leave the temporary folder that core made at its import to pytest, and not to every child."""
    from ansible.utils.path import cleanup_tmp_file

    atexit.unregister(cleanup_tmp_file)


def save_coverage() -> None:
    """Write what the imports ran through once, and not for each run."""
    if "COVERAGE_PROCESS_CONFIG" in os.environ:
        import coverage

        if current := coverage.Coverage.current():
            current.save()


if __name__ == "__main__":
    main()
