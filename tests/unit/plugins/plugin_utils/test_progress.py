# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a forked worker counts, its parent reads."""

from __future__ import annotations

import os

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _progress


def test_a_new_board_has_seen_no_sweep() -> None:
    assert _progress.Board().read() == (0, 0, 0, 0)


def test_each_sweep_has_the_next_number_and_begins_with_those_lost_before_it() -> None:
    board = _progress.Board()
    board.begin(asked=3, failed=1)
    board.count(failed=False)
    board.count(failed=True)
    assert board.read() == (1, 3, 1, 2)
    board.begin(asked=5, failed=0)
    assert board.read() == (2, 5, 0, 0)


def test_what_a_forked_worker_counts_its_parent_reads() -> None:
    board = _progress.Board()
    worker = os.fork()
    if worker == 0:
        board.begin(asked=9, failed=0)
        board.count(failed=False)
        os._exit(0)
    assert os.waitpid(worker, 0)[1] == 0
    assert board.read() == (1, 9, 1, 0)


def test_a_process_has_one_board() -> None:
    assert _progress.board() is _progress.board()
