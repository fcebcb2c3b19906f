"""The time of the test: that of tests/fault/leap.c, which leaps when the engine and the CA have nothing to do. The page is shared
with it; its layout is struct Page there."""

import contextlib
import mmap
import os
import struct
import threading
import time

WALL, DEADLINE, LIMIT, BUSY, EVENTS, LEAPS, TURNS = range(0, 56, 8)
DAY, HOUR, MINUTE = 86400, 3600, 60


class Over(Exception):
    """The cell has ended while somebody slept."""


class Clock:
    """Wall time in seconds, as the engine sees it. Who works says so (busy), who waits for nothing but the time sleeps here."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as f:
            f.write(bytes(mmap.PAGESIZE))
        os.chmod(path, 0o666)
        with open(path, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), mmap.PAGESIZE)
        self.lock = threading.Lock()
        self.sleepers = {}
        self.epoch = 0

    def _get(self, at):
        return struct.unpack_from("q", self.page, at)[0]

    def _set(self, at, value):
        struct.pack_into("q", self.page, at, int(value))

    def now(self):
        return time.time() + self._get(WALL) / 1e6

    def set(self, wall):
        """Before a run: what time it is."""
        self._set(WALL, (wall - time.time()) * 1e6)

    def shift(self, seconds):
        """Only the wall clock of the machine: somebody has set it."""
        self._set(WALL, self._get(WALL) + seconds * 1e6)

    def limit(self, wall):
        self._set(LIMIT, wall * 1e6 if wall else 0)

    def clear(self):
        """Between runs; whoever still sleeps is woken by Over."""
        with self.lock:
            self.epoch += 1
            self.sleepers.clear()
            for at in (DEADLINE, LIMIT, LEAPS, TURNS):
                self._set(at, 0)

    def turns(self):
        return self._get(TURNS)

    def leaps(self):
        return self._get(LEAPS)

    @contextlib.contextmanager
    def busy(self):
        self._add_busy(1)
        try:
            yield
        finally:
            self._add_busy(-1)

    @contextlib.contextmanager
    def idle(self):
        """Within busy(): waiting for the other side."""
        self._add_busy(-1)
        try:
            yield
        finally:
            self._add_busy(1)

    def _add_busy(self, count):
        with self.lock:
            self._set(BUSY, self._get(BUSY) + count)
            if count > 0:
                self._set(EVENTS, self._get(EVENTS) + 1)

    def _set_deadline(self):
        self._set(DEADLINE, min(self.sleepers.values(), default=0) * 1e6)

    def sleep(self, seconds, gone=lambda: False):
        """Within busy(). Over when the cell ends; returns early when gone() says that nobody waits any more."""
        me = object()
        with self.lock:
            epoch, until = self.epoch, self.now() + seconds
            self.sleepers[me] = until
            self._set_deadline()
        try:
            with self.idle():
                while self.now() < until and not gone():
                    if self.epoch != epoch:
                        raise Over()
                    time.sleep(0.002)
        finally:
            with self.lock:
                self.sleepers.pop(me, None)
                self._set_deadline()
