# SPDX-License-Identifier: MIT
"""Whole-system tests: each tests/system/*.test is a TOML file on one screen.

    purpose  = "what is shown"
    conf     = "native"            name in conf/, or a path beginning with tests/
    root     = "build/ktest/x.elf" this program in place of the root server, and no system
    run      = ["--icount"]        more options of tools/run
    programs = ["tests/system/x.c"] are linked statically and put into Linux's root directory
    add      = ["/usr/bin/x"]      programs of this machine to put into Linux, with their libraries
    cmd      = "uname"             a command in Linux instead of watching the console
    expect   = ["regex", ...]      must match console lines, in this order
    forbid   = ["regex", ...]      must match none; `not ok` and panics are forbidden as well unless
    panics   = true                a panic is part of the test
    status   = 0                   what tools/run must end with; without it the test ends at the last expected line
    needs    = ["build/FILE"]      skipped while one of these is not there
    deadline = 120                 seconds of wall time after which it has failed
    [long]                         keys that replace these in the long mode (tests/run --long)
"""
import os
import re
import selectors
import signal
import subprocess
import time
import tomllib

from runlib.binaries import with_libraries
from . import Result, TOP, files, newer, output_path, relative, run, stem, tail

KEYS = {"purpose", "conf", "run", "cmd", "expect", "forbid", "status", "deadline", "needs", "panics", "root", "long",
        "programs", "add"}
LONG = False
FORBIDDEN = [r"\bnot ok\b", r"\b[Pp]anic\b"]


class Watch:
    """Matches lines against what is expected and what is forbidden."""

    def __init__(self, spec):
        self.expected = [re.compile(p) for p in spec.get("expect", [])]
        always = [] if spec.get("panics") else FORBIDDEN
        self.forbidden = [re.compile(p) for p in always + spec.get("forbid", [])]
        self.next = 0
        self.why = ""

    def line(self, text):
        for pattern in self.forbidden:
            if pattern.search(text):
                self.why = f"forbidden: {text.strip()}"
        if self.next < len(self.expected) and self.expected[self.next].search(text):
            self.next += 1

    @property
    def satisfied(self):
        return self.next == len(self.expected)

    def missing(self):
        return "" if self.satisfied else f"missing: {self.expected[self.next].pattern}"


def added(source):
    """The option that adds a program to Linux."""
    path = output_path("system", stem(source))
    if not newer(path, os.path.join(TOP, source)):
        status, text = run(["gcc", "-O1", "-Wall", "-static", "-o", path, os.path.join(TOP, source)], 60)
        if status:
            raise ValueError(text)
    return ["--add", f"{path}:/{stem(source)}"]


def command(spec, log):
    what = ["--root", spec["root"]] if "root" in spec else ["--conf", spec.get("conf", "native")]
    line = ["tools/run", *what, "--batch", "--log", log,
            "--timeout", str(spec.get("deadline", 120)), *spec.get("run", [])]
    line += [option for source in spec.get("programs", []) for option in added(source)]
    for here, there in sorted({pair for path in spec.get("add", []) for pair in with_libraries(path)}):
        line += ["--add", f"{here}:{there}"]
    return line + (["--cmd", spec["cmd"]] if "cmd" in spec else [])


def follow(line, spec, watch):
    """Runs until the outcome is clear; the exit status, or None when it was ended here."""
    process = subprocess.Popen(line, cwd=TOP, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    end = time.monotonic() + spec.get("deadline", 120) + 30
    rest = b""
    selector = selectors.DefaultSelector()
    selector.register(process.stdout, selectors.EVENT_READ)
    try:
        while time.monotonic() < end:
            if not selector.select(1):
                continue
            data = os.read(process.stdout.fileno(), 65536)
            *lines, rest = (rest + data).split(b"\n")
            for text in lines + ([] if data else [rest]):
                watch.line(text.decode(errors="replace").rstrip("\r"))
            if not data:
                return process.wait()
            if watch.why or (watch.satisfied and "status" not in spec):
                return None
        watch.why = watch.why or "no end"
        return None
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait()


def load(path):
    with open(path, "rb") as file:
        spec = tomllib.load(file)
    unknown = set(spec) - KEYS
    if unknown:
        raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
    more = spec.pop("long", {})
    return spec | more if LONG else spec


def test(path):
    name = f"system/{stem(path)}"
    try:
        spec = load(path)
    except ValueError as error:
        return [Result(name, str(error))]
    needs = spec.get("needs", []) + ([spec["root"]] if "root" in spec else [])
    missing = [p for p in needs if not os.path.exists(os.path.join(TOP, p))]
    if missing:
        return [Result(name, skip=f"{missing[0]} is not there")]
    log = output_path("system", stem(path) + ".log")
    try:
        line = command(spec, log)
    except ValueError as error:
        return [Result(name, "a program does not build", str(error))]
    watch = Watch(spec)
    status = follow(line, spec, watch)
    why = watch.why or watch.missing()
    if not why and "status" in spec and status != spec["status"]:
        why = f"exit status {status} instead of {spec['status']}"
    if not why:
        return [Result(name)]
    text = ""
    if os.path.exists(log):
        with open(log, encoding="utf-8", errors="replace") as file:
            text = tail(file.read().replace("\r", ""))
    retry = None if "--icount" in line else lambda: test(path)[0]
    return [Result(name, why, f"{text}\nlog: {relative(log)}\nagain: {' '.join(line)}", retry=retry)]


def jobs(chosen):
    for path in files("system", ".test"):
        if chosen(f"system/{stem(path)}"):
            yield f"system/{stem(path)}", lambda path=path: test(path)
