# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names are nouns for values and verbs for effects. Pronouns and bare participles such as `told` or
`each` do not say what a name holds."""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import Path

ROOT: t.Final = Path(__file__).parents[2]
FILES: t.Final = sorted(
    path for folder in ("plugins", "roles/lab") for path in (ROOT / folder).rglob("*.py")
)
HEADLESS: t.Final = frozenset(
    "each elsewhere found given known one own said seen told wish".split()
)
MOST: t.Final = 0.01


def names(path: Path) -> t.Iterator[tuple[int, str]]:
    """Line and name of every function, class, argument, variable and attribute that is assigned."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def is_headless(name: str) -> bool:
    return not HEADLESS.isdisjoint(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_"))


def measured(files: t.Iterable[Path]) -> tuple[int, list[str]]:
    """The number of names, and the headless ones with their places."""
    total = 0
    places = []
    for path in files:
        for line, name in names(path):
            total += 1
            if is_headless(name):
                places.append(f"{path.relative_to(ROOT)}:{line}: {name}")
    return total, places


def test_headless_words_are_recognised_in_every_spelling() -> None:
    assert all(map(is_headless, ("found", "_seen", "own_type", "KNOWN", "ConsentWish", "one_in")))
    assert not any(map(is_headless, ("founder", "phone", "owner", "unknown", "reach", "grown")))


def test_at_most_one_name_in_a_hundred_is_headless() -> None:
    total, places = measured(FILES)
    assert len(places) <= MOST * total, "\n".join(places)


if __name__ == "__main__":
    count, headless = measured(FILES)
    print(*headless, sep="\n")
    print(f"{len(headless)} of {count} names are headless, {len(headless) / count:.2%}")
