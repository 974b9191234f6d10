# SPDX-License-Identifier: MIT
"""From QEMU's start to the first command: at most twice what the same Linux image takes natively.

In instructions (with --icount the counter in the guest counts them, waiting included), which repeats exactly, and in
wall time, for which the best of some runs counts.
"""
import os
import re

from . import Result, TOP, newer, output_path, run

LIMIT = 2.0
ATTEMPTS = 3
SYSTEMS = {"Skerry": ["--conf", "linux"], "native": ["--native"]}
TOGETHER = re.compile(r"^start: (.*\(together ([\d.]+) s\))$", re.M)


def program():
    source, path = os.path.join(TOP, "tests", "system", "tsc.c"), output_path("startup", "tsc")
    if not newer(path, source):
        run(["gcc", "-O1", "-static", "-o", path, source], 60)
    return path


def instructions(arguments):
    status, text = run(["tools/run", *arguments, "--icount", "--add", f"{program()}:/tsc", "--cmd", "/tsc"], 300)
    return int(text.strip()) if status == 0 and text.strip().isdigit() else 0


def wall(arguments):
    """Seconds to the shell and the line of stages."""
    _, text = run(["tools/run", *arguments, "-v", "--cmd", "true"], 300)
    found = TOGETHER.search(text)
    return (float(found[2]), found[1]) if found else (0.0, "no start")


def in_instructions():
    counts = {name: instructions(arguments) for name, arguments in SYSTEMS.items()}
    ratio = counts["Skerry"] / counts["native"] if counts["native"] else 0
    why = "" if 0 < ratio <= LIMIT else f"{ratio:.2f} times native: {counts}"
    return [Result(f"startup/instructions ({ratio:.2f} times native)", why)]


def in_time():
    best = {}
    for _ in range(ATTEMPTS):
        for name, arguments in SYSTEMS.items():
            best[name] = min(best.get(name, (1e9, "")), wall(arguments))
        if 0 < best["Skerry"][0] <= LIMIT * best["native"][0]:
            break
    ratio = best["Skerry"][0] / best["native"][0] if best["native"][0] else 0
    log = "\n".join(f"{name}: {stages}" for name, (_, stages) in best.items())
    stages = all(f"{stage} " in best["Skerry"][1] for stage in ("kernel", "init", "Linux", "shell"))
    why = "a stage is missing" if not stages else "" if 0 < ratio <= LIMIT else f"{ratio:.2f} times native"
    return [Result(f"startup/time ({best['Skerry'][1]})", why, log, retry=lambda: in_time()[0])]


def jobs(chosen):
    for name, job in (("startup/instructions", in_instructions), ("startup/time", in_time)):
        if chosen(name):
            yield name, job
