# SPDX-License-Identifier: Apache-2.0
"""A folder of programs, one after the other or several at once."""
import collections
import os
import shutil
import threading
import time
import traceback

from . import report
from .categories import Categories
from .ending import Ending
from .errors import GuestLost, Interrupted
from .machines import Machines, say
from .trial import Fate, Trial, Verdict

PATIENCE_SECONDS = 60
_KEPT_BYTES = 1 << 20


def programs(folder):
    """Names of the programs below a folder: executable files, but none that belongs to another
    program (NAME.hook beside NAME)."""
    found = [path.relative_to(folder).as_posix() for path in folder.rglob("*")
             if path.is_file() and os.access(path, os.X_OK)
             and not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    return sorted(name for name in found if name.rpartition(".")[0] not in found)


class Suite:
    def __init__(self, folder, logs, environment, ending=None, machines=Machines, patience=PATIENCE_SECONDS):
        self.environment = environment      # of the programs, beyond the usual
        self.patience = patience            # with their start, with each look at them, and with their end
        self.ending = ending or Ending()
        self.verdicts = []
        self._machines = machines(folder, logs, self.ending)
        self._categories = Categories(folder)
        self._logs = logs
        self._lock = threading.Lock()

    @property
    def guests(self):
        return self._machines.guests

    def category(self, name):
        return self._categories.named(name)

    def work_directory(self, name):
        return self._machines.work_directory(name)

    def record(self, name, kind, text):
        """Keep something for whoever looks into it."""
        directory = self._logs / name.replace("/", "-")
        directory.mkdir(parents=True, exist_ok=True)
        with open(directory / kind, "a", encoding="utf-8") as file:
            file.write(text)

    def run(self, names, hops, build, jobs=1):
        """Verdicts of all programs, or of those that were decided when the run was to end."""
        started = time.monotonic()
        try:
            self._machines.prepare(build)
            started = time.monotonic()
            if jobs > 1:
                names = self._side_by_side(names, hops, jobs)
            for name in names:
                self._decide(self._alone(name, hops))
        except Interrupted:
            say(f"interrupted: only {len(self.verdicts)} programs have been decided")
        finally:
            self._machines.close()
        say(f"{len(self.verdicts)} programs took {time.monotonic() - started:.0f} s, "
            f"the guests were reset {self._machines.resets} times")
        return self.verdicts

    def _decide(self, verdict):
        self.verdicts.append(verdict)
        print(report.line(len(self.verdicts), verdict), flush=True)

    # ---- one program at a time ----

    def _alone(self, name, hops):
        trial, lost, troubles = self._try(name, hops, alone=True)
        verdict = trial.verdict
        self._keep(trial)
        if lost and verdict.fate in (Fate.PASSED, Fate.SKIPPED):
            verdict.fate, verdict.reason = Fate.BROKEN, lost
        elif lost:
            verdict.notes.append(lost)
        if troubles:
            if verdict.reason:
                verdict.notes.insert(0, f"{verdict.fate.value}: {verdict.reason}")
            verdict.fate, verdict.reason = Fate.KERNEL, " / ".join(troubles[:3])
            self.record(name, "kernel", "\n".join(troubles) + "\n")
        if lost or troubles:
            say(f"the guests are reset: {lost or troubles[0]}")
            self._machines.reset()
        return verdict

    def _try(self, name, hops, alone):
        """A program's trial; why a guest cannot be used any more; what its kernel log must not have."""
        consoles = self._machines.console_sizes()
        trial = Trial(self, name, hops, alone)
        try:
            trial.run()
            trial.clean_up()
            with self._lock:
                return trial, None, self._machines.kernel_troubles()
        except GuestLost as failure:
            # Both are reset: there is nothing to clean up, and nobody to do it.
            return trial, str(failure), self._machines.console_troubles(consoles)
        except Exception as failure:    # pylint: disable=broad-except
            # A fault of this runner's must not cost the programs that follow.
            self.record(name, "traceback", traceback.format_exc())
            return trial, f"{type(failure).__name__}: {failure}", []

    def _keep(self, trial):
        """What a program wrote, unless all is well."""
        program = trial.program
        if trial.verdict.fate is not Fate.PASSED:
            for entry in program.work.iterdir():
                if entry.is_file() and not entry.is_symlink() and entry.name.startswith(program.base):
                    with open(entry, "rb") as file:
                        self.record(program.name, entry.name, file.read(_KEPT_BYTES).decode(errors="replace"))
        shutil.rmtree(program.work, ignore_errors=True)

    # ---- several at once ----

    def _side_by_side(self, names, hops, jobs):
        """Those that are to be tried alone: whatever is not well beside others may be the others' doing."""
        waiting = collections.deque(names)
        undecided = []
        while waiting:
            flight = _Flight()
            threads = [threading.Thread(target=self._fly, args=(flight, waiting, hops, undecided), daemon=True)
                       for _ in range(jobs)]
            for thread in threads:
                thread.start()
            self.ending.join(threads)
            if flight.trouble:
                say(f"the guests are reset: {flight.trouble}")
                self._machines.reset()
        say(f"{len(undecided)} programs are tried alone")
        return sorted(undecided)

    def _fly(self, flight, waiting, hops, undecided):
        try:
            while not flight.trouble:
                self.ending.check()
                with self._lock:
                    if not waiting:
                        return
                    name = waiting.popleft()
                    flight.programs.add(name)
                trial, lost, troubles = self._try(name, hops, alone=False)
                shutil.rmtree(trial.program.work, ignore_errors=True)
                with self._lock:
                    self._landed(flight, trial, lost, troubles, undecided)
                    flight.programs.discard(name)
        except Interrupted:
            pass        # who waits for this thread raises it too

    def _landed(self, flight, trial, lost, troubles, undecided):
        name, verdict = trial.program.name, trial.verdict
        if troubles:
            # That a program then passes alone does not undo it.
            self.record(name, "kernel", "\n".join(troubles) + "\n")
            self._decide(Verdict(" + ".join(sorted(flight.programs)), "side by side", Fate.KERNEL,
                                 " / ".join(troubles[:3])))
        flight.trouble = flight.trouble or lost or (troubles[0] if troubles else None)
        if verdict.fate is Fate.PASSED and not flight.trouble:
            self._decide(verdict)
        else:
            say(f"{name} beside others: {lost or verdict}")
            undecided.append(name)


class _Flight:
    """Programs that are in the guests together, until these must be reset."""

    def __init__(self):
        self.programs = set()
        self.trouble = None
