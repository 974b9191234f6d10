# SPDX-License-Identifier: MIT
"""What programs of this machine need to run in the guest."""
import os
import re
import subprocess

LIBRARY = re.compile(r"(/\S+) \(0x")


def with_libraries(path):
    """A file of this machine and the shared libraries that its loader would find: (here, in Linux)."""
    found = [path]
    if os.path.isfile(path):
        with open(path, "rb") as file:
            program = file.read(4) == b"\x7fELF"
        if program:
            text = subprocess.run(["ldd", path], check=False, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL).stdout.decode(errors="replace")
            found += LIBRARY.findall(text)
    return [(os.path.realpath(p), p) for p in found]
