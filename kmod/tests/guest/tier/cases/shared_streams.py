# SPDX-License-Identifier: GPL-2.0-only
"""Streams that no source sends, of processes that share memory, files and pages."""
from ..program import Program
from ..report import require
from ..stream import BULK, FILES, MEMORY, Record
from .streams import REFUSED, SURVIVED, Recording, as_recorded, play

OPEN_FILE, COPY = 5, 0x10000
CONTEXT, DESCRIPTION, DATA, AREA, KEPT, SHARED, PAGES, PAGES_END = 1, 2, 4, 2, 5, 7, 8, 9
DIRECTORIES, DESCRIPTORS = 1, 2
NOBODY = 4711


def run(tier):
    check = tier.report.check
    recording = Recording(tier, lambda tier: Program(tier, "sharing", argument="still"))
    check("streams: shared: as recorded", as_recorded, tier, recording)
    for name, spoil, verdict in (*areas(), *deleted(), *runs(), *shared_pages(), *sharers()):
        check(f"streams: shared: {name}", play, tier, recording, spoil, verdict)


def area(stream, fits):
    """The first mapping of whatever process that is such."""
    found = next((r for r in stream.demand if (r.subsystem, r.type) == (MEMORY, AREA) and fits(r)), None)
    require(found, "no such mapping was recorded")
    return found


def open_file(stream):
    return area(stream, lambda r: r.get(24, "I") == OPEN_FILE)


def copied(stream):
    return area(stream, lambda r: r.get(28, "I") & COPY)


def deleted():
    def put(offset, value):
        def spoil(stream):
            found = next(r for r in stream.demand if (r.subsystem, r.type) == (FILES, DESCRIPTION) and
                         r.body[24:32] == b"deleted\0")
            found.put(offset, "I", value)
        return spoil
    # of /var/tmp/NAME
    yield "a deleted file whose directories are there again", put(104, 2), SURVIVED
    yield "a deleted file in more deleted directories than its path has", put(104, 3), REFUSED
    yield "a deleted file in 2^32-1 deleted directories", put(104, 0xffffffff), REFUSED
    yield "a deleted file with something reserved", put(108, 1), REFUSED


def areas():
    def description(number):
        def spoil(stream):
            open_file(stream).put(64, "I", number)
        return spoil
    yield "a mapping of a file that was not sent", description(NOBODY), REFUSED
    yield "a mapping of file number -1", description(0xffffffff), REFUSED

    def of_a_pipe(stream):
        pipe = next(r for r in stream.demand if (r.subsystem, r.type) == (FILES, DESCRIPTION) and
                    r.body[24:29] == b"pipe\0")
        open_file(stream).put(64, "I", pipe.get(0, "I"))
    yield "a mapping of a pipe", of_a_pipe, REFUSED

    def with_pages(stream):
        found = open_file(stream)
        found.put(28, "I", found.get(28, "I") | 0x8000)
    yield "pages of its own for memory that is shared", with_pages, REFUSED

    def far_behind(stream):
        open_file(stream).put(16, "Q", 1 << 62)
    yield "a mapping far behind the end of its file", far_behind, SURVIVED

    def template(pid):
        def spoil(stream):
            found = copied(stream)
            found.put(68, "i", found.process if pid is None else pid)
        return spoil
    yield "a copy of nobody", template(NOBODY), REFUSED
    yield "a copy of init", template(1), REFUSED
    yield "a copy of itself", template(None), REFUSED
    yield "a copy without a template", template(0), REFUSED

    def copy_in_first(stream):
        first = area(stream, lambda r: r.get(28, "I") & 0x8000)
        first.put(28, "I", first.get(28, "I") | COPY)
        first.put(68, "i", copied(stream).process)
    yield "a copy of a process that comes later", copy_in_first, REFUSED

    def copy_of_shared(stream):
        found, child = open_file(stream), copied(stream)
        found.put(28, "I", found.get(28, "I") | COPY)
        found.put(68, "i", child.get(68, "i"))
    yield "a copy of memory that is shared", copy_of_shared, REFUSED


