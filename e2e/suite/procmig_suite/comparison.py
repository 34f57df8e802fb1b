# SPDX-License-Identifier: Apache-2.0
"""Whether a program is what it was: what a hand saw of it before a move and after."""
import dataclasses
import re

_NUMBERED = re.compile(r"^(socket|pipe|/dev/pts/)(?::\[)?(\d+)\]?$")
_SHOWN = 160


def flat(look):
    """A look at a program as {(pid, what): value}, without what is another number on every machine."""
    names = {}
    facts = {("", "processes"): sorted(look)}
    for pid in sorted(look):
        process = look[pid]
        for what, value in process.items():
            if what == "fds":
                facts[pid, "descriptors"] = sorted(map(int, value))
                for number in sorted(value, key=int):
                    for name, told in value[number].items():
                        if name == "link":
                            told = _anonymous(told, names)
                        facts[pid, f"fd {number} {name}"] = told
            elif what == "parent":
                # Whose own parent had ended is the child of whoever reaps there.
                facts[pid, what] = value if value in look else "outside"
            elif what == "maps":
                areas = _joined(value)
                for area in areas:
                    facts[pid, f"mapping {area[0]}"] = area[1:]
                facts[pid, "mappings"] = [area[0] for area in areas]
            elif what == "limits":
                for line in value.splitlines():
                    facts[pid, f"limit {line[:25].strip().lower()}"] = " ".join(line[25:].split())
            else:
                facts[pid, what] = value
    return facts


def _joined(areas):
    """Areas that touch and continue each other count as one: when a kernel merges them is its own matter."""
    joined = []
    for bounds, rights, offset, name in areas:
        start, end = (int(bound, 16) for bound in bounds.split("-"))
        if joined and joined[-1].is_continued_by(start, rights, offset, name):
            joined[-1].end = end
        else:
            joined.append(_Area(start, end, rights, offset, name))
    return [area.seen() for area in joined]


@dataclasses.dataclass
class _Area:
    start: int
    end: int
    rights: str
    offset: str
    name: str

    def is_continued_by(self, start, rights, offset, name):
        if (start, rights, name) != (self.end, self.rights, self.name):
            return False
        # The heap, too, is anonymous.
        return not name.startswith("/") or int(offset, 16) == int(self.offset, 16) + start - self.start

    def seen(self):
        return [f"{self.start:x}-{self.end:x}", self.rights, self.offset, self.name]


def _anonymous(link, names):
    """socket:[4711] is the first socket: which descriptors share one must stay, its number cannot."""
    match = _NUMBERED.match(link)
    if not match:
        return link
    kind = match[1].rstrip("/")
    known = names.setdefault(kind, {})
    return f"{kind} #{known.setdefault(match[2], len(known) + 1)}"


def steady(*looks):
    """The facts on which all looks agree: what a program changes all the time by itself says nothing."""
    first, *others = map(flat, looks)
    return {key: value for key, value in first.items()
            if all(key in other and other[key] == value for other in others)}


def changes(before, after):
    """Lines about facts of @before that @after contradicts; both are facts."""
    lines = []
    for (pid, what), value in sorted(before.items(), key=str):
        now = after.get((pid, what))
        if now != value:
            at = f"process {pid}: " if pid else ""
            lines.append(f"{at}{what} was {_short(value)} and is {_short(now)}")
    return lines


def has_only_grown(before, after):
    """Whether all that differs is private anonymous memory that processes did not have before."""
    for (pid, what), value in before.items():
        now = after.get((pid, what))
        if now == value:
            continue
        if what != "mappings" or now is None or not set(value) <= set(now):
            return False
        more = (after[pid, f"mapping {bounds}"] for bounds in set(now) - set(value))
        if not all(rights.endswith("p") and not name for rights, _, name in more):
            return False
    return True


def _short(value):
    text = "gone" if value is None else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
