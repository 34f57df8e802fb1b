# SPDX-License-Identifier: GPL-2.0-only
"""Streams that no source sends: truncated, contradictory, hostile.

A real stream is recorded once; each case changes it in one place and plays it to
a real target.  REFUSED: the target must refuse and leave nothing.  SURVIVED: it
may take it as well, then the result is let run; the machine must not mind.
TAKEN: it must take it.
"""
import random
import stat
import struct
import time

from ..migration import nothing_left
from ..program import Program
from ..report import Failed, require
from ..stream import (BULK, CORE, DEMAND, DONE, END, FILES, HELLO, MANDATORY, MEMORY, PLAN,
                      PROCESS, SIGNALS, TASK, THREAD, Record, Replay, capture)

REFUSED, SURVIVED, TAKEN = "refused", "survived", "taken"
KERNEL = 0xffff888000000000
KERNEL_TEXT = 0xffffffff81000000
NON_CANONICAL = 0x0180000000000000   # with five levels of page tables, too
NOWHERE = 0x00007ffffffff000        # the last page, which nobody may have
FUZZ_ROUNDS = 6                     # times as many as of a kind of file
PLANNED_BYTES = 80                  # struct procmig_planned_task

NAMES = {
    CORE: {HELLO: "HELLO", PLAN: "PLAN", PROCESS: "PROCESS", THREAD: "THREAD", DONE: "DONE",
           END: "END"},
    FILES: {1: "CONTEXT", 2: "DESCRIPTION", 3: "DESCRIPTOR"},
    MEMORY: {1: "SPACE", 2: "AREA", 3: "PAGES", 4: "PAGES_END"},
    SIGNALS: {1: "ACTIONS", 2: "THREAD", 3: "PENDING", 4: "TIMERS", 5: "POSIX_TIMER", 6: "JOB"},
    TASK: {1: "ATTRIBUTES", 2: "CREDENTIALS", 3: "REGISTERS", 4: "XSTATE", 5: "RESTART",
           6: "THREAD", 7: "FILTER", 8: "FILTERED"},
}
SUBSYSTEMS = ("core", "files", "memory", "signals", "task")