def runs():
    def kept(stream):
        return stream.find(MEMORY, KEPT, channel=BULK)

    def change(offset, layout, value):
        def spoil(stream):
            kept(stream).put(offset, layout, value)
        return spoil
    yield "kept pages inside a page", change(0, "Q", 0x400001), REFUSED
    yield "kept pages in the kernel", change(0, "Q", 0xffff888000000000), REFUSED
    yield "2^32-1 kept pages", change(8, "I", 0xffffffff), SURVIVED
    yield "kept pages with something reserved", change(12, "I", 1), REFUSED

    def with_content(stream):
        kept(stream).body += bytes(4096)
    yield "kept pages with content", with_content, REFUSED

    def none(stream):
        stream.bulk = [r for r in stream.bulk if (r.subsystem, r.type) != (MEMORY, KEPT)]
    yield "nothing of the copies is kept", none, SURVIVED

    def descending(stream):
        at = [i for i, r in enumerate(stream.bulk) if (r.subsystem, r.type) == (MEMORY, KEPT)]
        stream.bulk[at[0]], stream.bulk[at[-1]] = stream.bulk[at[-1]], stream.bulk[at[0]]
    yield "kept pages in another order", descending, SURVIVED


def shared_pages():
    """Of files in memory."""
    def run(stream):
        return stream.find(FILES, PAGES, channel=BULK)

    def change(offset, layout, value):
        def spoil(stream):
            run(stream).put(offset, layout, value)
        return spoil
    yield "pages of a file that was not announced", change(0, "I", NOBODY), REFUSED
    yield "pages of a file: none", change(4, "I", 0), REFUSED
    yield "pages of a file: more than follow", change(4, "I", 33), REFUSED
    yield "pages of a file: 2^32-1", change(4, "I", 0xffffffff), REFUSED
    yield "pages of a file inside a page", change(8, "Q", 1), REFUSED
    yield "pages behind the end of the file", change(8, "Q", 1 << 40), REFUSED
    yield "pages at the end of all numbers", change(8, "Q", (1 << 64) - 4096), REFUSED

    def longer(stream):
        run(stream).body += bytes(4096)
    yield "pages of a file and more", longer, REFUSED

    def unknown(stream):
        run(stream).type = 999
    yield "a bulk record of files of unknown type", unknown, REFUSED

    def no_end(stream):
        stream.bulk.remove(stream.find(FILES, PAGES_END, channel=BULK))
    yield "pages of files without their end", no_end, REFUSED

    def announced(stream):
        in_memory = [r.get(0, "I") for r in stream.demand if (r.subsystem, r.type) == (FILES, DESCRIPTION) and
                     r.body[24:30] in (b"memfd\0", b"shmem\0")]
        return [r for r in stream.demand if (r.subsystem, r.type) == (FILES, DATA) and r.get(0, "I") in in_memory]

    def twice(stream):
        first, second = announced(stream)[:2]
        second.put(8, "I", first.get(8, "I"))
    yield "one number for the pages of two files", twice, REFUSED

    def reserved(stream):
        announced(stream)[0].put(12, "I", 1)
    yield "a number of pages with something reserved", reserved, REFUSED


def sharers():
    def sharing(what, pid, *, instead):
        """In the last process, before or instead of its own directories."""
        def spoil(stream):
            at = max(i for i, r in enumerate(stream.demand) if (r.subsystem, r.type) == (FILES, CONTEXT))
            like = stream.demand[at]
            first = next(r for r in stream.demand if r.subsystem == FILES).process
            record = Record(SHARED, like.version, FILES, like.flags, like.process, bytearray(8))
            record.put(0, "Ii", what, {"first": first, "itself": like.process}.get(pid, pid))
            stream.demand[at:at + instead] = [record]
        return spoil
    yield "directories of the first process", sharing(DIRECTORIES, "first", instead=1), SURVIVED
    yield "directories of nobody", sharing(DIRECTORIES, NOBODY, instead=1), REFUSED
    yield "directories of init", sharing(DIRECTORIES, 1, instead=1), REFUSED
    yield "its own directories", sharing(DIRECTORIES, "itself", instead=1), REFUSED
    yield "descriptors of the first process, and others", sharing(DESCRIPTORS, "first", instead=0), SURVIVED
    yield "descriptors of nobody", sharing(DESCRIPTORS, NOBODY, instead=0), REFUSED
    yield "something unknown is shared", sharing(3, "first", instead=0), REFUSED
