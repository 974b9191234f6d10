# SPDX-License-Identifier: MIT
"""Host tests: each tests/unit/*.c is a program, built with the shipped files it names, sanitizers on.

A program names what it is built from in its opening comment:
    sources: microkernel/memory/slab.c tests/unit/support/fake.c
    cflags: -Imicrokernel/include
It prints `ok NAME` or `not ok NAME why` for each of its checks and ends with a status of 0 when all passed.
"""
import os
import re

from . import Result, TOP, files, newer, output_path, relative, run, stem, tail

CFLAGS = ["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Wno-unused-parameter",
          "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
          "-Il4re/abi", "-Itests/unit/include", "-DSKERRY_UNIT_TEST"]
DIRECTIVE = re.compile(r"^[ /*]*(sources|cflags):\s*(.*?)\s*(?:\*/)?$", re.M)
CHECK = re.compile(r"^(not ok|ok) (\S+)[ \t]*(.*)$", re.M)
DEADLINE = 300


def directives(source):
    found = {"sources": [], "cflags": []}
    with open(source, encoding="utf-8") as file:
        for key, value in DIRECTIVE.findall(file.read(4096)):
            found[key] += value.split()
    return found


def build(source):
    """The program's path, or a Result that says why there is none."""
    program = output_path("unit", stem(source))
    named = directives(source)
    # Headers are many and small: a change in any of the named folders rebuilds.
    if newer(program, source, *[os.path.join(TOP, s) for s in named["sources"]], *headers()):
        return program, None
    line = [os.environ.get("HOSTCC", "gcc"), *CFLAGS, *named["cflags"], "-o", program,
            relative(source), *named["sources"], "-lpthread"]
    status, text = run(line, DEADLINE)
    if status:
        return None, Result(f"unit/{stem(source)}", "does not build", tail(text) + "\nagain: " + " ".join(line))
    return program, None


def headers():
    for folder in ("microkernel", "l4re", "drivers", "tests/unit"):
        for path, _, names in os.walk(os.path.join(TOP, folder)):
            yield from (os.path.join(path, n) for n in names if n.endswith(".h"))


def test(source):
    name = f"unit/{stem(source)}"
    program, failure = build(source)
    if failure:
        return [failure]
    status, text = run([program], DEADLINE)
    results = [Result(f"{name}/{check}", why or "not ok" if verdict == "not ok" else "",
                      tail(text) + "\nagain: " + relative(program))
               for verdict, check, why in CHECK.findall(text)]
    if status and not any(r.failed for r in results):
        results.append(Result(name, f"exit status {status}", tail(text) + "\nagain: " + relative(program)))
    return results or [Result(name)]


def jobs(chosen):
    for source in files("unit", ".c"):
        if chosen(f"unit/{stem(source)}"):
            yield f"unit/{stem(source)}", lambda source=source: test(source)
