# SPDX-License-Identifier: MIT
"""The larger programs: this machine's sqlite3, redis, python3 and gcc, and all that they need of it in the guest."""
import os
import subprocess

from runlib.binaries import with_libraries

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
PYTHON = "/usr/bin/python3"
GCC = "/usr/bin/gcc"
SOURCE = os.path.join(HERE, "cc.c")
# Of the figures.
NAMES = ["program_sqlite", "program_python", "program_cc", "program_redis"]
# Name in the guest -> the same on this machine; tools/setup --bench installs them. Debian's redis-tools has the server
# under the name of its checker: it is one binary, and this package starts no service here.
PROGRAMS = {"/usr/bin/sqlite3": "/usr/bin/sqlite3", "/usr/bin/redis-server": "/usr/bin/redis-check-rdb",
            "/usr/bin/redis-cli": "/usr/bin/redis-cli", "/usr/bin/redis-benchmark": "/usr/bin/redis-benchmark",
            PYTHON: PYTHON, GCC: GCC}
# The library's part that a start reads, without what this machine added to it.
MODULES = "import sys, site, os; print('\\n'.join(m.__file__ for m in sys.modules.values() if getattr(m, '__file__', None)))"


def missing():
    """Why they are not measured, or nothing."""
    lacking = [here for here in PROGRAMS.values() if not os.path.exists(here)]
    return f"{', '.join(lacking)} is not there; tools/setup --bench installs it" if lacking else ""


def output(*line):
    return subprocess.run(line, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()


def python_files():
    files = output(PYTHON, "-I", "-S", "-c", MODULES).splitlines()
    compiled = [output(PYTHON, "-I", "-S", "-c", f"import importlib.util as u; print(u.cache_from_source({f!r}))").strip()
                for f in files]
    # Python looks for this folder to know where it is.
    extensions = os.path.join(os.path.dirname(output(PYTHON, "-I", "-S", "-c", "import os; print(os.__file__)")), "lib-dynload")
    return [(f, f) for f in files + compiled + [extensions] if os.path.exists(f)]


def compiler_files():
    """The compiler proper, the assembler, and the headers that the source includes."""
    pairs = with_libraries(output(GCC, "-print-prog-name=cc1").strip())
    pairs += [(here, "/usr/bin/as") if at == 0 else (here, there)
              for at, (here, there) in enumerate(with_libraries(os.path.realpath("/usr/bin/as")))]
    names = output(GCC, "-M", "-O1", SOURCE).replace("\\\n", " ").split()[2:]
    return pairs + [(os.path.realpath(n), os.path.realpath(n)) for n in names] + [(SOURCE, "/bench/cc.c")]


def additions():
    """(here, in the guest) of everything; the programs must be there."""
    pairs = [(os.path.join(HERE, "sqlite.sql"), "/bench/sqlite.sql")]
    for there, here in PROGRAMS.items():
        libraries = with_libraries(os.path.realpath(here))
        pairs += [(libraries[0][0], there)] + libraries[1:]
    pairs += python_files() + compiler_files()
    return list(dict.fromkeys(pairs))