# (subsystem, type, what, offset, layout, value, verdict): one member of one record.
MEMBERS = (
    (CORE, HELLO, "stream version", 0, "I", 99, REFUSED),
    (CORE, HELLO, "page size", 4, "I", 8192, REFUSED),
    (CORE, HELLO, "size of the register state", 8, "I", 576, REFUSED),
    (CORE, HELLO, "two processes", 12, "I", 2, REFUSED),
    (CORE, HELLO, "no process", 12, "I", 0, REFUSED),
    (CORE, HELLO, "features of the processor", 16, "Q", 1 << 62, REFUSED),
    (CORE, HELLO, "token", 24, "Q", 0, REFUSED),
    (CORE, PLAN, "another TID", 0, "i", 1, REFUSED),
    (CORE, PLAN, "TID 0", 0, "i", 0, REFUSED),
    (CORE, PLAN, "another process", 4, "i", 1, REFUSED),
    (CORE, PLAN, "a parent", 8, "i", 1, REFUSED),
    (CORE, PLAN, "a group that is not there", 12, "i", 1, REFUSED),
    (CORE, PLAN, "a session that is not there", 16, "i", 1, REFUSED),
    (CORE, PLAN, "exit signal 65", 20, "i", 65, REFUSED),
    (CORE, PLAN, "a zombie", 24, "I", 1, REFUSED),
    (CORE, PLAN, "an exit code", 28, "I", 1, REFUSED),
    (CORE, THREAD, "TID", 0, "i", 1, REFUSED),
    (CORE, THREAD, "reserved", 4, "I", 1, REFUSED),
    (CORE, PROCESS, "pid", 0, "i", 1, REFUSED),
    (CORE, PROCESS, "two threads", 4, "I", 2, REFUSED),
    (CORE, PROCESS, "no thread", 4, "I", 0, REFUSED),
    (CORE, END, "a clock of another age", 0, "Q", (1 << 64) - 1, SURVIVED),
    (CORE, DONE, "subsystem", 0, "I", 77, REFUSED),
    (FILES, 1, "length of cwd", 4, "H", 0xffff, REFUSED),
    (FILES, 1, "empty cwd", 4, "H", 0, REFUSED),
    (FILES, 1, "length of root", 6, "H", 0xffff, REFUSED),
    (FILES, 1, "a cwd that is not absolute", 8, "B", ord("x"), REFUSED),
    (FILES, 1, "umask", 0, "I", 0xffffffff, SURVIVED),
    (FILES, 2, "an object that does not follow", 4, "I", 4711, REFUSED),
    (FILES, 2, "all flags", 8, "I", 0xffffffff, SURVIVED),
    (FILES, 2, "version of the kind", 12, "I", 99, REFUSED),
    (FILES, 2, "a negative position", 16, "q", -1, SURVIVED),
    (FILES, 2, "the largest position", 16, "q", (1 << 63) - 1, SURVIVED),
    (FILES, 2, "an unknown kind", 24, "B", ord("x"), REFUSED),
    (FILES, 2, "length of the body", 40, "I", 0xffffffff, REFUSED),
    (FILES, 2, "type of file", 48, "I", 0o060000, REFUSED),
    (FILES, 2, "length of the path", 76, "I", 0xffffffff, REFUSED),
    (FILES, 2, "no path", 76, "I", 0, REFUSED),
    (FILES, 2, "a path that is not absolute", 80, "B", ord("x"), REFUSED),
    (FILES, 3, "descriptor 2^31", 0, "I", 1 << 31, REFUSED),
    (FILES, 3, "descriptor -1", 0, "I", 0xffffffff, REFUSED),
    (FILES, 3, "descriptor over the limit", 0, "I", 1 << 30, REFUSED),
    (FILES, 3, "a description that was not sent", 4, "I", 4711, REFUSED),
    (FILES, 3, "close-on-exec 2", 8, "I", 2, SURVIVED),
    (MEMORY, 1, "size of auxv", 600, "I", 65, REFUSED),
    (MEMORY, 1, "a huge auxv", 600, "I", 0xffffffff, REFUSED),
    (MEMORY, 1, "number of areas", 608, "I", 0xffffffff, REFUSED),
    (MEMORY, 1, "no area", 608, "I", 0, REFUSED),
    (MEMORY, 1, "length of the program's path", 612, "I", 0xffffffff, REFUSED),
    (MEMORY, 1, "no program", 612, "I", 0, REFUSED),
    (MEMORY, 1, "dumpable", 604, "I", 99, SURVIVED),
    *((MEMORY, 1, f"{name} in the kernel", offset, "Q", KERNEL, REFUSED)
      for offset, name in ((0, "start of code"), (24, "end of data"), (32, "start of brk"),
                           (40, "brk"), (48, "start of stack"), (56, "start of arguments"),
                           (80, "end of environment"))),
    (MEMORY, 1, "code that ends before it starts", 8, "Q", 0, REFUSED),
    (MEMORY, 2, "start in the kernel", 0, "Q", KERNEL, REFUSED),
    (MEMORY, 2, "start that is not canonical", 0, "Q", NON_CANONICAL, REFUSED),
    (MEMORY, 2, "start inside a page", 0, "Q", 0x400001, REFUSED),
    (MEMORY, 2, "start at 0", 0, "Q", 0, REFUSED),
    (MEMORY, 2, "end in the kernel", 8, "Q", KERNEL, REFUSED),
    (MEMORY, 2, "end before start", 8, "Q", 0x1000, REFUSED),
    (MEMORY, 2, "end inside a page", 8, "Q", 0x7fffffffe001, REFUSED),
    (MEMORY, 2, "end at the top", 8, "Q", 0xfffffffffffff000, REFUSED),
    (MEMORY, 2, "kind 0", 24, "I", 0, REFUSED),
    (MEMORY, 2, "an unknown kind", 24, "I", 99, REFUSED),
    (MEMORY, 2, "unknown flags", 28, "I", 0xffff0000, REFUSED),
    (MEMORY, 2, "all flags", 28, "I", 0xffff, SURVIVED),
    (MEMORY, 2, "length of the path", 52, "I", 0xffffffff, REFUSED),
    (SIGNALS, 2, "SIGKILL blocked", 0, "Q", 0xffffffffffffffff, SURVIVED),
    (SIGNALS, 2, "alternate stack in the kernel", 16, "Q", KERNEL, SURVIVED),
    (SIGNALS, 2, "a tiny alternate stack", 24, "Q", 1, SURVIVED),
    (SIGNALS, 2, "flags of the alternate stack", 32, "I", 0xffffffff, SURVIVED),
    (SIGNALS, 3, "signal 0", 0, "I", 0, REFUSED),
    (SIGNALS, 3, "signal 65", 0, "I", 65, REFUSED),
    (SIGNALS, 3, "signal 2^31", 0, "I", 1 << 31, REFUSED),
    (SIGNALS, 3, "SIGKILL", 0, "I", 9, SURVIVED),
    (SIGNALS, 3, "SIGSTOP", 0, "I", 19, SURVIVED),
    (SIGNALS, 3, "another signal in siginfo", 8, "I", 64, SURVIVED),
    (SIGNALS, 4, "the longest timer", 0, "Q", 0xffffffffffffffff, SURVIVED),
    (SIGNALS, 4, "the shortest interval", 8, "Q", 1, SURVIVED),
    (SIGNALS, 4, "the next ID 2^31", 48, "I", 1 << 31, REFUSED),
    (SIGNALS, 4, "reserved", 52, "I", 1, REFUSED),
    (SIGNALS, 2, "to stop though the process does not", 40, "I", 1, SURVIVED),
    (SIGNALS, 2, "to stop, counted, without a stop", 40, "I", 3, REFUSED),
    (SIGNALS, 2, "counted, not to stop", 40, "I", 2, REFUSED),
    (SIGNALS, 2, "an unknown stop", 40, "I", 4, REFUSED),
    (SIGNALS, 2, "stopped by SIGKILL", 44, "I", 9, REFUSED),
    (SIGNALS, 2, "stopped by signal 2^16", 44, "I", 1 << 16, REFUSED),
    (SIGNALS, 3, "of a timer that is not there", 4, "I", 4711, REFUSED),
    (SIGNALS, 3, "of a timer with another signal", 4, "I", 1, REFUSED),
    (SIGNALS, 5, "ID 2^31", 0, "I", 1 << 31, REFUSED),
    (SIGNALS, 5, "the ID of another one", 0, "I", 1, REFUSED),
    (SIGNALS, 5, "another ID", 0, "I", 4711, SURVIVED),
    (SIGNALS, 5, "an unknown clock", 4, "i", 99, REFUSED),
    (SIGNALS, 5, "an alarm clock", 4, "i", 8, REFUSED),
    (SIGNALS, 5, "a descriptor as clock", 4, "i", (~0 << 3) | 3, REFUSED),
    (SIGNALS, 5, "another process's CPU time", 4, "i", (~1 << 3) | 2, REFUSED),
    (SIGNALS, 5, "CPU time of no thread", 4, "i", (~0 << 3) | 6, REFUSED),
    (SIGNALS, 5, "an unknown notification", 8, "I", 99, REFUSED),
    (SIGNALS, 5, "a thread that is not told", 8, "I", 4, REFUSED),
    (SIGNALS, 5, "signal 0", 12, "I", 0, REFUSED),
    (SIGNALS, 5, "signal 65", 12, "I", 65, REFUSED),
    (SIGNALS, 5, "a thread for a signal of the process", 24, "i", 1, REFUSED),
    (SIGNALS, 5, "a thread's CPU time for MONOTONIC", 28, "i", 1, REFUSED),
    (SIGNALS, 5, "an unknown state", 32, "I", 99, REFUSED),
    (SIGNALS, 5, "waiting for its signal", 32, "I", 2, SURVIVED),
    (SIGNALS, 5, "told by a clock that is not its own", 36, "I", 0, REFUSED),
    (SIGNALS, 5, "expires before all time", 40, "q", -1 << 63, SURVIVED),
    (SIGNALS, 5, "expires after all time", 40, "q", (1 << 63) - 1, SURVIVED),
    (SIGNALS, 5, "the longest interval", 48, "Q", 0xffffffffffffffff, REFUSED),
    (SIGNALS, 5, "the shortest interval", 48, "Q", 1, SURVIVED),
    (SIGNALS, 5, "a negative overrun", 56, "q", -2, REFUSED),
    (SIGNALS, 5, "the largest overrun", 56, "q", (1 << 63) - 1, SURVIVED),
    (SIGNALS, 5, "the largest last overrun", 64, "q", (1 << 63) - 1, SURVIVED),
    (SIGNALS, 6, "unknown flags", 0, "I", 0x10, REFUSED),
    (SIGNALS, 6, "stopped, but its thread is not", 0, "I", 1, SURVIVED),
    (SIGNALS, 6, "everything at once", 0, "I", 0xf, SURVIVED),
    (SIGNALS, 6, "a stop by SIGKILL", 4, "I", 9, REFUSED),
    (SIGNALS, 6, "a stop by signal 65", 4, "I", 65, REFUSED),
    (SIGNALS, 6, "a stop that waits for a thread", 8, "I", 1, REFUSED),
    (SIGNALS, 6, "reserved", 12, "I", 1, REFUSED),
    (TASK, 1, "oom_score_adj", 0, "i", 100000, REFUSED),
    (TASK, 1, "subreaper 4", 4, "I", 4, REFUSED),
    (TASK, 1, "a limit above its maximum", 8, "Q", 0xffffffffffffffff, SURVIVED),
    (TASK, 6, "a name without an end", 0, "16s", b"x" * 16, SURVIVED),
    (TASK, 6, "personality", 16, "I", 0xffffffff, SURVIVED),
    (TASK, 6, "nice 1000", 20, "i", 1000, REFUSED),
    (TASK, 6, "nice -1000", 20, "i", -1000, REFUSED),
    (TASK, 6, "an unknown policy", 24, "I", 99, REFUSED),
    (TASK, 6, "SCHED_FIFO without a priority", 24, "I", 1, REFUSED),
    (TASK, 6, "SCHED_DEADLINE", 24, "I", 6, REFUSED),
    (TASK, 6, "a priority without SCHED_FIFO", 28, "I", 50, REFUSED),
    (TASK, 6, "rseq in the kernel", 40, "Q", KERNEL, REFUSED),
    (TASK, 6, "rseq nowhere", 40, "Q", NOWHERE, SURVIVED),
    (TASK, 6, "rseq of a strange length", 64, "I", 0xffffffff, SURVIVED),
    (TASK, 6, "robust list in the kernel", 48, "Q", KERNEL, SURVIVED),
    (TASK, 6, "TID address in the kernel", 56, "Q", KERNEL, SURVIVED),
    (TASK, 6, "parent death signal 65", 72, "I", 65, REFUSED),
    (TASK, 6, "no time stamp counter", 76, "I", 1, SURVIVED),
    (TASK, 6, "an unknown seccomp mode", 80, "I", 3, REFUSED),
    (TASK, 6, "no seccomp, but a filter", 80, "I", 0, REFUSED),
    (TASK, 6, "seccomp strict mode, but a filter", 80, "I", 1, REFUSED),
    (TASK, 6, "an affinity that was not sent", 84, "I", 8, REFUSED),
    (TASK, 6, "a huge affinity", 84, "I", 0xfffffff8, REFUSED),
    (TASK, 7, "number", 0, "I", 1, REFUSED),
    (TASK, 7, "a previous one that does not come before", 4, "I", 0, REFUSED),
    (TASK, 7, "a previous one far away", 4, "I", 0xfffffffe, REFUSED),
    (TASK, 7, "unknown flags", 8, "I", 2, REFUSED),
    (TASK, 7, "no instructions", 12, "I", 0, REFUSED),
    (TASK, 7, "more instructions than sent", 12, "I", 2, REFUSED),
    (TASK, 7, "2^32-1 instructions", 12, "I", 0xffffffff, REFUSED),
    (TASK, 7, "an unknown instruction", 16, "H", 0xffff, REFUSED),
    (TASK, 7, "an instruction that does not return", 16, "H", 0, REFUSED),
    (TASK, 7, "a program that kills", 20, "I", 0x80000000, SURVIVED),
    (TASK, 8, "a filter that was not sent", 0, "I", 2, REFUSED),
    (TASK, 8, "reserved", 4, "I", 1, REFUSED),
    (TASK, 2, "uid -1", 0, "I", 0xffffffff, REFUSED),
    (TASK, 2, "gid -1", 16, "I", 0xffffffff, REFUSED),
    (TASK, 2, "all capabilities there could be", 40, "Q", 0xffffffffffffffff, SURVIVED),
    (TASK, 2, "effective beyond permitted", 48, "Q", 0x1ffffffffff, SURVIVED),
    (TASK, 2, "ambient beyond permitted", 64, "Q", 0x1ffffffffff, SURVIVED),
    (TASK, 2, "securebits", 72, "I", 0xffffffff, SURVIVED),
    (TASK, 2, "number of groups", 80, "I", 0xffffffff, REFUSED),
    (TASK, 2, "more groups than sent", 80, "I", 1000, REFUSED),
    (TASK, 3, "the kernel's code segment", 17 * 8, "Q", 0x10, REFUSED),
    (TASK, 3, "code segment 0", 17 * 8, "Q", 0, REFUSED),
    (TASK, 3, "the kernel's stack segment", 20 * 8, "Q", 0x18, REFUSED),
    (TASK, 3, "an instruction in the kernel", 16 * 8, "Q", KERNEL_TEXT, SURVIVED),
    (TASK, 3, "an instruction that is not canonical", 16 * 8, "Q", NON_CANONICAL, SURVIVED),
    (TASK, 3, "a stack in the kernel", 19 * 8, "Q", KERNEL, SURVIVED),
    (TASK, 3, "a stack that is not canonical", 19 * 8, "Q", NON_CANONICAL, SURVIVED),
    (TASK, 3, "all processor flags", 18 * 8, "Q", 0xffffffffffffffff, SURVIVED),
    (TASK, 3, "FS base in the kernel", 21 * 8, "Q", KERNEL, REFUSED),
    (TASK, 3, "FS base that is not canonical", 21 * 8, "Q", NON_CANONICAL, REFUSED),
    (TASK, 3, "GS base in the kernel", 22 * 8, "Q", KERNEL, REFUSED),
    (TASK, 3, "the number of a system call", 15 * 8, "Q", 0xffffffff, SURVIVED),
    (TASK, 3, "data segment", 23 * 8, "Q", 0xffff, SURVIVED),
    (TASK, 4, "mxcsr with reserved bits", 24, "I", 0xffffffff, REFUSED),
    (TASK, 4, "unknown state components", 512, "Q", 1 << 62, REFUSED),
    (TASK, 4, "compacted state", 520, "Q", 1 << 63, REFUSED),
    (TASK, 4, "reserved bytes of the header", 528, "Q", 1, REFUSED),
    (TASK, 5, "an unknown kind", 0, "I", 99, REFUSED),
    (TASK, 5, "an unknown clock", 4, "I", 99, SURVIVED),
    (TASK, 5, "the longest remainder", 8, "Q", 0xffffffffffffffff, SURVIVED),
    (TASK, 5, "a pointer into the kernel", 16, "Q", KERNEL, SURVIVED),
    (TASK, 5, "poll with 2^32-1 descriptors", 28, "I", 0xffffffff, SURVIVED),
)


