"""tests/torture/axe.py: the other side of axe.c: steps the clock of a process, fills its disk, and cuts its power.

A power cut is kill -9 after which what the process wrote and did not make durable is gone, wholly or in part: of each file of
the database the last writes, as many as the seed says, and half of a sector more or less of the last one that stays."""
import ctypes
import mmap
import os
import struct
import threading
import time

STATE_BYTES = 4096
SYNC_US = 800  # What a disk takes at the least.
FUTEX, FUTEX_WAKE = 202, 1
SECTOR = 512
SUFFIXES = (".db", ".db-wal")
RECORD = struct.Struct("<qqqq")
OPENED_UNDO_AT, UNDO_BYTES = 24, 24


class Axe:
    """The state that axe.c maps. `steps` are (real seconds, offset in seconds) of the server's clock, the oldest first."""

    def __init__(self, folder, library, keeps_undo=True):
        self.path = folder / "axe"
        self.path.write_bytes(bytes(STATE_BYTES))
        with open(self.path, "r+b") as file:
            self.state = mmap.mmap(file.fileno(), STATE_BYTES)
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.generation = ctypes.c_int32.from_buffer(self.state)
        struct.pack_into("<q", self.state, 16, SYNC_US)
        self.environment = {"LD_PRELOAD": str(library), "AXE_STATE": str(self.path)}
        if keeps_undo:
            self.environment["AXE_KEEPS_UNDO"] = "1"
        self.steps = [(0.0, 0.0)]
        self.lock = threading.Lock()

    def offset(self):
        return self.steps[-1][1]

    def now(self):
        """By the server's clock."""
        return time.time() + self.offset()

    def step(self, offset):
        """The clock is `offset` seconds ahead from now on; whoever sleeps until a time is woken."""
        with self.lock:
            self.steps.append((time.time(), offset))
            struct.pack_into("<q", self.state, 8, int(offset * 1e6))
            self.generation.value += 1
            self.libc.syscall(FUTEX, ctypes.byref(self.generation), FUTEX_WAKE, 2**31 - 1, None, None, 0)
            self.steps.append((time.time(), offset))

    def latest(self, since, until):
        """The furthest that the server's clock was ahead between two real times."""
        within = [offset for at, offset in self.steps if since <= at <= until]
        before = [offset for at, offset in self.steps if at < since]
        return max(within + before[-1:])

    def is_steady(self, since, until):
        return not any(since <= at <= until for at, _ in self.steps)

    def fill(self, is_full):
        struct.pack_into("<i", self.state, 4, 1 if is_full else 0)

    def _records(self, number):
        """What was written to one file since it was last durable: (offset, old bytes, old size, new length)."""
        path = self.path.with_name(self.path.name + SUFFIXES[number])
        if not path.exists():
            return []
        raw = path.read_bytes()
        path.unlink()
        valid_from, = struct.unpack_from("<q", self.state, OPENED_UNDO_AT + UNDO_BYTES * number)
        records, at = [], valid_from
        while at + RECORD.size <= len(raw):
            offset, old_bytes, old_size, new_bytes = RECORD.unpack_from(raw, at)
            at += RECORD.size
            if at + old_bytes > len(raw):
                break  # It was killed while it wrote this down; the write itself was never made.
            records.append((offset, raw[at:at + old_bytes], old_size, new_bytes))
            at += old_bytes
        return records

    def forget(self):
        """After a kill that was only that: everything written stays."""
        for number in range(len(SUFFIXES)):
            self._records(number)

    def cut_power(self, database, chance):
        """Takes away what was not durable: (writes that were not, writes that are gone)."""
        unsure = gone = 0
        for number, suffix in enumerate(SUFFIXES):
            records = self._records(number)
            path = database.with_name(database.name[:-len(".db")] + suffix)
            if not records or not path.exists():
                continue
            lost = len(records) if chance.random() < 0.5 else chance.randint(0, len(records))
            unsure, gone = unsure + len(records), gone + lost
            with open(path, "r+b", buffering=0) as file:
                for offset, old, old_size, _ in reversed(records[len(records) - lost:]):
                    os.pwrite(file.fileno(), old, offset)
                    os.ftruncate(file.fileno(), max(old_size, 0))
                if lost < len(records) and chance.random() < 0.5:
                    self._tear(file.fileno(), records[len(records) - lost - 1], chance)
        shared = database.with_name(database.name + "-shm")
        shared.unlink(missing_ok=True)  # Memory.
        return unsure, gone

    @staticmethod
    def _tear(file, record, chance):
        """Of one write only the first sectors arrived; the rest is what stood there, or zeros where nothing did."""
        offset, old, _, length = record
        kept = chance.randint(0, length) // SECTOR * SECTOR
        before = (old + bytes(length - len(old)))[kept:length]
        os.pwrite(file, before, offset + kept)
