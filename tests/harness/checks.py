# SPDX-License-Identifier: MIT
"""Checks on the host: the tree's rules, and that the compiler of descriptions refuses what it must.

A tests/confc/*.conf names in its first line what tools/confc has to say about it:
    # error: LINE: regex          (or `# good`)
"""
import os
import re

from . import Result, TOP, files, output_path, relative, run, stem, tail

ERROR = re.compile(r"^# error: (?:(\d+): )?(.*)$")


def lint():
    status, text = run(["tools/lint"], 120)
    return [Result("lint", "see below" if status else "", tail(text) + "\nagain: tools/lint")]


def confc(path):
    name = f"confc/{stem(path)}"
    with open(path, encoding="utf-8") as file:
        first = file.readline().rstrip("\n")
    line = ["tools/confc", relative(path), "-o", output_path("confc", stem(path) + ".img")]
    status, text = run(line, 60)
    log = tail(text) + "\nagain: " + " ".join(line)
    if first == "# good":
        return [Result(name, f"exit status {status}" if status else "", log)]
    wanted = ERROR.match(first)
    if not wanted:
        return [Result(name, "its first line is neither `# good` nor `# error: ...`")]
    if status == 0:
        return [Result(name, "was accepted", log)]
    where = f"{os.path.basename(path)}:{wanted[1]}:" if wanted[1] else os.path.basename(path)
    if where not in text or not re.search(wanted[2], text):
        return [Result(name, f"the error is not `{where} {wanted[2]}`", log)]
    return [Result(name)]


def jobs(chosen):
    if chosen("lint") and os.path.exists(os.path.join(TOP, "tools", "lint")):
        yield "lint", lint
    for path in files("confc", ".conf"):
        if chosen(f"confc/{stem(path)}"):
            yield f"confc/{stem(path)}", lambda path=path: confc(path)
