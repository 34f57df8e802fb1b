# SPDX-License-Identifier: GPL-2.0-only
"""Records of TCP connections that contradict each other or the stack."""
from ..migration import nothing_left
from ..program import Program
from ..report import Failed
from ..stream import FILES
from .kinds import prepare
from .streams import REFUSED, SURVIVED, Recording, play

DATA = 4
CONNECTION, RECEIVED, SENT, ENDED = 1, 2, 3, 4
OTHER = 56      # bytes of struct procmig_tcp_end: where the other end's begin

# what, offset in the record, layout, value, verdict: one member of the first end
MEMBERS = (
    ("an unknown sort of data", 8, "I", 99, REFUSED),
    ("an end that was not sent", 16, "I", 4711, REFUSED),
    ("an end that is another kind of file", 16, "I", 0, REFUSED),
    ("state 0", 20, "I", 0, REFUSED),
    ("connecting", 20, "I", 2, REFUSED),
    ("listening", 20, "I", 10, REFUSED),
    ("state 2^31", 20, "I", 1 << 31, REFUSED),
    ("it has said its last", 20, "I", 4, SURVIVED),
    ("unknown flags", 24, "I", 0xffffffff, REFUSED),
    ("an unknown error", 32, "I", 0xffffffff, SURVIVED),
    ("another number to send", 36, "I", 0x7fffffff, SURVIVED),
    ("another number to receive", 40, "I", 0x80000000, SURVIVED),
    ("a huge window to send", 44, "I", 0xffffffff, REFUSED),
    ("the largest window is less", 48, "I", 0, REFUSED),
    ("a huge window to receive", 52, "I", 0xffffffff, REFUSED),
    ("no segment", 68, "H", 0, REFUSED),
    ("windows beyond all scales", 70, "B", 15, REFUSED),
)


def run(tier):
    recording = Recording(tier, lambda _: program(tier), ready="still")
    tier.report.check("connections: spoiled records", spoiled, tier, recording)


def program(tier):
    made = Program(tier, "held", argument="=tcp")
    for guest in tier.guests:
        prepare(guest, made, "tcp")
    return made


def records(stream, what):
    return [r for r in stream.demand
            if (r.subsystem, r.type) == (FILES, DATA) and len(r.body) >= 16 and r.get(8, "I") == what]


def cases():
    for what, offset, layout, value, verdict in MEMBERS:
        yield what, lambda stream, o=offset, l=layout, v=value: \
            records(stream, CONNECTION)[0].put(o, l, v), verdict

    def same_ends(stream):
        first = records(stream, CONNECTION)[0]
        first.put(16 + OTHER, "I", first.get(16, "I"))
    yield "both ends are one", same_ends, REFUSED

    def one_end(stream):
        del records(stream, CONNECTION)[0].body[16 + OTHER:]
    yield "an end alone that nobody has closed", one_end, REFUSED

    def three_ends(stream):
        first = records(stream, CONNECTION)[0]
        first.body.extend(first.body[16:16 + OTHER])
    yield "three ends", three_ends, REFUSED

    def twice(what):
        def spoil(stream):
            at = stream.demand.index(records(stream, what)[0])
            stream.demand.insert(at, stream.copy().demand[at])
        return spoil
    yield "connected twice", twice(CONNECTION), REFUSED
    yield "ended twice", twice(ENDED), REFUSED
    yield "what was received comes twice", twice(RECEIVED), SURVIVED

    def without(what):
        def spoil(stream):
            stream.demand.remove(records(stream, what)[0])
        return spoil
    yield "content without a connection", without(CONNECTION), REFUSED
    yield "a connection without an end", without(ENDED), SURVIVED

    def late(stream):
        content = records(stream, RECEIVED)[0]
        stream.demand.remove(content)
        after = next(r for r in records(stream, ENDED) if r.get(0, "I") == content.get(0, "I") or
                     r.get(12, "I") == content.get(12, "I"))
        stream.demand.insert(stream.demand.index(after) + 1, content)
    yield "content behind the end", late, REFUSED


def spoiled(tier, recording):
    for what, spoil, verdict in cases():
        try:
            play(tier, recording, spoil, verdict)
        except Failed as failed:
            raise Failed(f"{what}: {failed}") from None
    tier.programs.append(recording.program)
    recording.program.stop(tier.a)
    nothing_left(*tier.guests)
