# SPDX-License-Identifier: MIT
"""Where the instructions of an operation are: executes it step by step through QEMU's gdb server.

The emulator stops at a function of a benchmark program; from there every instruction is recorded until the function
returns, whatever address space it is in, and counted per function of kernel, Linux and program.
"""
import bisect
import os
import re
import subprocess
import tempfile

from runlib.remote import RIP, RSP, Gdb

from .measure import CLOCKS, CONF, Failed, KERNEL_ELF, PROGRAMS, TOP

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

    def listing(self, addresses):
        """Disassembled instructions at these addresses."""
        texts = {}
        for name, file in sorted({self.function(a) for a in addresses}):
            if not file:
                continue
            text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", f"--disassemble={name}",
                                   os.path.join(TOP, file)], check=True, stdout=subprocess.PIPE).stdout.decode()
            texts.update({int(a, 16): t for a, t in re.findall(r"^ *([0-9a-f]+):\t(.*)$", text, re.M)})
        return texts


def record(gdb, fault):
    """Addresses executed from here to the function's return; fault N: the N-th page fault, from the access to its retry."""
    rsp = gdb.register(RSP)
    back, pc, steps, faults, access = gdb.word(rsp), gdb.register(RIP), [], 0, None
    while len(steps) < LIMIT:
        steps.append(pc)
        following = gdb.step()
        if fault and access is None and pc < USER_END <= following:
            faults += 1
            if faults == fault:
                access, steps = pc, [pc]
        elif access is not None and following == access:
            return steps
        elif not fault and following == back and gdb.register(RSP) == rsp + 8:
            return steps
        pc = following
    raise Failed(f"no end after {LIMIT} instructions")


def start(line, gdb_socket):
    return subprocess.Popen(line + ["--gdb", gdb_socket], cwd=TOP, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def trace(function, linux, hits, fault):
    """Recorded addresses and symbols; linux: names of the Linux benchmark to run, None: the kernel benchmark."""
    directory = tempfile.mkdtemp(prefix="path-")
    gdb_socket = os.path.join(directory, "gdb")
    if linux is None:
        symbols = Symbols("build/skerry.elf", KERNEL_ELF)
        line = ["tools/run", "--root", KERNEL_ELF, "--mem", "256M", "--batch"]
    else:
        symbols = Symbols("build/skerry.elf", "build/linux/vmlinux", PROGRAMS[0])
        line = ["tools/run", "--conf", CONF, "--cmd", "/bench/bench " + " ".join(linux)]
        for program in PROGRAMS:
            line += ["--add", f"{program}:/bench/{os.path.basename(program)}"]
    process = start(line + CLOCKS[0].run, gdb_socket)
    try:
        gdb = Gdb(gdb_socket)
        if not gdb.run_to(symbols.address(function), hits):
            raise Failed("stopped elsewhere")
        return record(gdb, fault), symbols
    except EOFError as error:
        raise Failed("the emulator ended before the operation was reached") from error
    finally:
        process.terminate()
        process.wait()
        if os.path.exists(gdb_socket):
            os.unlink(gdb_socket)
        os.rmdir(directory)


def show(steps, symbols, listing):
    """Lines: instructions per function in the order of execution, then per function in all."""
    texts = symbols.listing(set(steps)) if listing else {}
    groups, total = [], {}
    for pc in steps:
        function = symbols.function(pc)
        if not groups or groups[-1][0] != function:
            groups.append((function, []))
        groups[-1][1].append(pc)
        total[function] = total.get(function, 0) + 1
    yield f"{len(steps)} instructions"
    for (name, file), addresses in groups:
        yield f"{len(addresses):6} {name} ({os.path.basename(file)})"
        if listing:
            yield from (f"         {pc:16x} {texts.get(pc, '')}" for pc in addresses)
    yield "by function:"
    for (name, file), count in sorted(total.items(), key=lambda item: -item[1]):
        yield f"{count:6} {name} ({os.path.basename(file)})"
