# SPDX-License-Identifier: MIT
"""What the phases of tests/run share: results, paths, running a program."""
import dataclasses
import os
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(TOP, "build", "tests")
TAIL = 25


@dataclasses.dataclass
class Result:
    """
    One test's outcome: why and log are empty when it passed, skip says why it did not run. Where QEMU follows the
    host's clock, retry() tells the outcome on a machine that does nothing else.
    """
    name: str
    why: str = ""
    log: str = ""
    skip: str = ""
    known: str = ""
    retry: object = None

    @property
    def failed(self):
        return bool(self.why) and not self.known


def output_path(*parts):
    path = os.path.join(OUT, *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def relative(path):
    return os.path.relpath(path, TOP)


def newer(path, *sources):
    """Whether path exists and is not older than any source."""
    if not os.path.exists(path):
        return False
    age = os.path.getmtime(path)
    return all(os.path.getmtime(s) <= age for s in sources)


def run(line, timeout, **options):
    """Exit status and merged output of a program; status 124 when the time is over."""
    try:
        done = subprocess.run(line, cwd=TOP, timeout=timeout, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return 124, (late.stdout or b"").decode(errors="replace") + f"\n(no end after {timeout} s)"


def tail(text):
    return "\n".join(text.rstrip().splitlines()[-TAIL:])


def files(directory, *endings):
    """Sorted files of a folder below tests/ with one of these endings."""
    path = os.path.join(TOP, "tests", directory)
    if not os.path.isdir(path):
        return []
    return [os.path.join(path, f) for f in sorted(os.listdir(path)) if f.endswith(endings)]


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]
