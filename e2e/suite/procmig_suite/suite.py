# SPDX-License-Identifier: Apache-2.0
"""A folder of programs, one after the other."""
import os
import shutil
import time
import traceback

from . import report
from .categories import Categories
from .ending import Ending
from .errors import GuestLost, Interrupted
from .machines import Machines, say
from .trial import Fate, Trial

_KEPT_BYTES = 1 << 20


def programs(folder):
    """Names of the programs below a folder: executable files, but none that belongs to another
    program (NAME.hook beside NAME)."""
    found = [path.relative_to(folder).as_posix() for path in folder.rglob("*")
             if path.is_file() and os.access(path, os.X_OK)
             and not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    return sorted(name for name in found if name.rpartition(".")[0] not in found)


class Suite:
    def __init__(self, folder, logs, environment, ending=None, machines=Machines):
        self.environment = environment      # of the programs, beyond the usual
        self.ending = ending or Ending()
        self.verdicts = []
        self._machines = machines(folder, logs, self.ending)
        self._categories = Categories(folder)
        self._logs = logs

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

    def run(self, names, hops, build):
        """Verdicts of all programs, or of those that were decided when the run was to end."""
        started = time.monotonic()
        try:
            self._machines.prepare(build)
            started = time.monotonic()
            for number, name in enumerate(names, start=1):
                self.verdicts.append(self._try(name, hops, number))
                print(report.line(number, self.verdicts[-1]), flush=True)
        except Interrupted:
            say(f"interrupted: {len(names) - len(self.verdicts)} programs have not been tried")
        finally:
            self._machines.close()
        say(f"{len(self.verdicts)} programs took {time.monotonic() - started:.0f} s, "
            f"the guests were reset {self._machines.resets} times")
        return self.verdicts

    def _try(self, name, hops, number):
        consoles = self._machines.console_sizes()
        trial = Trial(self, name, hops, number)
        verdict = trial.verdict
        lost = None
        try:
            trial.run()
            trial.clean_up()
            troubles = self._machines.kernel_troubles()
        except GuestLost as failure:
            # Both are reset: there is nothing to clean up, and nobody to do it.
            lost = failure
            troubles = self._machines.console_troubles(consoles)
        except Exception as failure:    # pylint: disable=broad-except
            # A fault of this runner's must not cost the programs that follow.
            self.record(name, "traceback", traceback.format_exc())
            lost, troubles = f"{type(failure).__name__}: {failure}", []
        self._keep(trial)
        if lost and verdict.fate in (Fate.PASSED, Fate.SKIPPED):
            verdict.fate, verdict.reason = Fate.BROKEN, str(lost)
        elif lost:
            verdict.notes.append(str(lost))
        if troubles:
            if verdict.reason:
                verdict.notes.insert(0, f"{verdict.fate.value}: {verdict.reason}")
            verdict.fate, verdict.reason = Fate.KERNEL, " / ".join(troubles[:3])
            self.record(name, "kernel", "\n".join(troubles) + "\n")
        if lost or troubles:
            say(f"the guests are reset: {lost or troubles[0]}")
            self._machines.reset()
        return verdict

    def _keep(self, trial):
        """What a program wrote, unless all is well."""
        program = trial.program
        if trial.verdict.fate is not Fate.PASSED:
            for entry in program.work.iterdir():
                if entry.is_file() and not entry.is_symlink() and entry.name.startswith(program.base):
                    with open(entry, "rb") as file:
                        self.record(program.name, entry.name, file.read(_KEPT_BYTES).decode(errors="replace"))
        shutil.rmtree(program.work, ignore_errors=True)


