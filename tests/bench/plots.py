# SPDX-License-Identifier: MIT
"""Plots of a run, by gnuplot: SVG files in build/bench."""
import math
import os
import shutil
import subprocess

from . import targets
from .latency import LOADS
from .systems import CLOCKS, ICOUNT, OUT, SYSTEMS, WALL

HEAD = """set terminal svg size 1100,{height} font "sans,11" background "white"
set output "{out}"
set style fill solid 0.8 noborder
set grid x
set xlabel "{label}"
set yrange [{rows}:-0.7]
set bmargin 4
set key outside top center horizontal
set arrow from 1,-0.7 to 1,{rows} nohead lc rgb "red" front
"""
COLOURS = ["#3060a0", "#c07020", "#408040", "#804080"]
SHOWN = ["skerry", "pti", "xen"]


def bars(name, label, names, series, log=False):
    """Horizontal bars, one group per name, from 0, or from 1 where ratios are on a logarithmic scale; a red line at 1.

    series: (title, {name: value}).
    """
    names = [n for n in names if any(n in values for _, values in series)]
    series = [(title, values) for title, values in series if any(n in values for n in names)]
    if not names or not series:
        return
    rows, thick = len(names), 0.8 / len(series)
    out = os.path.join(OUT, name)
    script = HEAD.format(height=110 + (14 + 9 * len(series)) * rows, out=out + ".svg", label=label, rows=rows - 0.3)
    start = 1 if log else 0
    script += "set logscale x 2\nset xrange [*<0.5:2<*]\n" if log else "set xrange [0:*]\n"
    script += "set ytics (" + ", ".join(f'"{n.replace("_", " ")}" {at}' for at, n in enumerate(names)) + ")\n"
    plots = []
    for at, (title, values) in enumerate(series):
        middle = (at - (len(series) - 1) / 2) * thick
        with open(f"{out}-{at}.dat", "w", encoding="utf-8") as file:
            # Middle of the box, its row, left and right end, lower and upper side.
            file.writelines(f"{(start + v) / 2:.5f} {y + middle:.3f} {start} {v:.5f} {y + middle - thick / 2:.3f} "
                            f"{y + middle + thick / 2:.3f}\n" for y, n in enumerate(names) if (v := values.get(n)))
        plots.append(f'"{out}-{at}.dat" using 1:2:3:4:5:6 with boxxyerror title "{title}" lc rgb "{COLOURS[at]}"')
    script += "plot " + ", ".join(plots) + "\n"
    with open(out + ".gp", "w", encoding="utf-8") as file:
        file.write(script)
    subprocess.run(["gnuplot", out + ".gp"], check=False)


def linux(run, clock):
    def value(figure):
        return figure.median if clock.counted else figure.min

    native = run.linux.get(("native", clock.key), {})
    series = []
    for system in (s for s in SYSTEMS if s.key in SHOWN):
        figures = run.linux.get((system.key, clock.key), {})
        series.append((system.title, {n: value(f) / value(native[n]) for n, f in figures.items()
                                      if n in native and value(native[n]) > 0}))
    bars(f"linux-{clock.key}", f"ratio to native, {clock.title}", list(native), series, log=True)


GRID = """set terminal svg size 1300,{height} font "sans,10" background "white"
set output "{out}"
set multiplot layout {rows},3
set style fill transparent solid 0.6 noborder
set logscale x 2
set logscale y
set yrange [0.7:*]
set xrange [{least}:{most}]
set xtics rotate by -45
set grid
set key top right
"""
# Latencies of one bar: this part more than the least of it.
BAR = 0.03


def bars_of(h):
    """{(from, to): periods}, bars of equal widths on a logarithmic scale."""
    found = {}
    for at, periods in h.counts.items():
        n = int(math.log(max(at, 1), 1 + BAR))
        found[n] = found.get(n, 0) + periods
    return {((1 + BAR) ** n, (1 + BAR) ** (n + 1)): periods for n, periods in sorted(found.items())}


def latency(run, clock, name):
    """A histogram of each load: how many periods had which latency, for both systems."""
    shown = {load: [(title, h) for system, title in (("skerry", "Skerry"), ("preempt_rt", "PREEMPT_RT"))
                    if (h := run.latency.get((system, clock.key, "timer", load)))] for load in LOADS}
    shown = {load: found for load, found in shown.items() if found}
    if not shown:
        return
    out, rows = os.path.join(OUT, name), (len(shown) + 2) // 3
    everyone = [h for found in shown.values() for _, h in found]
    script = GRID.format(height=260 * rows, out=out + ".svg", rows=rows, least=min(h.min for h in everyone) * 0.9,
                         most=max(h.max for h in everyone) * 1.1)
    for load, found in shown.items():
        script += f'set title "{load}"\nset xlabel "{clock.unit}"\nset ylabel "periods"\n'
        plots = []
        for at, (title, h) in enumerate(found):
            data = f"{out}-{load}-{at}.dat"
            with open(data, "w", encoding="utf-8") as file:
                # Middle of the box, its height, its sides.
                file.writelines(f"{(low + high) / 2:.1f} {n} {low:.1f} {high:.1f} 0.7 {n}\n" for (low, high), n in bars_of(h).items())
            plots.append(f'"{data}" using 1:2:3:4:5:6 with boxxyerror title "{title}: worst {h.max:,}" lc rgb "{COLOURS[at]}"')
        script += "plot " + ", ".join(plots) + "\n"
    with open(out + ".gp", "w", encoding="utf-8") as file:
        file.write(script + "unset multiplot\n")
    subprocess.run(["gnuplot", out + ".gp"], check=False)


def draw(run):
    """All plots, or a note that there is no gnuplot."""
    if not shutil.which("gnuplot"):
        run.notes.append("plots: gnuplot is not there")
        return
    kernel = run.kernel.get("icount", {})
    bars("kernel", "instructions as a part of the target", list(targets.KERNEL),
         [("Skerry", {n: kernel[n].median / t.count for n, t in targets.KERNEL.items() if n in kernel})])
    for clock in CLOCKS:
        linux(run, clock)
    latency(run, ICOUNT, "latency")
    latency(run, WALL, "latency-wall")
