# SPDX-License-Identifier: GPL-2.0-only
"""The stream format as procmig_stream.h lays it out, to take streams apart and spoil them."""
import copy
import socket
import struct
import threading
from dataclasses import dataclass, field

from .migration import Side
from .guest import STUB
from .report import require

MAGIC = 0x474d5250
HEADER = struct.Struct("<IHHIIIIQ")
MANDATORY = 1
CORE, FILES, MEMORY, SIGNALS, TASK, IPC = range(6)
HELLO, PROCESS, DONE, END, PLAN, THREAD = 1, 2, 3, 4, 5, 6
DEMAND, BULK = "demand", "bulk"


@dataclass
class Record:
    type: int
    version: int
    subsystem: int
    flags: int
    process: int
    body: bytearray
    magic: int = MAGIC
    sequence: int = None        # None: counted when sent
    length: int = None          # None: the body's

    def put(self, offset, layout, *values):
        struct.pack_into("<" + layout, self.body, offset, *values)

    def get(self, offset, layout):
        return struct.unpack_from("<" + layout, self.body, offset)[0]


@dataclass
class Stream:
    demand: list = field(default_factory=list)
    bulk: list = field(default_factory=list)

    @classmethod
    def parse(cls, demand, bulk):
        return cls(_records(demand), _records(bulk))

    def copy(self):
        return copy.deepcopy(self)

    def find(self, subsystem, kind, index=0, channel=DEMAND):
        found = [r for r in getattr(self, channel) if (r.subsystem, r.type) == (subsystem, kind)]
        require(index < len(found), f"the stream has {len(found)} records {subsystem}/{kind}")
        return found[index]

    def bytes(self, channel):
        parts = []
        for number, r in enumerate(getattr(self, channel)):
            length = len(r.body) if r.length is None else r.length
            sequence = number if r.sequence is None else r.sequence
            parts.append(HEADER.pack(r.magic, r.type, r.version, r.subsystem, r.flags, r.process,
                                     sequence & 0xffffffff, length) + bytes(r.body))
        return b"".join(parts)


def _records(data):
    records, at = [], 0
    while at < len(data):
        magic, kind, version, subsystem, flags, process, sequence, length = HEADER.unpack_from(data, at)
        require(magic == MAGIC and sequence == len(records), f"no record at byte {at}")
        at += HEADER.size
        records.append(Record(kind, version, subsystem, flags, process, bytearray(data[at:at + length])))
        require(len(records[-1].body) == length, f"the record at byte {at} is cut short")
        at += length
    return records


class _Lines:
    """The control connection of procmig-drive."""

    def __init__(self, connection):
        self.connection = connection
        self.rest = b""

    def next(self):
        while b"\n" not in self.rest:
            data = self.connection.recv(4096)
            if not data:
                return None
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode(errors="replace")

    def say(self, text):
        try:
            self.connection.sendall(text.encode() + b"\n")
        except OSError:
            pass


def capture(tier, program, guest):
    """What a source sends for @program, which then goes on where it is."""
    token = tier.token()
    program.tokens.append(token)
    listener = socket.create_server((host_address(guest), 0))
    listener.settimeout(60)
    source = Side(guest, "source", ["--pid", program.pid, "--token", token, "--connect",
                                    "%s:%d" % listener.getsockname()])
    received = {}
    readers = []
    control = None
    try:
        while control is None or len(readers) < 2:
            connection, _ = listener.accept()
            first = b""
            while not first.endswith(b"\n"):
                first += connection.recv(1)
            word = first.split()[0].decode().lower()
            if word == "control":
                control = _Lines(connection)
                continue
            readers.append(threading.Thread(target=_drain, args=(connection, word, received)))
            readers[-1].start()
        control.say("CLOCKS")
        require((control.next() or "").startswith("CLOCKS "), "the source did not tell its clocks")
        control.say("PREPARED")
        source.await_point("SAVED")
        control.say("ABORT 125 captured")
        source.result()
    finally:
        listener.close()
    for reader in readers:
        reader.join(timeout=30)
    return token, Stream.parse(received[DEMAND], received[BULK])


def _drain(connection, word, received):
    data = []
    try:
        while more := connection.recv(1 << 20):
            data.append(more)
    except OSError:
        pass
    received[word] = b"".join(data)


def host_address(guest):
    """This machine, as the guests see it: the first address of their network."""
    return guest.address.rsplit(".", 1)[0] + ".1"


class Replay:
    """A source that only has bytes: plays them to a real target."""

    def __init__(self, guest, pid, token):
        self.guest = guest
        self.pid = pid
        self.target = Side(guest, "target", ["--pid", pid, "--token", token, "--listen", 0, "--stub",
                                             STUB, "--no-clock", "--watchdog-ms", 5000,
                                             "--timeout-ms", 30000, "--reason-ms", 0])
        self.address = (guest.address, self.target.port())
        self.control = _Lines(self._connect(f"CONTROL {token} bulk=1 mode=1 context=1 quiesce=1"))
        self.channels = {DEMAND: self._connect(f"DEMAND {token}"), BULK: self._connect(f"BULK {token}")}
        if self.control.next() == "CLOCKS":
            self.control.say("CLOCKS 0 0")
        self.word = self.control.next()

    def _connect(self, greeting):
        connection = socket.create_connection(self.address, timeout=30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(greeting.encode() + b"\n")
        return connection

    def play(self, demand, bulk):
        """Send both at once, hang up, and hear what the target makes of it."""
        senders = [threading.Thread(target=_send, args=(self.channels[channel], data))
                   for channel, data in ((DEMAND, demand), (BULK, bulk))]
        for sender in senders:
            sender.start()
        if self.word == "PREPARED":
            self.word = self.control.next()
        for sender in senders:
            sender.join(timeout=30)
        return self.word

    def end(self, run=False):
        """Abort what became ready, or let it run for the moment that it takes to fail."""
        if self.word == "READY":
            if run:
                self.control.say("GO")
                self.control.next()
                self.control.say("FINISH")
            else:
                self.control.say("ABORT 125 replayed")
        else:
            self.control.say("ABORT 125 refused")
        answer = self.target.result(60)
        for connection in (self.control.connection, *self.channels.values()):
            connection.close()
        return answer


def _send(connection, data):
    try:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass        # the target hung up: its verdict comes on the control connection
