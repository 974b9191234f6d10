# SPDX-License-Identifier: MIT
"""What is aimed at, and what others measure; all in instructions, measured in the same way."""
import dataclasses
import re
import subprocess

from .latency import LOADS
from .systems import TOP


@dataclasses.dataclass
class Target:
    """A bound on the count, on the ratio to native, or on what is added to native."""
    count: float = 0
    ratio: float = 0
    added: float = 0
    others: str = ""

    def text(self):
        if self.count:
            return f"≤ {self.count:,.0f}"
        return f"≤ {self.ratio:g} × native" if self.ratio else f"≤ native + {self.added:g}"

    def met(self, value, native=0.0):
        # Half a digit of what is printed.
        if self.count:
            return value <= self.count
        return value <= native * (self.ratio + 0.005) if self.ratio else value <= native + self.added


KERNEL = {
    "call_two_tasks_0": Target(240, others="Fiasco 1081, seL4 395, NOVA 279"),
    "call_one_task_0": Target(220, others="Fiasco 1061, seL4 391, NOVA 259"),
    "call_two_tasks_60": Target(450, others="Fiasco 1201, seL4 1572 (10 words)"),
    "invoke_null": Target(80, others="Fiasco 150, seL4 89, NOVA 90"),
    "irq_trigger_to_waiting": Target(330, others="Fiasco 533 (self), seL4 509"),
    "hardware_irq_to_thread": Target(330, others="seL4 354"),
    "timer_irq_to_thread": Target(500, others="PREEMPT_RT 1850 idle"),
    "exception_round_trip": Target(700, others="seL4 1303"),
    "page_fault_by_pager": Target(900, others="seL4 1927"),
    "map_unmap_1": Target(600, others="Fiasco 2918, seL4 734 (map only)"),
    "map_unmap_16_list": Target(2500, others="Fiasco 29764"),
    "thread_create_delete": Target(1500, others="Fiasco 1736"),
    "task_create_delete": Target(4000, others="Fiasco 36,000 to 64,000"),
    "vcpu_syscall_resume": Target(120, others="Fiasco 584"),
    "vcpu_fault_resume_map_1": Target(500, others="Fiasco 1970"),
}

LINUX = {
    "getpid": Target(added=120, others="L4Linux 5.1, Xen 4.2"),
    "read_1": Target(added=120, others="L4Linux 4.2, Xen 2.8"),
    "open_close": Target(ratio=1.1, others="L4Linux 2.0, Xen 1.5"),
    "clock_gettime": Target(ratio=1.0, others="L4Linux 1.0, Xen 1.0"),
    "signal_deliver": Target(ratio=1.25, others="L4Linux 6.5, Xen 1.6"),
    "signal_protection_fault": Target(ratio=1.35, others="L4Linux hangs, Xen 1.6"),
    "pipe_round_trip": Target(ratio=1.25, others="L4Linux 2.5, Xen 2.7"),
    "futex_ping_pong": Target(ratio=1.25, others="L4Linux 1.8, Xen 2.4"),
    "context_switch_2": Target(ratio=1.4, others="L4Linux 1.5, Xen 3.6"),
    "thread_create_join": Target(ratio=1.2, others="L4Linux 2.4, Xen 1.7"),
    "anonymous_fault": Target(added=450, others="L4Linux 4.0, Xen 2.3"),
    "file_fault": Target(ratio=1.6, others="L4Linux 8, Xen 4.5"),
    "copy_on_write_fault": Target(ratio=1.3, others="L4Linux 2.7, Xen 2.5"),
    "mprotect_pair_64k": Target(ratio=1.4, others="L4Linux 23, Xen 7.4"),
    "fork_exit": Target(ratio=1.5, others="L4Linux 10, Xen 5.4"),
    "fork_exec": Target(ratio=1.5, others="L4Linux 8, Xen 6.1"),
    "program_200_spawns": Target(ratio=1.4, others="Xen 4.3"),
    "program_tar_gzip": Target(ratio=1.03, others="Xen 1.05"),
    "program_sort": Target(ratio=1.03, others="Xen 1.05"),
    "program_sha256": Target(ratio=1.03, others="Xen 1.01"),
    "program_find": Target(ratio=1.2, others="Xen 2.9"),
    "program_dd_1": Target(ratio=1.3, others="Xen 3.0"),
}

