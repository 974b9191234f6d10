# SPDX-License-Identifier: MIT
"""Writes report.md, report.jsonl and the plots from the figures of a run."""
import dataclasses
import datetime
import json
import os
import platform
import re
import subprocess
import threading

from . import latency, plots, targets
from .measure import least
from .systems import CLOCKS, COUNTED_CPU, HOST_SYSTEMS, ICOUNT, LARGE_MEMORY, OUT, REP_CLOCKS, SYSTEMS, TOP, WALL
from .targets import number

# Short names for the tables of what is counted.
SHORT = {"cr3_loads": "cr3", "tlb_flushes": "tlb", "kernel_entries": "entries", "page_faults": "faults",
         "entries": "entries"}


@dataclasses.dataclass
class Run:
    """All that was measured: kernel figures by clock, Linux figures and facts by (system, clock), notes."""
    quick: bool
    kernel: dict = dataclasses.field(default_factory=dict)
    linux: dict = dataclasses.field(default_factory=dict)
    facts: dict = dataclasses.field(default_factory=dict)
    notes: list = dataclasses.field(default_factory=list)
    # Histograms by (skerry or preempt_rt, clock, kind, load), and of Skerry's what caused the maximum.
    latency: dict = dataclasses.field(default_factory=dict)
    worst: dict = dataclasses.field(default_factory=dict)
    startup: list = dataclasses.field(default_factory=list)
    seconds: float = 0
    # Runs that count instructions go side by side.
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def add(self, system, clock, figures, facts, large):
        """The figures of one run; with those of another run of the same, the lesser count."""
        key = system.key, clock.key
        with self.lock:
            self.linux[key] = least(self.linux.get(key), figures)
            if not large:
                self.facts[key] = facts