class Recording:
    """Made when the first case wants it: many runs want none."""

    def __init__(self, tier, make=lambda tier: Program(tier, "still"), ready="ready"):
        self.tier = tier
        self.make = make
        self.ready = ready
        self.program = None
        self.token = self.stream = None

    def get(self):
        if self.stream is None:
            # not among the programs of one case: it lives for all of them
            self.program = self.make(self.tier).start(self.tier.a)
            deadline = time.monotonic() + 30
            while self.ready not in self.program.text():
                require(time.monotonic() < deadline, "the program that is recorded did not start")
                time.sleep(0.02)
            self.token, self.stream = capture(self.tier, self.program, self.tier.a)
            self.tier.programs.clear()
        return self.stream.copy()


def run(tier):
    check = tier.report.check
    recording = Recording(tier)

    check("streams: as recorded", as_recorded, tier, recording)
    for name, spoil, verdict in (*framing(), *order()):
        check(f"streams: {name}", play, tier, recording, spoil, verdict)
    for subsystem, kind, what, offset, layout, value, verdict in MEMBERS:
        def spoil(stream, s=subsystem, k=kind, o=offset, f=layout, v=value):
            stream.find(s, k).put(o, f, v)
        check(f"streams: {label(subsystem, kind)}: {what}", play, tier, recording, spoil, verdict)
    for name, spoil, verdict in (*lengths(), *relations()):
        check(f"streams: {name}", play, tier, recording, spoil, verdict)
    check("streams: cut off after every record", cut_everywhere, tier, recording)
    check(f"streams: {FUZZ_ROUNDS * tier.options.spoiled} with random bytes changed", fuzz, tier, recording)
    check("streams: the source that was recorded goes on", goes_on, tier, recording)


