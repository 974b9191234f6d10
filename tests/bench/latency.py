# SPDX-License-Identifier: MIT
"""Latencies of a periodic task under loads: Skerry's native cyclictest beside its Linux, and Debian's cyclictest in the
native kernel with PREEMPT_RT, which get the same arguments and the same loads (tests/bench/latency.sh).
"""
import dataclasses
import functools
import os
import re
import subprocess
import sys

from runlib.binaries import with_libraries

from .measure import Failed, Figure, last_lines, programs_added, tool
from .systems import Clock, ICOUNT, OUT, PREEMPT_RT, TIMEOUT, TOP, WALL

# Of Debian's rt-tests; tools/setup --bench installs them.
CYCLICTEST, HACKBENCH = "/usr/bin/cyclictest", "/usr/bin/hackbench"
CONF, CONF_DRIVERS = "tests/bench/latency.conf", "tests/bench/latency-drivers.conf"
LOAD = "build/bench/linux/load"
# By clock: what is longer is counted, but has no place of its own.
BUCKETS = {ICOUNT.key: 20000, WALL.key: 400000}
INTERVAL_US = 200
# Answers of devices take the host's time, so these runs do not repeat to the bit.
WITH_DEVICES = ("disk", "network", "driver")
DEVICES = ["--disk", "4M", "--net", "guestfwd=tcp:10.0.2.100:7-cmd:cat"]
# Load: what it is; whether it is one for PREEMPT_RT as well (a Linux that has panicked is gone).
LOADS = {
    "idle": ("nothing", True),
    "mixed": ("processes, pipes, sockets, files, dropped caches, sort, hackbench", True),
    "fork": ("a fork bomb: 255 processes that live at once and end at once", True),
    "memory": ("a process that takes all memory until it is killed", True),
    "disk": ("a disk written and read", True),
    "network": ("TCP through the network device and back, TCP within Linux", True),
    "module": ("modules loaded and removed", True),
    "exit": ("a process with 1 GiB of touched pages ends", True),
    "revoke": ("write protection comes and goes, unmapping; on Skerry also tasks that map and revoke among themselves", True),
    "driver": ("the disk's driver is killed while it writes; PREEMPT_RT: unbound and bound", True),
    "panic": ("Linux panics and starts again", False),
}
# Of other kinds than timers, and in wall time.
FEW = ("idle", "mixed")
KINDS = {"irq": "interrupt of the HPET to the task", "ipc": "a call of another task and its answer"}


@dataclasses.dataclass
class Histogram:
    """What cyclictest counted: {latency: how often}, and its summary."""
    counts: dict
    min: int
    average: float
    max: int
    periods: int

    def quantile(self, part):
        left = part * self.periods
        for at in sorted(self.counts):
            left -= self.counts[at]
            if left <= 0:
                return at
        return self.max

    def figure(self, name):
        """For the tables; in place of the median the average, as cyclictest has it."""
        return Figure(name, self.min, self.average, self.quantile(0.99), self.max, self.periods, {})


def parse(text):
    """The last histogram in the text, or None."""
    text = re.sub(r"^rt\| ", "", text.replace("\r", ""), flags=re.M)
    text = text.split("# Histogram\n")[-1] if "# Histogram\n" in text else ""
    counts = {int(at): int(n) for at, n in re.findall(r"^(\d{6,})[ \t]+(\d+)$", text, re.M)}
    facts = dict(re.findall(r"^# (Total|Min Latencies|Avg Latencies|Max Latencies): (\d+)$", text, re.M))
    if len(facts) < 4:
        return None
    periods, least, average, most = (int(facts[name]) for name in ("Total", "Min Latencies", "Avg Latencies", "Max Latencies"))
    counted = sum(counts.values())
    # What is too long for a bucket is in cyclictest's own average alone, which is a whole number.
    exact = sum(at * n for at, n in counts.items()) / counted if counted == periods else average
    return Histogram(counts, least, exact, most, periods)