# Wall time: no slower than the native kernel with page-table isolation, which loads CR3 twice a call as well.
WALL = ["getpid", "read_1", "fork_exec", "pipe_round_trip", "program_200_spawns", "program_find", "program_sort",
        "mprotect_pair_64k", "anonymous_fault"]
# CR3 loads of a null Linux call.
CR3_LOADS = 2
# Average and worst of a timer's latency under each load.
LATENCY = Target(500), Target(1750)
BUDGET = re.compile(r"^(.*): (\d+) of (\d+)$", re.M)
ELSEWHERE = [
    ("real time: longest path without preemption point ≤ 1,200", "by exhaustion: docs/latency.md, tests/run system/kernel-paths"),
    ("real time: missed deadlines in 1,000,000 periods under stress: 0", "a run of its own: tests/run --long system/deadlines"),
]


@dataclasses.dataclass
class Row:
    """One target: what, how much it may be, how much it is; part: value as a part of the bound; met None: not measured."""
    what: str
    target: str
    value: str
    part: float = 0
    met: bool | None = None


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def kernel_rows(run):
    figures = run.kernel.get("icount", {})
    for name, t in KERNEL.items():
        f, row = figures.get(name), Row(name, t.text(), "")
        if f:
            row.value, row.part, row.met = number(f.median), f.median / t.count, t.met(f.median)
        yield row


def linux_rows(run):
    skerry, native = (run.linux.get((s, "icount"), {}) for s in ("skerry", "native"))
    for name, t in LINUX.items():
        f, base = skerry.get(name), native.get(name)
        if not f or not base:
            yield Row(f"Linux: {name}", t.text(), "")
            continue
        bound = base.median * t.ratio if t.ratio else base.median + t.added
        yield Row(f"Linux: {name}", t.text(), f"{number(f.median)}, native {number(base.median)}: "
                  f"{f.median / base.median:.2f}", f.median / bound, t.met(f.median, base.median))
    if "getpid" in skerry:
        loads = skerry["getpid"].counters.get("cr3_loads", 0)
        yield Row("Linux: CR3 loads of a null call", f"≤ {CR3_LOADS}", f"{loads:g}", loads / CR3_LOADS,
                  0 < loads <= CR3_LOADS)


def wall_rows(run):
    skerry, pti = (run.linux.get((s, "wall"), {}) for s in ("skerry", "pti"))
    for name in WALL:
        f, base = skerry.get(name), pti.get(name)
        row = Row(f"Linux, TCG time: {name}", "≤ page-table isolation", "")
        if f and base:
            row.value, row.part = f"{number(f.min)} ns, {number(base.min)} ns", f.min / base.min
            row.met = f.min <= base.min
        yield row


def opponent_rows(load, ours, theirs, peer):
    """Against PREEMPT_RT under the same load in the same run."""
    for what, share, take in (("average", 0.25, lambda h: h.average), ("worst", 0.5, lambda h: h.max)):
        row = Row(f"latency, {load}: {what} against PREEMPT_RT", f"≤ {share:g} × PREEMPT_RT{peer}", "")
        if ours and theirs:
            bound = take(theirs) * share
            row.value, row.part = f"{number(take(ours))}, {number(take(theirs))}", take(ours) / bound
            row.met = take(ours) <= bound
        yield row


def latency_rows(run):
    for load, (_, has_peer) in LOADS.items():
        h = run.latency.get(("skerry", "icount", "timer", load))
        for what, t, value in zip(("average", "worst"), LATENCY, (h.average, h.max) if h else (None, None)):
            row = Row(f"latency, {load}: {what}", t.text(), "")
            if value is not None:
                row.value, row.part, row.met = number(value), value / t.count, t.met(value)
            yield row
        theirs = run.latency.get(("preempt_rt", "icount", "timer", load if has_peer else "idle"))
        yield from opponent_rows(load, h, theirs, "" if has_peer else ", idle")
    yield from (Row(what, "", why) for what, why in ELSEWHERE)


def size_rows():
    """The budgets of the tree, as tools/lint counts them."""
    text = subprocess.run(["tools/lint"], cwd=TOP, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout.decode()
    for what, value, bound in BUDGET.findall(text):
        yield Row(f"size: {what}", f"≤ {int(bound):,}", f"{int(value):,}", int(value) / int(bound),
                  int(value) <= int(bound))


def rows(run):
    return [*kernel_rows(run), *linux_rows(run), *wall_rows(run), *latency_rows(run), *size_rows()]