def output(*line):
    try:
        return subprocess.run(line, cwd=TOP, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout.decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def first_line(*line):
    return (output(*line).splitlines() or ["?"])[0]


def commit():
    changed = output("git", "status", "--porcelain", "--untracked-files=no")
    return output("git", "rev-parse", "--short", "HEAD") + (" with changes" if changed else "")


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^model name\s*: (.*)$", file.read(), re.M)
    return found[1] if found else platform.machine()


def machine():
    return f"{cpu_model()}, {os.cpu_count()} CPUs, {platform.system()} {platform.release()}"


def counters_text(figure):
    return " ".join(f"{SHORT.get(k, k)}={v:g}" for k, v in figure.counters.items() if v)


def table(heads, rows):
    yield "| " + " | ".join(heads) + " |"
    yield "|---" + "|---:" * (len(heads) - 1) + "|"
    for row in rows:
        yield "| " + " | ".join(str(cell) for cell in row) + " |"
    yield ""


def section(title, *text):
    yield f"## {title}"
    yield ""
    if text:
        yield " ".join(text)
        yield ""


# --- what was aimed at

def summary(run, rows=None):
    rows = rows or targets.rows(run)
    missed = [row for row in rows if row.met is False]
    unknown = sum(row.met is None for row in rows)
    yield (f"{sum(row.met is True for row in rows)} targets met, {len(missed)} not, {unknown} not measured in this run"
           + (":" if missed else "."))
    yield from (f"- {row.what}: {row.part:.2f} times the target" for row in missed)
    yield ""


def target_section(run):
    rows = targets.rows(run)
    yield from section("Targets")
    yield from summary(run, rows)
    words = {True: "met", False: "**not met**", None: "not measured"}
    yield from table(["what", "target", "value", "of target", ""],
                     [(row.what, row.target, row.value, f"{row.part:.2f}" if row.part else "", words[row.met])
                      for row in rows])


# --- the kernel

def kernel_section(run):
    yield from section("Microkernel operations, in instructions", "The user's stub is included. Counters are those of "
                       "one operation (both ways, where it is a round trip).")
    wall = run.kernel.get("wall", {})
    rows = []
    for name, f in run.kernel.get("icount", {}).items():
        t = targets.KERNEL.get(name)
        if name.startswith("bytes_"):
            continue
        rows.append((f"`{name}`", number(f.median), number(f.max), number(wall[name].min) if name in wall else "",
                     t.text() if t else "", t.others if t else "", counters_text(f)))
    yield from table(["operation", "median", "max", "TCG, ns (least)", "target", "others", "counters"], rows)


# --- Linux

def system_section():
    rows = [(f"`{s.key}`", s.title, s.note or s.why) for s in SYSTEMS]
    yield from section("Systems", "Counts of all systems can be compared but where it says otherwise; times only with "
                       "others of this run.")
    yield from table(["", "system", "how it compares with `native`"], rows)


def value(figure, clock):
    return figure.median if clock.counted else figure.min


def cell(figure, base, clock):
    if not figure:
        return ""
    ratio = f" ({value(figure, clock) / value(base, clock):.2f})" if base and value(base, clock) else ""
    return number(value(figure, clock)) + ratio


def linux_rows(run, clock, columns, last):
    """Rows of a table: (system key, clock key) of each column, the first is the base; last: more cells of a row."""
    base = run.linux.get(columns[0], {})
    for name, b in base.items():
        others = [run.linux.get(c, {}).get(name) for c in columns[1:]]
        yield [f"`{name}`", cell(b, None, clock), *(cell(f, b, clock) for f in others), *last(name)]


def linux_section(run, clock):
    there = [s for s in SYSTEMS if (s.key, clock.key) in run.linux]
    there.sort(key=lambda s: s.key != "native")
    skerry = run.linux.get(("skerry", clock.key), {})
    if not there or there[0].key != "native":
        return

    def last(name):
        t, f = targets.LINUX.get(name), skerry.get(name)
        return [t.text() if t else "", t.others if t else "", counters_text(f) if f else ""] if clock.counted else []

    yield from section(f"Linux operations, {clock.title}", "In brackets: ratio to native.", "" if clock.counted else
                       "Unit: ns, the least of all repetitions, as other work on the host only adds. Only ratios of one "
                       "run mean anything.")
    heads = ["operation"] + [s.title for s in there]
    heads += ["target", "others (ratio)", "counters of Skerry"] if clock.counted else []
    yield from table(heads, linux_rows(run, clock, [(s.key, clock.key) for s in there], last))


def rep_section(run):
    """What fast `rep` instructions (ERMS, FSRM) do to either clock, on Skerry and natively."""
    for usual in CLOCKS:
        other = REP_CLOCKS[usual.key]
        with_erms, without = (other, usual) if usual.counted else (usual, other)
        if not all((s, other.key) in run.linux for s in ("skerry", "native")):
            continue
        yield from section(f"ERMS and FSRM, {usual.unit}", "The same program on a CPU without fast `rep` instructions "
                           "and with them; in brackets: ratio to native without.")
        columns = [(s, c.key) for c in (without, with_erms) for s in ("native", "skerry")]
        yield from table(["operation", "native, masked", "Skerry, masked", "native, ERMS", "Skerry, ERMS"],
                         linux_rows(run, usual, columns, lambda name: []))


def disk_rows(run):
    """(disk and request, unit, by a window, with shared memory, gain); bytes in a microsecond are MB in a second."""
    for clock in CLOCKS:
        figures = run.linux.get(("disk", clock.key), {})
        for name, window in figures.items():
            memory = figures.get(name.replace("_window_", "_memory_"))
            if memory is window or not memory:
                continue
            amount = 1 << 20 if name.endswith("_1m") else 4096
            show = [number(value(f, clock)) if clock.counted else f"{amount * 1000 / value(f, clock):.1f}" for f in (window, memory)]
            yield (f"`{name.replace('_window', '')}`", clock.unit if clock.counted else "MB/s", *show,
                   f"{value(window, clock) / value(memory, clock):.2f}")


def disk_section(run):
    rows = list(disk_rows(run))
    if rows:
        yield from section("Disks: a window, shared memory", "One request of 4 KiB or 1 MiB without Linux's page cache, by a session "
                           "with a window and by one that shares Linux's memory: of a disk in a server's memory, which copies, in "
                           "instructions; of a virtio disk behind an IOMMU in wall time.")
        yield from table(["request", "unit", "window", "shared memory", "gain"], rows)


def host_section(run):
    columns = [(s.key, "wall") for s in HOST_SYSTEMS]
    if all(c in run.linux for c in columns):
        yield from section("User-mode Linux on this machine, ns", "Without an emulator; in brackets: ratio to this "
                           "machine's own Linux.")
        yield from table(["operation"] + [s.title for s in HOST_SYSTEMS],
                         linux_rows(run, CLOCKS[1], columns, lambda name: []))


# --- the rest

def latency_cells(h):
    return (number(h.min), number(h.average), number(h.max)) if h else ("", "", "")


def latency_ratio(ours, theirs):
    return f"{ours.average / theirs.average:.2f}, {ours.max / theirs.max:.2f}" if ours and theirs else ""


def latency_table(run, clock):
    rows = []
    for load, (what, _) in latency.LOADS.items():
        ours, theirs = (run.latency.get((system, clock.key, "timer", load)) for system in ("skerry", "preempt_rt"))
        if ours or theirs:
            rows.append((f"`{load}`: {what}", *latency_cells(ours), *latency_cells(theirs), latency_ratio(ours, theirs)))
    return table(["load", "least", "average", "worst", "PREEMPT_RT: least", "average", "worst", "ratio of averages, of worsts"], rows)


def latency_kinds(run):
    """From other events than timers, on Skerry."""
    rows = [(f"{latency.KINDS[kind]}, `{load}`", *latency_cells(h))
            for (_, _, kind, load), h in run.latency.items() if kind in latency.KINDS]
    if rows:
        yield "Other latencies of Skerry, in instructions (interrupts to 10):"
        yield ""
        yield from table(["what, load", "least", "average", "worst"], rows)


def latency_section(run):
    if not run.latency:
        return
    periods = max(h.periods for h in run.latency.values())
    yield from section("Latencies under loads", "From the programmed time to the first reading of the clock in a periodic task, every "
                       f"{latency.INTERVAL_US} µs, {periods:,} periods a load: the native cyclictest beside Skerry's Linux, and Debian's in the native kernel "
                       "with PREEMPT_RT, with the same arguments. Histograms: latency.svg. In instructions:")
    yield from latency_table(run, ICOUNT)
    if any(clock == WALL.key for _, clock, _, _ in run.latency):
        yield "In wall time under TCG, ns (whatever else the host does is in it):"
        yield ""
        yield from latency_table(run, WALL)
    yield from latency_kinds(run)
    if run.worst:
        yield "What caused Skerry's worst: the path through the kernel in which it began, innermost first."
        yield ""
        yield from table(["kind, load", "path"], [(f"{kind}, `{load}`", text) for (_, _, kind, load), text in run.worst.items()])


def startup(run):
    rows = list(run.startup)
    for system in SYSTEMS:
        facts = run.facts.get((system.key, "icount"))
        if facts:
            rows.append((f"{system.title}: first program in Linux, instructions and waiting", f"{facts.start_ticks:,}"))
    if rows:
        yield from section("Start")
        yield from table(["stage", "from the machine's start until then"], rows)


def image_sizes():
    """(text, constants, data, zeroed data) of the kernel image."""
    found = dict(re.findall(r"^(\.\w+)\s+(\d+)\s", output("size", "-A", "build/skerry.elf"), re.M))
    return [int(found.get(name, 0)) for name in (".text", ".rodata", ".data", ".bss")]


def sizes(run):
    yield from section("Memory")
    rows = [(name[6:].replace("_", " "), number(f.median)) for name, f in run.kernel.get("icount", {}).items()
            if name.startswith("bytes_")]
    yield from table(["kernel memory of one", "bytes of quota"], rows)
    there = [(s.title, run.facts[s.key, "icount"]) for s in SYSTEMS if (s.key, "icount") in run.facts]
    if there:
        yield "What Linux has of its 256 MiB after its own start:"
        yield ""
        yield from table(["system", "KiB to use", "KiB less than 256 MiB"],
                         [(title, f"{f.total_kib:,}", f"{(256 << 10) - f.total_kib:,}") for title, f in there])
    text, constants, data, zeroed = image_sizes()
    yield f"Kernel image: {text:,} bytes of code, {constants:,} of constants, {data:,} of data, {zeroed:,} of zeroed data."
    yield ""


def heading(run):
    kernel_elf = os.path.join(TOP, "build", "skerry.elf")
    built = f"{datetime.datetime.fromtimestamp(os.path.getmtime(kernel_elf)):%F %T}" if os.path.exists(kernel_elf) else "?"
    yield "# Measurements"
    yield ""
    yield from table(["", ""], [
        ("commit", commit()), ("kernel built", built), ("compiler", first_line("gcc", "--version")),
        ("run", f"{'quick' if run.quick else 'full'}, {run.seconds:.0f} s"), ("machine", machine()),
        ("emulator", first_line("qemu-system-x86_64", "--version")),
        ("instructions", f"`-icount shift=0,sleep=off`, CPU `max,{COUNTED_CPU}`; exact, can be compared"),
        ("wall time", "plain TCG, CPU `max`; ratios within this run only"),
        ("memory", f"Linux 256 MiB, {LARGE_MEMORY} for sqlite, python, cc and redis; Skerry's machine 1 GiB")])
    yield "How it is measured and what distorts it: docs/measuring.md. All figures: report.jsonl."
    yield ""


def markdown(run):
    yield from heading(run)
    yield from target_section(run)
    yield from kernel_section(run)
    yield from system_section()
    for clock in CLOCKS:
        yield from linux_section(run, clock)
    yield from rep_section(run)
    yield from host_section(run)
    yield from disk_section(run)
    yield from latency_section(run)
    yield from startup(run)
    yield from sizes(run)
    if run.notes:
        yield from section("Not measured")
        yield from (f"- {note}" for note in run.notes)
        yield ""


def configuration(run, clock):
    cpu = {"icount": COUNTED_CPU, "icount-erms": "-smap", "wall-masked": "-erms,-fsrm"}.get(clock, "")
    return f"{'quick' if run.quick else 'full'} run, CPU max{',' if cpu else ''}{cpu}"


def jsonl(run):
    where = {"commit": commit(), "machine": machine(), "emulator": first_line("qemu-system-x86_64", "--version")}

    def lines(system, clock, figures):
        for f in figures.values():
            unit = "bytes" if f.name.startswith("bytes_") else "instructions" if clock.startswith("icount") else "ns"
            yield json.dumps({"what": f.name, "clock": clock, "system": system, "unit": unit, "value": f.median,
                              "min": f.min, "median": f.median, "p99": f.p99, "max": f.max, "n": f.n,
                              "counters": f.counters, "configuration": configuration(run, clock), **where})

    for clock, figures in run.kernel.items():
        yield from lines("skerry-kernel", clock, figures)
    for (system, clock, kind, load), h in run.latency.items():
        name = f"latency_{kind}_{load}"
        yield from lines(system, clock, {name: h.figure(name)})
    for (system, clock), figures in run.linux.items():
        yield from lines(system, clock, figures)


def write(run):
    os.makedirs(OUT, exist_ok=True)
    plots.draw(run)
    with open(os.path.join(OUT, "report.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(markdown(run)) + "\n")
    with open(os.path.join(OUT, "report.jsonl"), "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in jsonl(run))
