# SPDX-License-Identifier: MIT
"""Runs the benchmark programs and reads what they print.

A figure is a line `@bench name=... min=... median=... p99=... max=... [counter=...]`.
"""
import dataclasses
import os
import re
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(TOP, "build", "bench")
KERNEL_ELF = "build/bench/kernel.elf"
PROGRAMS = ["build/bench/linux/bench", "build/bench/linux/small"]
PEER = "build/bench/peers/vmlinux"
XEN = "build/bench/peers/xen"
CONF = "tests/bench/linux.conf"
LINUX_TIMEOUT = 900
PLAIN = ("name", "n", "min", "median", "p99", "max", "per")

# Under instruction counting `rep` instructions count once per iteration, so a CPU with fast ones hides everything
# else; SMAP adds two instructions to each access of user memory. All systems get the same CPU.
COUNTED_CPU = "-erms,-fsrm,-smap"


@dataclasses.dataclass
class Clock:
    key: str
    title: str
    unit: str
    run: list


CLOCKS = [
    Clock("icount", "instructions", "instructions", ["--icount", f"--cpu={COUNTED_CPU}"]),
    Clock("wall", "wall time under TCG", "ns", []),
]


@dataclasses.dataclass
class System:
    """One row of the comparison: how it is started, what must exist, or why it cannot be measured."""
    key: str
    title: str
    run: list
    needs: list = dataclasses.field(default_factory=list)
    why: str = ""

    def missing(self):
        """Why it is not measured here, or nothing."""
        if self.why:
            return self.why
        for path in self.needs:
            if not os.path.exists(os.path.join(TOP, path)):
                return f"{path} is not there; tests/bench/peers builds it"
        return ""


ONLY_PTI = ("pti=on spectre_v2=off nospectre_v1 spec_store_bypass_disable=off mds=off tsx_async_abort=off l1tf=off "
            "mmio_stale_data=off retbleed=off srbds=off gather_data_sampling=off spec_rstack_overflow=off")
SYSTEMS = [
    System("skerry", "Skerry", ["--conf", CONF, "--append", "norandmaps"]),
    System("native", "native", ["--native", "--append", "mitigations=off"]),
    System("pristine", "native, unpatched source",
           ["--native", "--image", PEER, "--append", "mitigations=off"], [PEER]),
    System("pti", "native, page-table isolation", ["--native", "--image", PEER, "--append", ONLY_PTI], [PEER]),
    # QEMU 7.2's iret of ring 3 to ring 3 reads the stack as the kernel would: SMAP has to be off.
    System("xen", "Xen 4.17 PV", ["--xen", "--cpu=-smap", "--image", PEER, "--append", "mitigations=off"], [PEER, XEN]),
    System("uml", "user-mode Linux", [], why="Debian's package is another kernel version and configuration, and needs "
           "a root file system and a Linux of its own inside the emulator; figures in the project's targets"),
    System("l4linux", "L4Linux on Fiasco", [], why="no current release builds from public source packages; "
           "figures in the project's targets"),
]


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


# What Linux says it has, by system, of the runs so far.
memory_kib = {}


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


def kernel(clock=CLOCKS[0]):
    """Figures of the kernel benchmark, wall time in ns."""
    line = ["tools/run", "--root", KERNEL_ELF, "--mem", "256M", "--batch", "--timeout", "120", *clock.run]
    status, text = tool(line, 180)
    if status or "not ok" in text:
        raise Failed(f"{' '.join(line)}: status {status}\n{last_lines(text)}")
    figures = parse(text)
    if clock.unit == "ns":
        khz = float(re.search(r"TSC (\d+) kHz", text)[1])
        figures = {name: f if name.endswith("_ns") or name.startswith("bytes_") else f.scaled(1e6 / khz) for name, f in figures.items()}
    return figures


def linux(system, clock, arguments=()):
    """Figures of the Linux benchmark, wall time in ns."""
    line = ["tools/run", *system.run, *clock.run, "--timeout", str(LINUX_TIMEOUT)]
    for program in PROGRAMS:
        line += ["--add", f"{program}:/bench/{os.path.basename(program)}"]
    line += ["--cmd", " ".join(["/bench/bench", *arguments])]
    status, text = tool(line, LINUX_TIMEOUT + 60)
    if status or "@end" not in text:
        raise Failed(f"{' '.join(line)}: status {status}\n{last_lines(text)}")
    figures = parse(text)
    memory_kib[system.key] = int(re.search(r"total_kib=(\d+)", text)[1])
    ticks = float(re.search(r"ticks_per_us=([0-9.]+)", text)[1])
    if clock.unit == "ns":
        figures = {name: f.scaled(1000 / ticks) for name, f in figures.items()}
    return figures


def least(one, other):
    """The less disturbed of two runs, figure by figure."""
    if not one:
        return other
    return {name: min((f for f in (one.get(name), other.get(name)) if f), key=lambda f: f.min) for name in {**one, **other}}


def real_time(rounds):
    """Delays of a periodic task (tests/bench/rt.conf) with Linux idle and under load: {name: Figure}, instructions."""
    os.makedirs(OUT, exist_ok=True)
    with open(os.path.join(OUT, "rounds"), "w", encoding="utf-8") as file:
        file.write(f"{rounds}\n")
    line = ["tools/run", "--conf", "tests/bench/rt.conf", *CLOCKS[0].run, "--batch", "--timeout", str(LINUX_TIMEOUT),
            "--add", "tests/bench/load.sh:/skerry/cmd", "--add", "build/bench/rounds:/bench/rounds"]
    for program in PROGRAMS:
        line += ["--add", f"{program}:/bench/{os.path.basename(program)}"]
    _, text = tool(line, LINUX_TIMEOUT + 60)
    parts = re.search(r"^idle$(.*?)^load$(.*?)^done$", text, re.M | re.S)
    if not parts:
        raise Failed(f"{' '.join(line)}\n{last_lines(text)}")
    figures = {}
    for name, part in (("rt_delay_idle", parts[1]), ("rt_delay_load", parts[2])):
        found = [tuple(map(int, m)) for m in
                 re.findall(r"(\d+) periods, delay average (\d+) ns, worst (\d+) ns", part)]
        periods = sum(n for n, _, _ in found)
        if periods:
            average = sum(n * mean for n, mean, _ in found) / periods
            worst = max(w for _, _, w in found)
            figures[name] = Figure(name, average, average, worst, worst, periods, {})
    return figures


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
    figures = kernel() if kind == "kernel" else linux(SYSTEMS[0], CLOCKS[0], ["quick", *names])
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