def label(subsystem, kind):
    return f"{SUBSYSTEMS[subsystem]} {NAMES[subsystem][kind]}"


# ---- playing ----------------------------------------------------------------

def attempt(tier, recording, demand, bulk, run_it):
    """Play bytes; (what the target said last, its answer)."""
    replay = Replay(tier.b, recording.program.pid, recording.token)
    require(replay.word == "PREPARED", f"the target was not prepared: {replay.word}")
    word = replay.play(demand, bulk)
    answer = replay.end(run_it)
    tier.b.end(recording.program.pid)
    return word, answer


def play(tier, recording, spoil, verdict):
    stream = recording.get()
    spoil(stream)
    demand, bulk = ((part if isinstance(part, bytes) else stream.bytes(channel))
                    for part, channel in ((stream.demand, DEMAND), (stream.bulk, BULK)))
    word, answer = attempt(tier, recording, demand, bulk, run_it=verdict is not REFUSED)
    judge(word, answer, verdict)
    nothing_left(tier.b)


def judge(word, answer, verdict):
    if word == "READY":
        require(verdict is not REFUSED, "the target took it")
        return
    require(verdict is not TAKEN, f"the target refused it: {answer.get('message')}")
    require(answer.get("state") == "ABORTED", f"the target is {answer.get('state')}: {word}")
    require(answer["error"] and answer["message"], f"it was refused without a reason: {answer}")
    require(answer["error_name"] not in ("ETIMEDOUT", "unknown"),
            f"it was not refused but {answer['error_name']}: {answer['message']}")


