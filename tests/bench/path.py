# SPDX-License-Identifier: MIT
"""Where the instructions of an operation are: executes it step by step through QEMU's gdb server.

The emulator stops at a function of a benchmark program; from there every instruction is recorded until the function
returns, whatever address space it is in, and counted per function of kernel, Linux and program. What is listed is
disassembled from memory: Linux patches itself at its start.
"""
import bisect
import dataclasses
import glob
import os
import re
import subprocess
import tempfile

from runlib.remote import RIP, RSP, Gdb

from .measure import Failed, KERNEL_ELF, programs_added
from .systems import CONF, ICOUNT, PROGRAMS, TOP

USER_END = 1 << 47
LIMIT = 1000000


class Symbols:
    """Functions of several ELF files, by address."""

    def __init__(self, *files):
        self.starts, self.names, self.files = [], [], files
        found = []
        for file in files:
            text = subprocess.run(["nm", "-n", os.path.join(TOP, file)], check=True, stdout=subprocess.PIPE).stdout
            found += [(int(a, 16), name, file) for a, name in
                      re.findall(r"^([0-9a-f]+) [tT] (\S+)$", text.decode(), re.M)]
        for address, name, file in sorted(found):
            self.starts.append(address)
            self.names.append((name, file))

    def address(self, name):
        for start, (other, _) in zip(self.starts, self.names):
            if other == name:
                return start
        raise Failed(f"no function {name}")

    def function(self, address):
        at = bisect.bisect_right(self.starts, address) - 1
        return self.names[at] if at >= 0 else ("?", "")


@dataclasses.dataclass
class Trace:
    """Addresses in the order of execution, and what is in memory there."""
    steps: list
    code: dict
    symbols: Symbols


LONGEST = 15  # bytes of an instruction
ROOM = 32
TARGET = re.compile(r"\b0x([0-9a-f]+)\b(?=$| *$)")


