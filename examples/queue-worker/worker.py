#!/usr/bin/env python3
"""A worker of a directory queue: it is started once and told of many files.

The protocol is described in daemons/dirqueue/deliver/worker. Each file is copied into the folder given.
"""

from __future__ import annotations

import os
import shutil
import sys
from urllib.parse import unquote_to_bytes


class Never(Exception):
    """The file can never be delivered."""


def deliver(path: bytes, attempt: int, id: bytes | None) -> None:
    """The work: it returns, or raises Never, or anything else for a retry."""
    if os.path.getsize(path) == 0:
        raise Never("it is empty")
    shutil.copy(path, os.fsencode(sys.argv[1]))


def main() -> None:
    print("peakd-worker 1", flush=True)
    for line in sys.stdin.buffer:
        verb, number, path, attempt, *more = line.decode("ascii").split()
        id = unquote_to_bytes(more[0]) if more else None  # only with send_id
        try:
            deliver(unquote_to_bytes(path), int(attempt), id)
            answer = f"ok {number}"
        except Never as why:
            answer = f"fail {number} {why}"
        except Exception as why:
            answer = f"retry {number} {why}"
        print(answer.encode("ascii", "backslashreplace").decode(), flush=True)


if __name__ == "__main__":
    main()
