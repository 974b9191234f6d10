# SPDX-License-Identifier: MIT
"""Writes report.md, report.jsonl and the plots from the figures of a run."""
import dataclasses
import datetime
import json
import os
import platform
import re
import shutil
import subprocess

from . import targets
from .measure import CLOCKS, OUT, SYSTEMS, TOP, memory_kib

GNUPLOT_HEAD = """set terminal svg size 1100,{height} font "sans,11" background "white"
set output "{out}"
set style fill solid 0.8 noborder
set grid x
set xlabel "{label}"
set yrange [-0.7:{rows}] reverse
set key bottom right
"""


@dataclasses.dataclass
class Run:
    """All that was measured: kernel figures by clock, Linux figures by (system, clock), notes."""
    quick: bool
    kernel: dict = dataclasses.field(default_factory=dict)
    linux: dict = dataclasses.field(default_factory=dict)
    notes: list = dataclasses.field(default_factory=list)
    real_time: dict = dataclasses.field(default_factory=dict)
    startup: list = dataclasses.field(default_factory=list)


def output(*line):
    try:
        return subprocess.run(line, cwd=TOP, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout.decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def commit():
    changed = output("git", "status", "--porcelain", "--untracked-files=no")
    return output("git", "rev-parse", "--short", "HEAD") + (" with changes" if changed else "")


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^model name\s*: (.*)$", file.read(), re.M)
    return found[1] if found else platform.machine()


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def counters_text(figure):
    return " ".join(f"{k}={v:g}" for k, v in figure.counters.items() if v and k != "per")


def table(heads, rows):
    yield "| " + " | ".join(heads) + " |"
    yield "|---" + "|---:" * (len(heads) - 1) + "|"
    for row in rows:
        yield "| " + " | ".join(str(cell) for cell in row) + " |"
    yield ""


def verdict(target, value, native=0.0):
    return "" if target is None else "met" if target.met(value, native) else "**not met**"


def kernel_section(run):
    figures = run.kernel.get("icount", {})
    yield "## Microkernel operations, in instructions"
    yield ""
    yield "The user's stub is included. Counters are those of one operation (both ways, where it is a round trip)."
    yield ""
    wall = run.kernel.get("wall", {})
    rows = []
    for name, f in figures.items():
        t = targets.KERNEL.get(name)
        if name.startswith("bytes_"):
            continue
        rows.append((f"`{name}`", number(f.median), number(f.max), f"{number(wall[name].min)}" if name in wall else "",
                     t.text() if t else "", f"{f.median / t.count:.2f}" if t else "", verdict(t, f.median),
                     t.others if t else "", counters_text(f)))
    yield from table(["operation", "median", "max", "TCG, ns (least)", "target", "of target", "", "others", "counters"], rows)


def linux_systems(run, clock):
    return [s for s in SYSTEMS if (s.key, clock.key) in run.linux]


def real_time_section(run):
    if not run.real_time:
        return
    yield "## Real time, in instructions"
    yield ""
    yield ("From the programmed time to the first reading of the clock in a periodic task, 1000 periods a second, beside Linux; "
           "PREEMPT_RT under a comparable load: average 2,086, worst 3,503.")
    yield ""
    rows = []
    for name, f in run.real_time.items():
        average, worst = targets.REAL_TIME.get(name, (None, None))
        rows.append((f"`{name}`", f.n, number(f.median), verdict(average, f.median), number(f.max), verdict(worst, f.max)))
    yield from table(["", "periods", "average", "≤ 500", "worst", "≤ 1,750"], rows)


def cell(figure, base, counted, is_base):
    if not figure:
        return ""
    value, native = (figure.median, base.median) if counted else (figure.min, base.min)
    return number(value) + (f" ({value / native:.2f})" if native and not is_base else "")


def linux_section(run, clock):
    systems = linux_systems(run, clock)
    native = run.linux.get(("native", clock.key))
    skerry = run.linux.get(("skerry", clock.key))
    if not native or not skerry:
        return
    counted = clock.key == "icount"
    pti = run.linux.get(("pti", clock.key))
    yield f"## Linux operations, {clock.title}"
    yield ""
    yield "In brackets: ratio to native." + ("" if counted else
          " Unit: ns, the least of all repetitions, as other work on the host only adds. Only ratios of one run mean anything.")
    yield ""
    rows = []
    for name, f in skerry.items():
        base = native.get(name)
        if not base:
            continue
        row = [f"`{name}`"]
        for s in systems:
            g = run.linux[s.key, clock.key].get(name)
            row.append(cell(g, base, counted, s.key == "native"))
        if counted:
            t = targets.LINUX.get(name)
            row += [t.text() if t else "", verdict(t, f.median, base.median), t.others if t else "", counters_text(f)]
        elif pti:
            row.append("" if name not in pti else "met" if f.min <= pti[name].min else "**not met**")
        rows.append(row)
    heads = ["operation"] + [s.title for s in systems]
    yield from table(heads + (["target", "", "others (ratio)", "counters of Skerry"] if counted
                     else ["no slower than with page-table isolation"] if pti else []), rows)


def summary(run):
    met, missed = [], []
    for name, t in targets.KERNEL.items():
        f = run.kernel.get("icount", {}).get(name)
        if f:
            (met if t.met(f.median) else missed).append((name, f.median / t.count))
    native, skerry = run.linux.get(("native", "icount"), {}), run.linux.get(("skerry", "icount"), {})
    for name, t in targets.LINUX.items():
        f, base = skerry.get(name), native.get(name)
        if f and base:
            bound = base.median * t.ratio if t.ratio else base.median + t.added
            (met if t.met(f.median, base.median) else missed).append((name, f.median / bound))
    yield f"{len(met)} targets met, {len(missed)} not" + (":" if missed else ".")
    for name, times in missed:
        yield f"- `{name}`: {times:.2f} times the target"
    yield ""


def sizes(run):
    text = output("size", "build/skerry.elf").splitlines()
    if len(text) < 2:
        return
    code, data, bss = text[1].split()[:3]
    yield "## Memory"
    yield ""
    rows = [(name[6:].replace("_", " "), number(f.median)) for name, f in run.kernel.get("icount", {}).items()
            if name.startswith("bytes_")]
    yield from table(["kernel memory of one", "bytes of quota"], rows)
    if "native" in memory_kib and "skerry" in memory_kib:
        yield (f"Of 256 MiB, Linux has {memory_kib['skerry']:,} KiB to use on Skerry, "
               f"{memory_kib['native']:,} KiB natively.")
        yield ""
    yield f"Kernel image: {int(code):,} bytes of code and constants, {int(data):,} of data, {int(bss):,} of zeroed data."
    yield ""


def startup(run):
    if not run.startup:
        return
    yield "## Start"
    yield ""
    yield from table(["stage", "until then"], run.startup)


def markdown(run):
    kernel_elf = os.path.join(TOP, "build", "skerry.elf")
    built = datetime.datetime.fromtimestamp(os.path.getmtime(kernel_elf)) if os.path.exists(kernel_elf) else "?"
    yield "# Measurements"
    yield ""
    yield f"Commit {commit()}; kernel built {built:%F %T}; {'quick run' if run.quick else 'full run'}. "
    yield f"Host: {cpu_model()}, {platform.system()} {platform.release()}. {output('qemu-system-x86_64', '--version').splitlines()[0]}. "
    yield f"Compiler: {output('gcc', '--version').splitlines()[0]}. "
    yield "Instructions: `-icount shift=0,sleep=off`, CPU `max,-erms,-fsrm,-smap`; wall time: plain TCG, CPU `max`. "
    yield "How it is measured: docs/measuring.md."
    yield ""
    yield from summary(run)
    yield from kernel_section(run)
    for clock in CLOCKS:
        yield from linux_section(run, clock)
    yield from real_time_section(run)
    yield from startup(run)
    yield from sizes(run)
    if run.notes:
        yield "## Not measured"
        yield ""
        yield from (f"- {note}" for note in run.notes)
        yield ""


def jsonl(run):
    where = {"commit": commit(), "configuration": "quick" if run.quick else "full"}

    def lines(system, clock, figures):
        for f in figures.values():
            yield json.dumps({"what": f.name, "clock": clock, "system": system, "value": f.median, "min": f.min,
                              "median": f.median, "p99": f.p99, "max": f.max, "n": f.n, "counters": f.counters, **where})

    for clock, figures in run.kernel.items():
        yield from lines("skerry-kernel", clock, figures)
    yield from lines("skerry", "icount", run.real_time)
    for (system, clock), figures in run.linux.items():
        yield from lines(system, clock, figures)


def bars(name, label, rows, mark):
    """One horizontal bar per row: (text, value); a line at `mark`."""
    if not rows:
        return
    data = os.path.join(OUT, name + ".dat")
    with open(data, "w", encoding="utf-8") as file:
        file.writelines(f'"{text}" {value:.4f}\n' for text, value in rows)
    script = GNUPLOT_HEAD.format(height=60 + 22 * len(rows), out=os.path.join(OUT, name + ".svg"), label=label,
                                 rows=len(rows) - 0.3)
    script += f"set arrow from {mark},-0.7 to {mark},{len(rows) - 0.3} nohead lc rgb 'red' front\n"
    script += f'plot "{data}" using ($2/2):0:($2/2):(0.35):yticlabels(1) with boxxyerror notitle lc rgb "#3060a0"\n'
    with open(os.path.join(OUT, name + ".gp"), "w", encoding="utf-8") as file:
        file.write(script)
    subprocess.run(["gnuplot", os.path.join(OUT, name + ".gp")], check=False)


def plots(run):
    if not shutil.which("gnuplot"):
        return
    kernel = run.kernel.get("icount", {})
    bars("kernel", "instructions as a part of the target",
         [(name.replace("_", " "), kernel[name].median / t.count) for name, t in targets.KERNEL.items() if name in kernel], 1)
    for clock in CLOCKS:
        native, skerry = (run.linux.get((s, clock.key), {}) for s in ("native", "skerry"))
        bars(f"linux-{clock.key}", f"ratio to native, {clock.title}",
             [(n.replace("_", " "), (f.median / native[n].median if clock.key == "icount" else f.min / native[n].min)) for n, f in skerry.items()
              if n in native and native[n].min], 1)


def write(run):
    os.makedirs(OUT, exist_ok=True)
    with open(os.path.join(OUT, "report.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(markdown(run)) + "\n")
    with open(os.path.join(OUT, "report.jsonl"), "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in jsonl(run))
    plots(run)