def disassemble(trace):
    """Text of each instruction, jumps with the names of their targets."""
    addresses = sorted(trace.code)
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        file.write(b"".join(trace.code[a].ljust(ROOM, b"\x90") for a in addresses))
        file.flush()
        text = subprocess.run(["objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "--no-show-raw-insn", file.name],
                              check=True, stdout=subprocess.PIPE).stdout.decode()
    found = {int(at, 16): line for at, line in re.findall(r"^ *([0-9a-f]+):\t(.*)$", text, re.M)}
    return {a: named_target(found[n * ROOM], a - n * ROOM, trace.symbols) for n, a in enumerate(addresses)}


def named_target(text, moved, symbols):
    """The instruction without what depends on where it was disassembled."""
    text = " ".join(re.sub(r"# 0x[0-9a-f]+", "", text).split())
    if not re.match(r"(j\w+|call\w*) 0x", text):
        return text
    return TARGET.sub(lambda m: symbols.function((int(m[1], 16) + moved) % (1 << 64))[0], text)


def code_at(gdb, pc):
    """An instruction's bytes and what follows it, as far as it is mapped."""
    return gdb.memory(pc, LONGEST) or gdb.memory(pc, -pc % 4096)


def record(gdb, symbols, fault):
    """Executes from here to the function's return; fault N: the N-th page fault, from the access to its retry."""
    rsp = gdb.register(RSP)
    back, pc, faults, access = gdb.word(rsp), gdb.register(RIP), 0, None
    trace = Trace([], {}, symbols)
    while len(trace.steps) < LIMIT:
        trace.steps.append(pc)
        if pc not in trace.code:
            trace.code[pc] = code_at(gdb, pc)
        following = gdb.step()
        if fault and access is None and pc < USER_END <= following:
            faults += 1
            if faults == fault:
                access, trace.steps = pc, [pc]
        elif access is not None and following == access:
            return trace
        elif not fault and following == back and gdb.register(RSP) == rsp + 8:
            return trace
        pc = following
    raise Failed(f"no end after {LIMIT} instructions")


def start(line, gdb_socket):
    return subprocess.Popen(line + ["--gdb", gdb_socket], cwd=TOP, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def trace(function, linux, hits, fault):
    """What is executed; linux: names of the Linux benchmark to run, None: the kernel benchmark."""
    directory = tempfile.mkdtemp(prefix="path-")
    gdb_socket = os.path.join(directory, "gdb")
    if linux is None:
        symbols = Symbols("build/skerry.elf", KERNEL_ELF)
        line = ["tools/run", "--root", KERNEL_ELF, "--mem", "256M", "--batch"]
    else:
        symbols = Symbols("build/skerry.elf", "build/linux/vmlinux", PROGRAMS[0])
        line = ["tools/run", "--conf", CONF, "--cmd", "/bench/bench " + " ".join(linux)]
        for here, there in programs_added():
            line += ["--add", f"{here}:{there}"]
    process = start(line + ICOUNT.run, gdb_socket)
    try:
        gdb = Gdb(gdb_socket)
        if not gdb.run_to(symbols.address(function), hits):
            raise Failed("stopped elsewhere")
        return record(gdb, symbols, fault)
    except EOFError as error:
        raise Failed("the emulator ended before the operation was reached") from error
    finally:
        process.terminate()
        process.wait()
        if os.path.exists(gdb_socket):
            os.unlink(gdb_socket)
        os.rmdir(directory)


def runs_of(trace, key):
    """Steps in groups of the same key, in the order of execution: [(key, [address])]."""
    groups = []
    for pc in trace.steps:
        group = key(pc)
        if not groups or groups[-1][0] != group:
            groups.append((group, []))
        groups[-1][1].append(pc)
    return groups


def show(trace, listing):
    """Lines: instructions per function in the order of execution, then per function in all."""
    texts, total = disassemble(trace) if listing else {}, {}
    yield f"{len(trace.steps)} instructions"
    for (name, file), addresses in runs_of(trace, trace.symbols.function):
        total[name, file] = total.get((name, file), 0) + len(addresses)
        yield f"{len(addresses):6} {name} ({os.path.basename(file)})"
        if listing:
            yield from (f"         {pc:16x} {texts[pc]}" for pc in addresses)
    yield "by function:"
    for (name, file), count in sorted(total.items(), key=lambda item: -item[1]):
        yield f"{count:6} {name} ({os.path.basename(file)})"


# --- docs/paths.md

PORT_OBJECTS = "build/linux/obj/arch/x86/l4/**/*.o"
DOC = os.path.join(TOP, "docs", "paths.md")
# Differs with every build.
DISTANCE = re.compile(r"-?0x[0-9a-f]+(?=\(%rip\))")
# Title, names of the Linux benchmark, function, its call, fault.
DOCUMENTED = [
    ("A null call of Linux", "From the C stub of `getpid` in a Linux process to its return.", "getpid", "syscall", 200, 0),
    ("A page fault of 4 KiB", "Anonymous memory of a Linux process: from the access to its retry. Linux's own part by "
     "function.", "anonymous_fault", "area_write", 4, 5),
]
KERNEL, PORT, LINUX, PROGRAM = "microkernel", "Linux port", "Linux", "program"
HEAD = """# Paths, instruction by instruction

Written by `tools/bench --paths` from an execution step by step; `docs/measuring.md` says how. The counts that are
checked are in `tests/bench/expected`.
"""


def port_functions():
    """Functions of the files that the port adds to Linux."""
    objects = glob.glob(os.path.join(TOP, PORT_OBJECTS), recursive=True)
    text = subprocess.run(["nm", *objects], check=True, stdout=subprocess.PIPE).stdout.decode()
    return set(re.findall(r"^[0-9a-f]+ [tT] (\S+)$", text, re.M))


def layers(symbols):
    """A function that says whose an address is."""
    port = port_functions()

    def layer(pc):
        name, file = symbols.function(pc)
        if file.endswith("skerry.elf"):
            return KERNEL
        if file.endswith("vmlinux"):
            return PORT if name in port else LINUX
        return PROGRAM

    return layer


def summary_rows(trace, layer):
    """Lines of a table: whose, how many, in which functions."""
    yield "| | instructions | functions, in order |"
    yield "|---|---:|---|"
    for who, addresses in runs_of(trace, layer):
        names = list(dict.fromkeys(f"`{trace.symbols.function(pc)[0]}`" for pc in addresses))
        more = f", and {len(names) - 8} more" if len(names) > 8 else ""
        yield f"| {who} | {len(addresses)} | {', '.join(names[:8])}{more} |"
    counts = {who: sum(layer(pc) == who for pc in trace.steps) for who in (PROGRAM, KERNEL, PORT, LINUX)}
    yield f"| **all** | {len(trace.steps)} | " + ", ".join(f"{who} {n}" for who, n in counts.items()) + " |"


def document(title, what, trace, whole):
    """A section: who does how much, then each instruction; without Linux's own unless whole."""
    layer, texts = layers(trace.symbols), disassemble(trace)
    yield from (f"## {title}", "", what, "", *summary_rows(trace, layer), "", "```")
    for (name, _), addresses in runs_of(trace, trace.symbols.function):
        who = layer(addresses[0])
        yield f"{name}  ({who}, {len(addresses)})"
        if whole or who != LINUX:
            yield from (f"        {DISTANCE.sub('', texts[pc])}" for pc in addresses)
    yield from ("```", "")


def write_document():
    lines = HEAD.splitlines() + [""]
    for title, what, names, function, hits, fault in DOCUMENTED:
        lines += document(title, what, trace(function, [names], hits, fault), not fault)
    with open(DOC, "w", encoding="utf-8") as file:
        file.write("\n".join(lines).rstrip() + "\n")
