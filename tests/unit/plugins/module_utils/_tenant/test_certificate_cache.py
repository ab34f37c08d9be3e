# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cache of keys and certificates: what is parsed once, what is parsed again, and a fork."""

from __future__ import annotations

import os
import signal
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.certificate_cache import (
    CACHE,
    CertificateCache,
    Contents,
)

CONTENT = b"the-content-of-a-file-long-and-unique"
PASSWORD = b"a-password-that-is-long-and-unique"


class Parser:
    """Counts what it parses; each result is another object."""

    def __init__(self) -> None:
        self.calls: list[tuple[bytes, ...]] = []

    def __call__(self, data: bytes, passwords: tuple[bytes, ...]) -> Contents:
        self.calls.append((data, *passwords))
        return (object(),), ()


@pytest.fixture
def parser() -> Parser:
    return Parser()


def test_the_same_content_with_the_same_password_is_parsed_once(parser: Parser) -> None:
    cache = CertificateCache(size=2)
    first = cache.get(CONTENT, (PASSWORD,), parser)
    assert cache.get(bytes(bytearray(CONTENT)), (PASSWORD,), parser) is first
    assert parser.calls == [(CONTENT, PASSWORD)]


def test_another_content_password_or_split_of_them_is_parsed_anew(parser: Parser) -> None:
    cache = CertificateCache(size=16)
    sources: list[tuple[bytes, tuple[bytes, ...]]] = [
        (CONTENT, ()),
        (CONTENT + b"\n", ()),
        (CONTENT, (PASSWORD,)),
        (CONTENT, (PASSWORD + b"x",)),
        (CONTENT, (PASSWORD, b"x")),
        (CONTENT + PASSWORD, ()),
        (CONTENT, (b"",)),
    ]
    found = [cache.get(data, passwords, parser) for data, passwords in sources]
    assert len({id(contents) for contents in found}) == len(sources) == len(parser.calls)


def test_an_error_is_not_cached(parser: Parser) -> None:
    cache = CertificateCache(size=2)

    def refuse(_data: bytes, _passwords: tuple[bytes, ...]) -> Contents:
        raise ValueError("damaged")

    for _attempt in range(2):
        with pytest.raises(ValueError, match="damaged"):
            cache.get(CONTENT, (), refuse)
    cache.get(CONTENT, (), parser)
    assert len(parser.calls) == 1


def test_beyond_its_size_the_oldest_is_forgotten(parser: Parser) -> None:
    cache = CertificateCache(size=2)
    for data in (b"one", b"two", b"three", b"two", b"three", b"one"):
        cache.get(data, (), parser)
    assert parser.calls == [(b"one",), (b"two",), (b"three",), (b"one",)]


def test_neither_content_nor_password_is_kept(parser: Parser) -> None:
    cache = CertificateCache(size=2)
    cache.get(CONTENT, (PASSWORD,), parser)
    kept = repr(vars(cache))
    assert CONTENT.decode() not in kept
    assert PASSWORD.decode() not in kept


def test_threads_that_need_the_same_file_parse_it_once(parser: Parser) -> None:
    cache = CertificateCache(size=2)
    together = threading.Barrier(8, timeout=30)

    def get(_number: int) -> Contents:
        together.wait()
        return cache.get(CONTENT, (), parser)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(get, range(8)))
    assert len({id(contents) for contents in found}) == len(parser.calls) == 1


def passed_in_a_fork(check: t.Callable[[], bool]) -> bool:
    child = os.fork()
    if not child:
        passed = False
        try:
            signal.alarm(60)
            passed = check()
        finally:
            os._exit(0 if passed else 1)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_has_no_key_of_its_parent_and_waits_for_none_of_its_threads(parser: Parser) -> None:
    parsing, end = threading.Event(), threading.Event()

    def parse_slowly(_data: bytes, _passwords: tuple[bytes, ...]) -> Contents:
        parsing.set()
        assert end.wait(90)
        return (), ()

    CACHE.get(CONTENT, (), parser)
    thread = threading.Thread(target=CACHE.get, args=(b"another file", (), parse_slowly))
    thread.start()
    assert parsing.wait(30)

    def is_parsed_anew() -> bool:
        CACHE.get(CONTENT, (), parser)
        return len(parser.calls) == 2

    try:
        assert passed_in_a_fork(is_parsed_anew)
    finally:
        end.set()
        thread.join()
        CACHE.clear()
