# SPDX-License-Identifier: Apache-2.0
"""One program of the protocol: how it is started, ended and asked for its verdict."""
import re
import signal

from .guest import PROGRAMS

#: what every program that tells its progress counts, and then writes all its counts
LOOKS = "looks"
_TRIES = 4
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME": "/root", "LANG": "C"}
#: --name=kind at the start of a line of help; what is optional stands in brackets
_OPTION = re.compile(r"^\s*--([\w-]+)=(\S+)", re.MULTILINE)
#: --name anywhere in a complaint
_MENTIONED = re.compile(r"--(filename|dirname)\b")
_NUMBER = re.compile(r"u?int|u?long|number|\d", re.IGNORECASE)


def counts(text):
    """What a file of progress says: {name: count}."""
    return {name: int(count) for name, count in (line.split() for line in text.splitlines())}


class NotStarted(Exception):
    """The program does not run here; the text is what it said."""


def missing_options(said, given):
    """What a program that would not start complains of: {option: kind}, without what it was given."""
    wanted = dict(_OPTION.findall(said))
    for name in _MENTIONED.findall(said):
        wanted.setdefault(name, "string")
    return {name: kind for name, kind in wanted.items() if name not in given}


def value(option, kind, name):
    """A value for an option that a program insists on."""
    if option in ("filename", "dirname"):
        return f"{name}.{'test' if option == 'filename' else 'dir'}"
    return "18" if _NUMBER.match(kind) else option


class Program:
    """In a directory that is the same one in both guests and on this machine."""

    def __init__(self, name, work, place, environment, patience):
        """@patience: seconds that it may take to start, to be looked at, and to end."""
        self.name = name
        self.base = name.replace("/", "-")
        self.path = f"{PROGRAMS}/{name}"    # there
        self.work = work                    # here
        self.directory = place              # there
        self.environment = {**_ENVIRONMENT, **environment}
        self.patience = patience
        self.pid = None

    @property
    def console(self):
        return f"{self.base}.console"

    def start(self, guest):
        """Run it in a guest until it has daemonised."""
        options = {"pidfile": f"{self.base}.pid", "outfile": f"{self.base}.out"}
        for _ in range(_TRIES):
            ended = self._try(guest, options)
            if "refused" in ended:
                raise NotStarted(ended["refused"])
            if ended["status"] == 0:
                self.pid = self._read_pid()
                return
            said = self._text(self.console)
            guest.do("tidy", pids=[ended["first"]], program=self.path)
            more = missing_options(said, options)
            if not more or ended["status"] is None:
                raise NotStarted(self._complaint(ended["status"], said))
            options |= {option: value(option, kind, self.base) for option, kind in more.items()}
        raise NotStarted(self._complaint(ended["status"], said))

    def _try(self, guest, options):
        for entry in self.work.iterdir():
            if not entry.is_dir():
                entry.unlink()
        return guest.do("start", self.patience + 10, argv=[
            self.path, *(f"--{name}={value}" for name, value in options.items())],
            directory=self.directory, console=f"{self.directory}/{self.console}",
            environment=self.environment, timeout=self.patience)

    def _complaint(self, status, said):
        how = f"its first process did not end within {self.patience} s" if status is None else \
            f"exit status {status}"
        return f"{how}: {last_lines(self.outcome() or said) or 'it said nothing'}"

    def _read_pid(self):
        text = self._text(f"{self.base}.pid").strip()
        if not text.isdigit():
            raise NotStarted(f"its pid file holds '{text}'")
        return int(text)

    def _text(self, name):
        try:
            return (self.work / name).read_text(errors="replace")
        except FileNotFoundError:
            return ""

    # ---- its end ----

    def finish(self, guest):
        """SIGTERM; None if the verdict is PASS, else what it left."""
        left = guest.do("end", self.patience + 10, pid=self.pid, number=int(signal.SIGTERM), timeout=self.patience)
        said = self.outcome()
        if left:
            return f"did not end within {self.patience} s of SIGTERM: {last_lines(said)}"
        if said.split()[-1:] == ["PASS"] and self.has_ended():
            return None
        return last_lines(said) or "it left no word"

    def has_ended(self):
        """Whether it came to an end of its own making: some write their last word under this name only."""
        return bool(self._text(f"{self.base}.out").strip())

    def progress(self):
        """How much it has done of what: {name: count}, empty if it does not tell."""
        return counts(self._text(f"{self.base}.out.progress"))

    def outcome(self):
        """What it wrote, also where it did not come to its end."""
        for name in (f"{self.base}.out", f"{self.base}.out.inprogress"):
            if text := self._text(name):
                return text
        return ""


def last_lines(text, count=3):
    return " | ".join(line.strip() for line in text.strip().splitlines()[-count:])


