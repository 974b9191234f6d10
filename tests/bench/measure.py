# SPDX-License-Identifier: MIT
"""Runs the benchmark programs and reads what they print.

A figure is a line `@bench name=... min=... median=... p99=... max=... [counter=...]`.
"""
import dataclasses
import os
import re
import subprocess

from . import larger
from .systems import DISK, DISK_NAMES, ICOUNT, PROGRAMS, SYSTEMS, TIMEOUT, TOP

KERNEL_ELF = "build/bench/kernel.elf"
PLAIN = ("name", "n", "min", "median", "p99", "max", "per")


@dataclasses.dataclass
class Figure:
    name: str
    min: float
    median: float
    p99: float
    max: float
    n: int
    counters: dict

    def scaled(self, factor):
        return dataclasses.replace(self, min=self.min * factor, median=self.median * factor, p99=self.p99 * factor,
                                   max=self.max * factor)


@dataclasses.dataclass
class Facts:
    """What the benchmark says about the system it runs on: Linux's memory, and the clock when it started."""
    total_kib: int
    start_ticks: int


class Failed(Exception):
    """A run did not bring figures; the text says why."""


def tool(line, timeout):
    done = subprocess.run(line, cwd=TOP, timeout=timeout, stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode(errors="replace").replace("\r", "")


def parse(text):
    figures = {}
    for line in re.findall(r"^@bench (.*)$", text, re.M):
        pairs = dict(pair.split("=") for pair in line.split())
        numbers = {k: float(pairs[k]) for k in ("min", "median", "p99", "max")}
        extra = {k: float(v) for k, v in pairs.items() if k not in PLAIN}
        figures[pairs["name"]] = Figure(pairs["name"], n=int(pairs["n"]), counters=extra, **numbers)
    return figures


def last_lines(text):
    return "\n".join(text.rstrip().splitlines()[-15:])


def kernel(clock=ICOUNT):
    """Figures of the kernel benchmark, wall time in ns."""
    line = ["tools/run", "--root", KERNEL_ELF, "--mem", "256M", "--batch", "--timeout", "120", *clock.run]
    status, text = tool(line, 180)
    if status or "not ok" in text:
        raise Failed(f"{' '.join(line)}: status {status}\n{last_lines(text)}")
    figures = parse(text)
    if not clock.counted:
        khz = float(re.search(r"TSC (\d+) kHz", text)[1])
        figures = {name: f if name.endswith("_ns") or name.startswith("bytes_") else f.scaled(1e6 / khz) for name, f in figures.items()}
    return figures


def programs_added():
    return [(program, f"/bench/{os.path.basename(program)}") for program in PROGRAMS]


def run_linux(system, clock, arguments=(), large=False):
    """Figures of the Linux benchmark, wall time in ns, and facts; large: the larger programs alone."""
    files = programs_added() + (larger.additions() if large else [])
    names = larger.NAMES if large else arguments
    line = system.line(clock, " ".join(["/bench/bench", *names]), files, large)
    status, text = tool(line, TIMEOUT + 60)
    if status or "@end" not in text:
        raise Failed(f"{' '.join(line)}: status {status}\n{last_lines(text)}")
    figures = parse(text)
    facts = Facts(int(re.search(r"total_kib=(\d+)", text)[1]), int(re.search(r"@start ticks=(\d+)", text)[1]))
    if not clock.counted:
        ticks = float(re.search(r"ticks_per_us=([0-9.]+)", text)[1])
        figures = {name: f.scaled(1000 / ticks) for name, f in figures.items()}
    return figures, facts


def linux(system, clock, arguments=()):
    return run_linux(system, clock, arguments)[0]


def disks(clock):
    """Requests of disks by a window and with shared memory."""
    return linux(DISK, clock, ["quick", DISK_NAMES[clock.key]])


def least(one, other):
    """The less disturbed of two runs, figure by figure."""
    if not one:
        return other
    return {name: min((f for f in (one.get(name), other.get(name)) if f), key=lambda f: f.min) for name in {**one, **other}}


# --- the counts that make test checks

EXPECTED = os.path.join(TOP, "tests", "bench", "expected")
TOLERANCE, SLACK = 0.01, 3


def compiler():
    return subprocess.run([os.environ.get("CC", "gcc"), "--version"], check=True,
                          stdout=subprocess.PIPE).stdout.decode().splitlines()[0]


def expected():
    """({kind: {name: count}}, compiler) of the checked-in file."""
    counts, built_with = {}, ""
    with open(EXPECTED, encoding="utf-8") as file:
        for line in file:
            if line.startswith("# compiler: "):
                built_with = line.removeprefix("# compiler: ").strip()
            elif line.strip() and not line.startswith("#"):
                kind, name, value = line.split()
                counts.setdefault(kind, {})[name] = float(value)
    return counts, built_with


def counted(kind, names):
    """Instruction counts, as the gate takes them: the least of all repetitions."""
    figures = kernel() if kind == "kernel" else linux(SYSTEMS[0], ICOUNT, ["quick", *names])
    return {name: figures[name].min for name in names if name in figures}


def deviates(value, wanted):
    return abs(value - wanted) > max(TOLERANCE * wanted, SLACK)


def accept():
    """Write today's counts of the same operations into the file; returns lines about what changed."""
    counts, _ = expected()
    with open(EXPECTED, encoding="utf-8") as file:
        comments = [line for line in file if line.startswith("#") and not line.startswith("# compiler: ")]
    lines, changes = comments + [f"# compiler: {compiler()}\n"], []
    for kind, wanted in counts.items():
        got = counted(kind, list(wanted))
        for name, old in wanted.items():
            new = got.get(name, old)
            lines.append(f"{kind:7} {name:34} {new:g}\n" if new < 1e6 else f"{kind:7} {name:34} {new:.0f}\n")
            if new != old:
                changes.append(f"{kind} {name}: {old:.10g} -> {new:.10g}")
    with open(EXPECTED, "w", encoding="utf-8") as file:
        file.writelines(lines)
    return changes