def as_recorded(tier, recording):
    stream = recording.get()
    word, answer = attempt(tier, recording, stream.bytes(DEMAND), stream.bytes(BULK), run_it=True)
    require(word == "READY" and answer["state"] == "FINISHED", f"{word}: {answer}")
    nothing_left(*tier.guests)


# ---- what is wrong with them ------------------------------------------------

def framing():
    def header(index, channel=DEMAND, **members):
        def spoil(stream):
            for name, value in members.items():
                setattr(getattr(stream, channel)[index], name, value)
        return spoil

    def flags(value):
        return header(2, flags=value)

    for index, where in ((0, "first"), (3, "a later")):
        yield f"{where} record: magic", header(index, magic=0x474d5251), REFUSED
        yield f"{where} record: sequence repeated", header(index, sequence=index - 1), REFUSED
        yield f"{where} record: sequence skipped", header(index, sequence=index + 1), REFUSED
        yield f"{where} record: the longest length", header(index, length=(1 << 64) - 1), REFUSED
        yield f"{where} record: length over the limit", header(index, length=(64 << 20) + 1), REFUSED
        yield f"{where} record: length over the limit of small ones", header(index, length=(1 << 20) + 1), REFUSED
        yield f"{where} record: unknown type", header(index, type=999), REFUSED
        yield f"{where} record: version 2", header(index, version=2), REFUSED
        yield f"{where} record: version 65535", header(index, version=65535), REFUSED
    yield "a record: unknown flags", flags(0x80000001), REFUSED
    yield "a record: unknown subsystem", header(3, subsystem=0x4711), REFUSED
    yield "a record: another process", header(3, process=1), SURVIVED
    yield "bulk record: magic", header(1, BULK, magic=0), REFUSED
    yield "bulk record: another subsystem", header(1, BULK, subsystem=FILES), REFUSED
    yield "bulk record: unknown type", header(1, BULK, type=999), REFUSED
    yield "bulk record: version 2", header(1, BULK, version=2), REFUSED
    yield "bulk record: length 0", header(1, BULK, length=0), REFUSED
    yield "bulk record: the longest length", header(1, BULK, length=(1 << 64) - 1), REFUSED

    def unknown(flags_):
        def spoil(stream):
            at = next(i for i, r in enumerate(stream.demand) if r.subsystem == TASK)
            stream.demand.insert(at, Record(999, 1, TASK, flags_, stream.demand[0].process,
                                            bytearray(b"something new")))
        return spoil
    yield "a record more: unknown and mandatory", unknown(MANDATORY), REFUSED
    yield "a record more: unknown and optional is skipped", unknown(0), TAKEN


def order():
    def index_of(stream, subsystem, kind):
        return next(i for i, r in enumerate(stream.demand) if (r.subsystem, r.type) == (subsystem, kind))

    def without(subsystem, kind):
        def spoil(stream):
            del stream.demand[index_of(stream, subsystem, kind)]
        return spoil

    def twice(subsystem, kind):
        def spoil(stream):
            at = index_of(stream, subsystem, kind)
            stream.demand.insert(at, stream.demand[at])
            # the same object twice would get one sequence number
            stream.demand[at] = stream.copy().demand[at]
        return spoil

    for kind in (HELLO, PLAN, PROCESS, THREAD, DONE, END):
        yield f"without {label(CORE, kind)}", without(CORE, kind), REFUSED
        # a second END is behind the end: nobody reads it
        if kind != END:
            yield f"{label(CORE, kind)} twice", twice(CORE, kind), REFUSED
    for subsystem, kind, verdict in (
            (FILES, 1, REFUSED), (FILES, 2, REFUSED), (MEMORY, 1, REFUSED), (MEMORY, 2, REFUSED),
            (SIGNALS, 1, REFUSED), (SIGNALS, 2, REFUSED), (SIGNALS, 4, REFUSED), (SIGNALS, 6, REFUSED),
            (TASK, 1, REFUSED), (TASK, 2, REFUSED), (TASK, 3, REFUSED), (TASK, 4, REFUSED),
            (TASK, 6, REFUSED), (TASK, 7, REFUSED), (TASK, 8, REFUSED)):
        yield f"without {label(subsystem, kind)}", without(subsystem, kind), verdict
    for subsystem, kind in ((FILES, 1), (FILES, 2), (FILES, 3), (MEMORY, 1), (MEMORY, 2), (SIGNALS, 1),
                            (SIGNALS, 2), (SIGNALS, 4), (TASK, 1), (TASK, 2), (TASK, 3), (TASK, 4), (TASK, 6), (TASK, 7), (TASK, 8)):
        # some simply say it again; two descriptions or areas contradict each other
        yield f"{label(subsystem, kind)} twice", twice(subsystem, kind), \
            REFUSED if subsystem == MEMORY or (subsystem, kind) == (FILES, 2) else SURVIVED

    def swapped(stream):
        at = [i for i, r in enumerate(stream.demand) if (r.subsystem, r.type) == (CORE, DONE)]
        begin = index_of(stream, CORE, PROCESS) + 1
        first, second = stream.demand[begin:at[0] + 1], stream.demand[at[0] + 1:at[1] + 1]
        stream.demand[begin:at[1] + 1] = second + first
    yield "two subsystems in the other order", swapped, REFUSED

    def nothing(stream):
        stream.demand, stream.bulk = b"", b""
    yield "nothing at all", nothing, REFUSED

    def noise(stream):
        stream.demand = random.Random(1).randbytes(65536)
        del stream.bulk[:]
    yield "64 KiB of noise", noise, REFUSED

    def no_bulk(stream):
        del stream.bulk[:]
    yield "without bulk data", no_bulk, REFUSED

    def no_bulk_end(stream):
        del stream.bulk[-1]
    yield "without the end of bulk data", no_bulk_end, REFUSED


