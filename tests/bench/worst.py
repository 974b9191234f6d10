# SPDX-License-Identifier: MIT
"""Names what made the worst latency of a load: tools/bench --worst LOAD.

QEMU's plugin tools/qemu/steps.c remembers what is executed, and keeps it when the task has seen a latency that is worse than all
before. Under --icount an instruction is a nanosecond, so what was executed since the latency began is as many instructions before
the task read its clock; the calls and returns before that say inside of what it began.
"""
import dataclasses
import os
import struct

from . import latency
from .path import Symbols
from .systems import ICOUNT, OUT

PLUGIN = "build/qemu/steps.so"
KERNEL = "build/skerry.elf"
# As in tools/qemu/steps.c.
KIND_SHIFT = 56
# Where all interrupts enter.
VECTORS = "vectors"
USER = "user code"
CALL, RETURN, READ_CLOCK = 1, 2, 3


@dataclasses.dataclass
class Worst:
    """A histogram; (address, kind) of the last instructions until its maximum, and at which of them that begins."""
    histogram: latency.Histogram
    steps: list
    due: int
    symbols: Symbols

    @property
    def latency(self):
        return self.histogram.max

    def function(self, n):
        """Of the kernel; nothing: user code."""
        address = self.steps[n][0]
        return self.symbols.function(address)[0] if in_kernel(address) else ""


def in_kernel(address):
    return 0xffff808000000000 <= address < 0xffff808080000000


def read(path):
    """The steps in a file of the plugin."""
    with open(path, "rb") as file:
        words = [word for word, in struct.iter_unpack("<Q", file.read())]
    mask = (1 << KIND_SHIFT) - 1
    # The upper bits are those of bit 47.
    return [((word & mask) | (0xff << KIND_SHIFT if word >> 47 & 1 else 0), word >> KIND_SHIFT) for word in words]


def find(name, run):
    """The Worst of a run: run(arguments for tools/run) gives its Histogram."""
    os.makedirs(OUT, exist_ok=True)
    path = os.path.join(OUT, f"steps-{name}")
    found = run(["--qemu=-plugin", f"--qemu={PLUGIN},out={path}"])
    steps = read(path)
    os.unlink(path)
    clock = max(n for n, (_, what) in enumerate(steps) if what == READ_CLOCK)
    return Worst(found, steps, clock - found.max, Symbols(KERNEL))


def chains(worst):
    """For each step until the task has read its clock: functions of the kernel that are under way, innermost last; none: user code."""
    stack = []
    for n in range(worst.due + worst.latency):
        function, kind = worst.function(n), worst.steps[n][1]
        if not function:
            stack = []
        elif not stack or function == VECTORS:
            stack = stack + [function]
        else:
            stack = stack[:-1] + [function]
        yield stack
        if function and kind == CALL:
            stack = stack + ["?"]
        elif kind == RETURN and len(stack) > 1:
            stack = stack[:-1]


def parts(worst):
    """The chains since the latency began, until the interrupt and from there."""
    since = list(chains(worst))[worst.due:]
    interrupt = next((n for n, stack in enumerate(since) if stack and stack[-1] == VECTORS), len(since))
    return since[:interrupt], since[interrupt:]


def counted(part):
    """{function: instructions}, in the order of the first."""
    counts = {}
    for stack in part:
        function = stack[-1] if stack else USER
        counts[function] = counts.get(function, 0) + 1
    return counts


def path(part):
    """The chain in whose innermost function most of the time went, innermost first."""
    counts = counted(part)
    most = max(counts, key=counts.get)
    return next(stack for stack in part if (stack[-1] if stack else USER) == most)[::-1]


def text_of(part):
    return ", ".join(f"{function} {count}" for function, count in counted(part).items())


def show(worst):
    """Lines that say it."""
    before, handling = parts(worst)
    where = " < ".join(path(before or handling)) or USER
    yield f"worst {worst.latency:,}: {where}, {len(before):,} instructions until the interrupt"
    yield f"{len(before):6,} until the interrupt: {text_of(before)}"
    yield f"{len(handling):6,} from there to the task: {text_of(handling)}"


def command(load, periods, kind):
    def run(more):
        return latency.measure(load, ICOUNT, periods, kind=kind, more=more)

    print("\n".join(show(find(f"{load}-{kind}", run))))
