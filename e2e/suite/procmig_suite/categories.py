# SPDX-License-Identifier: Apache-2.0
"""Kinds of programs, for the table: named by whoever made the folder, or by what one is seen to use."""
import fnmatch
import re

FILE = "categories"
_DESCRIPTION = re.compile(r"""['"]?category['"]?\s*[:=]\s*['"]?([\w -]+)""")


class Categories:
    """`categories` in the folder, lines of PATTERN CATEGORY, first match; or `category: …` in NAME.desc."""

    def __init__(self, folder):
        self._folder = folder
        self._patterns = []
        if (folder / FILE).is_file():
            for line in (folder / FILE).read_text(encoding="utf-8").splitlines():
                words = line.split("#")[0].split(None, 1)
                if len(words) == 2:
                    self._patterns.append((words[0], words[1].strip()))

    def named(self, name):
        """The category that the folder gives a program; empty if it gives none."""
        for pattern, category in self._patterns:
            if fnmatch.fnmatchcase(name, pattern):
                return category
        description = self._folder / f"{name}.desc"
        if description.is_file():
            match = _DESCRIPTION.search(description.read_text(errors="replace"))
            return match[1].strip() if match else ""
        return ""


#: what a descriptor or a mapping leads to, by the first pattern that fits; the first line wins
_KINDS = (
    ("sockets", re.compile(r"^socket:")),
    ("terminals", re.compile(r"^/dev/(pts/|ptmx|tty)")),
    ("event descriptors", re.compile(r"^anon_inode:")),
    ("pipes", re.compile(r"^pipe:")),
    ("shared memory", re.compile(r"^/(memfd:|SYSV|dev/shm/)")),
    ("deleted files", re.compile(r"^/(?!dev/zero).* \(deleted\)$")),
)


def observed(look):
    """The kind of a running program, from a hand's look at it."""
    if len(look) > 1:
        return "process trees"
    process = next(iter(look.values()), {})
    if len(process.get("threads", ())) > 1:
        return "threads"
    descriptors = process.get("fds", {}).values()
    seen = [told["link"] for told in descriptors] + [area[3] for area in process.get("maps", ())]
    for kind, pattern in _KINDS:
        if any(map(pattern.match, seen)):
            return kind
    if any("locks" in told for told in descriptors):
        return "file locks"
    # Its own output, where it is and a null device belong to the protocol.
    own = [told["link"] for told in descriptors
           if not told["link"].startswith("/dev/null") and not told["link"].endswith(".inprogress")
           and told["link"] != process.get("cwd")]
    return "files" if any(not link.endswith((".out", ".console")) for link in own) else "single processes"