def lengths():
    """Every type of record with a body that is too short, too long, or not there."""
    for subsystem, kinds in NAMES.items():
        for kind in kinds:
            channel = BULK if (subsystem, kind) in ((MEMORY, 3), (MEMORY, 4)) else DEMAND

            def empty(stream, s=subsystem, k=kind, c=channel):
                del stream.find(s, k, channel=c).body[:]

            def shorter(stream, s=subsystem, k=kind, c=channel):
                del stream.find(s, k, channel=c).body[-1:]

            def longer(stream, s=subsystem, k=kind, c=channel):
                stream.find(s, k, channel=c).body.extend(b"\x01")

            has_body = (subsystem, kind) != (MEMORY, 4)
            # a longer body is how a later version would add a member
            later = SURVIVED if subsystem != CORE and channel == DEMAND else REFUSED
            if has_body:
                yield f"{label(subsystem, kind)}: empty", empty, REFUSED
                yield f"{label(subsystem, kind)}: a byte shorter", shorter, REFUSED
            yield f"{label(subsystem, kind)}: a byte longer", longer, later


def relations():
    """Records that are right each for itself but not together."""
    def area(stream, kind, index=0):
        found = [r for r in stream.demand if (r.subsystem, r.type) == (MEMORY, 2) and r.get(24, "I") == kind]
        require(index < len(found), f"the stream has {len(found)} areas of kind {kind}")
        return found[index]

    def opened_path(stream, is_such):
        """An open file of kind path whose mode is of that type."""
        return next(r for r in stream.demand if (r.subsystem, r.type) == (FILES, 2) and
                    r.body[24:29] == b"path\0" and is_such(r.get(48, "I")))

    def no_cwd(stream, description=None):
        context = stream.find(FILES, 1)
        bytes_ = context.get(4, "H")
        del context.body[8:8 + bytes_]
        context.put(4, "H", 0)
        if description is not None:
            at = next(i for i, r in enumerate(stream.demand) if (r.subsystem, r.type) == (FILES, 3))
            stream.demand.insert(at, Record(10, 1, FILES, context.flags, context.process,
                                            bytearray(description.to_bytes(8, "little"))))
    yield "no working directory", no_cwd, REFUSED
    yield "a working directory that is a file", lambda stream: no_cwd(stream, 0), REFUSED
    yield "a working directory that is not open", lambda stream: no_cwd(stream, 4711), REFUSED
    yield "a working directory and something reserved", lambda stream: no_cwd(stream, 1 << 32), REFUSED

    def overlapping(stream):
        first, second = area(stream, 1), area(stream, 1, 1)
        second.put(0, "Q", first.get(0, "Q"))
    yield "areas that overlap", overlapping, REFUSED

    def same_area(stream):
        first, second = area(stream, 1), area(stream, 1, 1)
        second.put(0, "QQ", first.get(0, "Q"), first.get(8, "Q"))
    yield "areas at the same place", same_area, REFUSED

    def huge_area(stream):
        area(stream, 1).put(0, "QQ", 0x10000000000, 0x7ff000000000)
    yield "an area of 127 TiB", huge_area, REFUSED

    def exec_and_write(stream):
        area(stream, 1).put(28, "I", area(stream, 1).get(28, "I") | 7)
    yield "an area that may be written and executed", exec_and_write, SURVIVED

    def anonymous_shared(stream):
        area(stream, 1).put(28, "I", area(stream, 1).get(28, "I") | 8)
    yield "an anonymous area that is shared", anonymous_shared, REFUSED

    def writable_shared_file(stream):
        area(stream, 2).put(28, "I", 1 | 2 | 8)
    yield "a file mapping that is shared and writable", writable_shared_file, REFUSED

    for what, path in (("missing", b"/nowhere/at-all\0"), ("a directory", b"/usr/bin\0"),
                       ("a device", b"/dev/zero\0"), ("/proc/kcore", b"/proc/kcore\0"),
                       ("without an end", b"/etc/passwd")):
        def mapped(stream, p=path):
            record = area(stream, 2)
            record.put(52, "I", len(p))
            record.body[64:] = p
        yield f"the file of a mapping is {what}", mapped, REFUSED

        def opened(stream, p=path):
            record = opened_path(stream, stat.S_ISREG)
            record.put(40, "I", 32 + len(p))
            record.put(76, "I", len(p))
            record.body[80:] = p
        yield f"an open file is {what}", opened, REFUSED

        def program(stream, p=path):
            record = stream.find(MEMORY, 1)
            record.put(612, "I", len(p))
            record.body[616:] = p
        yield f"the program is {what}", program, REFUSED

    def truncating(stream):
        record = opened_path(stream, stat.S_ISREG)
        record.put(8, "I", record.get(8, "I") | 0o1300)
    yield "O_CREAT, O_EXCL and O_TRUNC of an open file", truncating, SURVIVED

    def mapped_size(stream):
        area(stream, 2).put(32, "Q", 1)
    yield "the file of a mapping has another size", mapped_size, REFUSED

    def mapped_time(stream):
        area(stream, 2).put(40, "q", 1)
    yield "the file of a mapping has another time", mapped_time, REFUSED

    def beyond_file(stream):
        area(stream, 2).put(16, "Q", 1 << 50)
    yield "a mapping beyond the end of its file", beyond_file, SURVIVED

    def negative_offset(stream):
        area(stream, 2).put(16, "Q", (1 << 64) - 4096)
    yield "a mapping at the highest offset", negative_offset, REFUSED

    def odd_offset(stream):
        area(stream, 2).put(16, "Q", 17)
    yield "a mapping at an offset inside a page", odd_offset, REFUSED

    def device_number(stream, number):
        opened_path(stream, stat.S_ISCHR).put(52, "I", number)
    yield "a device: /dev/mem", lambda stream: device_number(stream, 0x101), REFUSED
    yield "a device: a disk", lambda stream: device_number(stream, 0xfe00), REFUSED

    def same_description(stream):
        descriptions = [r for r in stream.demand if (r.subsystem, r.type) == (FILES, 2)]
        descriptions[1].put(0, "I", descriptions[0].get(0, "I"))
    yield "two descriptions of one number", same_description, REFUSED

    def same_descriptor(stream):
        descriptors = [r for r in stream.demand if (r.subsystem, r.type) == (FILES, 3)]
        descriptors[1].put(0, "I", descriptors[0].get(0, "I"))
    yield "two descriptors of one number", same_descriptor, SURVIVED

    def stub_device(stream):
        """Descriptor 3 is where the stub keeps the device that it came in by."""
        stream.find(FILES, 3).put(0, "I", 3)
    yield "a descriptor at the stub's own", stub_device, SURVIVED

    def planned_twice(stream):
        plan = stream.find(CORE, PLAN)
        plan.body.extend(plan.body)
    yield "a thread that is planned twice", planned_twice, REFUSED

    def planned(*members):
        """struct procmig_planned_task: of what is left of a zombie everything is 0."""
        return struct.pack("<8i", *members).ljust(PLANNED_BYTES, b"\0")

    def thread_too_many(stream):
        plan = stream.find(CORE, PLAN)
        plan.body.extend(planned(30999, plan.get(0, "i"), 0, 0, 0, 0, 0, 0))
    yield "a thread without state", thread_too_many, REFUSED

    def thread_of_pid_1(stream):
        thread_too_many(stream)
        stream.find(CORE, PLAN).put(PLANNED_BYTES, "i", 1)
    yield "a thread whose TID is taken", thread_of_pid_1, REFUSED

    def child(stream, pid, flags):
        plan = stream.find(CORE, PLAN)
        first = plan.get(0, "i")
        plan.body.extend(planned(pid, pid, first, first, first, 17, flags, 0))
        stream.find(CORE, HELLO).put(12, "I", 2)
    yield "a child without state", lambda stream: child(stream, 30999, 0), REFUSED
    yield "a child whose PID is taken", lambda stream: child(stream, 1, 0), REFUSED
    yield "a zombie that was not announced", \
        lambda stream: (child(stream, 30999, 1), stream.find(CORE, HELLO).put(12, "I", 1)), REFUSED
    yield "a zombie more", lambda stream: child(stream, 30999, 1), TAKEN

    def root(stream, pid, flags):
        """One more child of init."""
        child(stream, pid, flags)
        plan = stream.find(CORE, PLAN)
        plan.put(len(plan.body) - PLANNED_BYTES + 8, "i", 0)
    yield "a second root without state", lambda stream: root(stream, 30999, 0), REFUSED
    yield "a second root whose PID is taken", lambda stream: root(stream, 1, 0), REFUSED
    yield "a zombie of nobody", lambda stream: root(stream, 30999, 1), REFUSED

    def of_itself(stream):
        plan = stream.find(CORE, PLAN)
        plan.put(8, "i", plan.get(0, "i"))
    yield "a process that is its own parent", of_itself, REFUSED

    def of_its_child(stream):
        child(stream, 30999, 0)
        stream.find(CORE, PLAN).put(8, "i", 30999)
    yield "a process that is its child's child", of_its_child, REFUSED

    def of_a_root(stream):
        root(stream, 30999, 0)
        stream.find(CORE, PLAN).put(8, "i", 30999)
    yield "a process whose parent has no state", of_a_root, REFUSED

    def vdso_hash(stream):
        area(stream, 4).put(56, "Q", 1)
    yield "another vDSO", vdso_hash, REFUSED

    def vdso_place(stream):
        area(stream, 4).put(0, "QQ", 0x10000, 0x12000)
    yield "the vDSO apart from its data", vdso_place, REFUSED

    def pages_at(address):
        def spoil(stream):
            stream.find(MEMORY, 3, channel=BULK).put(0, "Q", address)
        return spoil
    for what, address in (("in the kernel", KERNEL), ("in the kernel's text", KERNEL_TEXT),
                          ("not canonical", NON_CANONICAL), ("at 0", 0), ("at 1", 1),
                          ("where there is no area", 0x10000000000), ("at the top", 0xfffffffffffff000),
                          ("that wrap around", 0xffffffffffffff00)):
        yield f"pages {what}", pages_at(address), REFUSED

    def pages_over_end(stream):
        record = stream.find(MEMORY, 3, channel=BULK)
        anonymous = area(stream, 1)
        record.put(0, "Q", anonymous.get(8, "Q") - 4096)
        if record.get(8, "I") == 1:
            record.put(8, "I", 2)
            record.body.extend(bytes(4096))
    yield "pages over the end of their area", pages_over_end, REFUSED

    for count in (0, 0xffffffff, 1 << 20):
        def pages_count(stream, c=count):
            stream.find(MEMORY, 3, channel=BULK).put(8, "I", c)
        yield f"{count} pages", pages_count, REFUSED

    def pages_of_vdso(stream):
        stream.find(MEMORY, 3, channel=BULK).put(0, "Q", area(stream, 4).get(0, "Q"))
    yield "pages of the vDSO", pages_of_vdso, REFUSED

    def garbage_xstate(stream):
        body = stream.find(TASK, 4).body
        body[:] = random.Random(2).randbytes(len(body))
    yield "register state of noise", garbage_xstate, REFUSED

    def garbage_registers(stream):
        record = stream.find(TASK, 3)
        record.body[:] = random.Random(3).randbytes(len(record.body))
    yield "general registers of noise", garbage_registers, REFUSED

    def kernel_handlers(stream):
        record = stream.find(SIGNALS, 1)
        for signal in range(64):
            record.put(signal * 32, "QQQQ", KERNEL_TEXT, 0xffffffffffffffff, KERNEL, 0xffffffffffffffff)
    yield "signal handlers in the kernel", kernel_handlers, SURVIVED

    def many_pending(stream):
        at = next(i for i, r in enumerate(stream.demand) if (r.subsystem, r.type) == (SIGNALS, 3))
        stream.demand[at:at] = [stream.copy().demand[at] for _ in range(5000)]
    yield "5000 pending signals", many_pending, SURVIVED

    def many_descriptors(stream):
        at = next(i for i, r in enumerate(stream.demand) if (r.subsystem, r.type) == (FILES, 3))
        more = [stream.copy().demand[at] for _ in range(2000)]
        for number, record in enumerate(more):
            record.put(0, "I", 100 + number)
        stream.demand[at + 1:at + 1] = more
    yield "2000 descriptors, limit 1024", many_descriptors, SURVIVED