def write(name, text):
    path = os.path.join(OUT, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    return path


@functools.cache
def modules():
    """The modules of tests/linux, built for Skerry's Linux."""
    sys.path.insert(0, os.path.join(TOP, "tests"))
    from harness import linux  # pylint: disable=import-outside-toplevel
    why = linux.build_modules()
    if why:
        raise Failed(why)
    return linux.MODULES


@functools.cache
def modules_rt():
    """The same for the kernel with PREEMPT_RT."""
    folder, peers = os.path.join(OUT, "modules-rt"), os.path.join(OUT, "peers")
    os.makedirs(folder, exist_ok=True)
    for name in ("probe", "prober"):
        with open(os.path.join(TOP, "tests", "linux", "modules", name + ".c"), encoding="utf-8") as file:
            write(os.path.join(folder, name + ".c"), file.read())
    write(os.path.join(folder, "Kbuild"), "obj-m += probe.o prober.o")
    line = ["make", "-s", "-C", os.path.join(peers, "src"), f"O={os.path.join(peers, 'obj-rt')}", "ARCH=x86_64"]
    symbols = os.path.join(peers, "obj-rt", "vmlinux.symvers")
    for goal in (["modules_prepare"], [f"M={folder}", f"KBUILD_EXTRA_SYMBOLS={symbols}", "modules"]):
        done = subprocess.run(line + goal, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise Failed(last_lines(done.stdout.decode(errors="replace")))
    return folder


def prepare():
    """What several runs side by side would make at once."""
    for make in (modules, modules_rt) if not missing() else (modules,):
        make()


def missing():
    """What is not there of the opponent, or nothing."""
    there = (os.path.exists(os.path.join(TOP, needed)) for needed in (PREEMPT_RT, CYCLICTEST))
    return "" if all(there) else f"{PREEMPT_RT} or {CYCLICTEST} is not there; make bench without QUICK gets it"


def files(load, arguments, rt, name):
    """(here, in Linux) of all that a load needs; name: of this run."""
    found = [("tests/bench/latency.sh", "/skerry/cmd"), (LOAD, "/bench/load-program"),
             (write(f"load-{name}", load), "/bench/load"), (write(f"args-{name}", arguments), "/bench/args")]
    if load == "module":
        folder = modules_rt() if rt else modules()
        found += [(os.path.join(folder, m + ".ko"), f"/bench/{m}.ko") for m in ("probe", "prober")]
    if not rt:
        found.append(("build/rootfs/l4ctl", "/bin/l4ctl"))
    programs = [CYCLICTEST, HACKBENCH] if rt else [HACKBENCH]
    return found + programs_added() + [pair for p in programs if os.path.exists(os.path.join(TOP, p)) for pair in with_libraries(p)]


def line_of(load, clock, periods, rt=False, kind="timer"):
    """The command line of a run."""
    arguments = f"-q -N -m -i {INTERVAL_US} -l {periods} -h {BUCKETS[clock.key]}"
    if rt:
        line = ["tools/run", "--native", "--image", PREEMPT_RT, "--append", "mitigations=off norandmaps"]
    else:
        line = ["tools/run", "--conf", CONF_DRIVERS if load in WITH_DEVICES else CONF, f"--args=rt={arguments} -k {kind}"]
        line += ["--args=storm=-1"] if load == "revoke" else []
    line += DEVICES if load in WITH_DEVICES else []
    line += [*clock.run, "--batch", "--timeout", str(TIMEOUT)]
    for here, there in files(load, arguments + " -p 90", rt, f"{'rt' if rt else kind}-{load}"):
        line += ["--add", f"{here}:{there}"]
    return line


def measure(load, clock, periods, rt=False, kind="timer", more=()):
    """The Histogram of one load on one system; more: arguments of tools/run."""
    if rt and missing():
        raise Failed(missing())
    os.makedirs(OUT, exist_ok=True)
    line = line_of(load, clock, periods, rt, kind) + list(more)
    _, text = tool(line, TIMEOUT + 60)
    found = parse(text[text.find("\nbegin\n"):]) if "\nbegin\n" in text else None
    if not found or "not ok" in text or found.periods != periods:
        raise Failed(f"{' '.join(line)}\n{last_lines(text)}")
    return found


@dataclasses.dataclass
class Job:
    """One run: a load, a system, a clock, a kind."""
    load: str
    clock: Clock
    rt: bool = False
    kind: str = "timer"

    @property
    def key(self):
        return "preempt_rt" if self.rt else "skerry", self.clock.key, self.kind, self.load


def jobs(quick):
    """All runs of a report; a quick one counts instructions only."""
    for load, (_, has_peer) in LOADS.items():
        yield Job(load, ICOUNT)
        if has_peer:
            yield Job(load, ICOUNT, rt=True)
    if quick:
        return
    for kind in KINDS:
        yield from (Job(load, ICOUNT, kind=kind) for load in FEW)
    for load in FEW:
        yield from (Job(load, WALL, rt) for rt in (False, True))


def command(arguments, periods):
    """tools/bench --latency [LOAD...]: a line for each load and system."""
    for job in (j for j in jobs(True) if not arguments or j.load in arguments):
        try:
            h = measure(job.load, job.clock, periods, job.rt)
            print(f"{job.load:10}{job.key[0]:12}{h.periods:8}{h.min:8}{h.average:10.1f}{h.max:8}", flush=True)
        except Failed as error:
            print(f"{job.load:10}{job.key[0]:12} {error}", flush=True)