def cut_everywhere(tier, recording):
    """At every border of two records, and inside some."""
    stream = recording.get()
    demand, bulk = stream.bytes(DEMAND), stream.bytes(BULK)
    borders, at = [], 0
    for record in stream.demand:
        borders += [at, at + 7, at + 32]
        at += 32 + len(record.body)
    borders = sorted({b for b in borders if b < len(demand)})
    # each cut costs a stub: a sample from the beginning to the end
    for cut in borders[::max(1, len(borders) // 24)] + borders[-3:]:
        word, answer = attempt(tier, recording, demand[:cut], bulk, run_it=False)
        require(word != "READY", f"the target took {cut} of {len(demand)} bytes")
        judge(word, answer, REFUSED)
    for cut in (0, 5, 32, 48, len(bulk) // 2, len(bulk) - 40, len(bulk) - 1):
        word, answer = attempt(tier, recording, demand, bulk[:cut], run_it=False)
        require(word != "READY", f"the target took {cut} of {len(bulk)} bulk bytes")
        judge(word, answer, REFUSED)
    nothing_left(tier.b)


def fuzz(tier, recording):
    for number in range(FUZZ_ROUNDS * tier.options.spoiled):
        seed = f"{tier.options.seed} {number}"
        chance = random.Random(seed)
        stream = recording.get()
        parts = {DEMAND: bytearray(stream.bytes(DEMAND)), BULK: bytearray(stream.bytes(BULK))}
        for _ in range(chance.choice((1, 1, 2, 8))):
            # mostly the demand channel: bulk is pages, where every byte is allowed
            part = parts[DEMAND if chance.random() < 0.9 else BULK]
            part[chance.randrange(len(part))] = chance.choice((0, 1, 0x7f, 0x80, 0xff, chance.randrange(256)))
        try:
            word, answer = attempt(tier, recording, bytes(parts[DEMAND]), bytes(parts[BULK]), run_it=True)
            if word != "READY" and answer.get("state") != "ABORTED":
                raise Failed(f"the target is {answer.get('state')}: {word}")
        except Failed as failed:
            raise Failed(f"seed {seed}: {failed}") from None
    nothing_left(tier.b)


def goes_on(tier, recording):
    """All that time its copy on the source was nobody's business."""
    recording.get()
    program = recording.program
    require(tier.a.exists(program.pid), "it is gone")
    require("ready" in program.text(), "its open file was truncated by a copy")
    program.stop(tier.a)
    nothing_left(*tier.guests)
