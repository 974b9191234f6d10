# SPDX-License-Identifier: MIT
"""The admission check (tools/admission.py) against a simulated CPU, nanosecond for nanosecond.

Random systems: its response time is the one of a simulation in which everybody begins at once (no less: it is safe; no more:
it refuses nothing that holds), and what it accepts misses no deadline, whoever begins when, takes turns with whom, or wants more
than its budget.
"""
import dataclasses
import os
import random
import re

import admission as check
from . import Result, TOP, run, tail

SYSTEMS, HORIZON = 1200, 300
LEAST = 10      # of the priorities of random works at their jobs
PERIODS = 100   # that a first job is followed for
TABLE = """\
CPU 0: blocking 3us, switch cost 1us
component  priority  low  budget  period  deadline  response    every   share
motor      180..190    -   200us     1ms     500us     204us   1004us  20.1 %
console         170    -   100us    10ms         -     308us        -   1.0 %
vision          160    5     3ms    10ms       4ms    3924us  12174us  30.0 %
root            110    -       -       -         -         -        -       -
init            100    -       -       -         -         -        -       -
linux             2    -       -       -         -         -        -       -
left by those with a budget: 48.5 %
"""


def random_works(rng):
    """A few works that together need up to about all of the CPU, and one that never ends below them."""
    works = []
    for i in range(rng.randint(1, 5)):
        period = rng.randint(4, 40)
        budget = rng.randint(1, max(1, period // 3))
        priority = rng.randint(LEAST, LEAST + 4)
        deadline = rng.choice([0, rng.randint(budget, period), rng.randint(budget, period), period])
        works.append(check.Work(f"w{i}", priority, priority + rng.choice([0, 0, 1]), budget, period,
                                rng.choice([0, 0, 1, 5, LEAST + 1 if priority > LEAST + 1 else 0]), deadline))
    return works + [check.Work("endless", 1, rng.choice([1, 1, 1, LEAST + 1]))]


def first_job(own, works, kernel):
    """When own's first job ends if all begin at 0, those of its own priority before it; None: not within PERIODS."""
    before = [w for w in works if w is not own and w.budget and w.highest >= own.priority]
    left = {id(w): 0 for w in before}
    mine, busy = own.budget + kernel.switch_cost, kernel.blocking
    for now in range(PERIODS * own.period):
        for w in before:
            if now % w.period == 0:
                left[id(w)] += w.budget + kernel.switch_cost + kernel.blocking
        if busy:
            busy -= 1
            continue
        first = next((w for w in before if left[id(w)]), None)
        if first:
            left[id(first)] -= 1
            continue
        mine -= 1
        if not mine:
            return now + 1
    return None


class Server:
    """A work with its jobs and its budget, as microkernel/sched/budget.c keeps it."""

    def __init__(self, work, cpu, rng):
        self.work, self.rng, self.kernel = work, rng, cpu.kernel
        self.distance = cpu.distance(work) if work.deadline else work.period
        self.greedy = not work.deadline and rng.random() < 0.5
        self.next = rng.choice([0, rng.randint(0, work.period)])
        self.left, self.refills = work.budget, []  # of the budget; [first, due, amount]
        self.going = False
        self.switching = self.todo = self.end = 0
        self.priority = work.priority

    def begin(self, now):
        """Begins a job if it is time; False if the deadline of the one before has passed."""
        while self.refills and self.refills[0][1] <= now:
            self.left += self.refills.pop(0)[2]
            self.going = self.going and bool(self.refills)
        late = self.work.deadline and self.todo and now >= self.end
        if self.work.budget and now == self.next:
            self.todo = self.work.budget if self.work.deadline else self.rng.randint(1, 2 * self.work.budget)
            self.switching, self.end = self.kernel.switch_cost, now + self.work.deadline
            self.next = now + self.distance + self.rng.choice([0, 0, 1, 7])
            # Who may raise its threads does so at random.
            self.priority = self.work.priority if self.work.deadline else self.rng.choice([self.work.priority, self.work.highest])
        return not late

    def wants(self):
        """The priority at which it would run now; 0: it waits."""
        if not self.work.budget:
            return self.work.highest
        if self.switching:
            return self.priority
        if not self.todo and not self.greedy:
            return 0
        return self.priority if self.left > 0 else self.work.low_priority

    def charge(self, now, amount):
        last = self.refills[-1] if self.refills else None
        if not self.going and (not last or now - last[0] >= self.work.period / check.GOES_PER_PERIOD):
            last = [now, 0, 0]
            self.refills.append(last)
        if not self.going:
            last[1] = now + self.work.period
        last[2] += amount
        self.left -= amount
        self.going = True

    def run(self, now, level):
        """Runs for a tick; for how long after it the kernel cannot be preempted, the budget being used up."""
        if self.switching:
            self.switching -= 1
            return 0
        self.todo = max(0, self.todo - 1)
        if not self.work.budget or level != self.priority:
            self.going = False
            return 0
        over = self.rng.randint(0, self.kernel.blocking) if self.left == 1 and (self.todo or self.greedy) else 0
        self.charge(now, 1 + over)
        return over


def miss(cpu, rng):
    """Simulates; the time at which a deadline was missed, or None."""
    servers = [Server(w, cpu, rng) for w in cpu.works]
    quantum, turn, running, held, level = rng.randint(1, 4), 0, None, 0, 0
    for now in range(HORIZON):
        if not all([s.begin(now) for s in servers]):
            return now
        before, level = level, max(s.wants() for s in servers)
        if not held and 0 < before < LEAST <= level and rng.random() < 0.7:
            held = rng.randint(0, cpu.kernel.blocking)  # the kernel finishes what it does for a lesser one
        if held:
            held -= 1
            continue
        equals = [s for s in servers if s.wants() == level]
        if running not in equals or turn == 0:
            last, running, turn = running, rng.choice(equals), quantum
            if last and last is not running:
                last.going = False
        turn -= 1
        held = running.run(now, level)
    return None


def systems(seed):
    """(works, kernel, generator), the same ones each time."""
    rng = random.Random(seed)
    for _ in range(SYSTEMS):
        kernel = check.Kernel(rng.randint(0, 3), rng.randint(0, 1))
        yield random_works(rng), kernel, rng


def critical_instant():
    """Equality of response times."""
    compared = 0
    for works, kernel, _ in systems(1):
        for own in works:
            if not own.budget or check.endless(own, works):
                continue
            found, simulated = check.response(own, check.bounded(own, works), kernel), first_job(own, works, kernel)
            if found != simulated and (simulated or (found or 0) <= PERIODS * own.period and found):
                return f"{own} among {works}, {kernel}: {found}, simulated {simulated}"
            compared += simulated is not None
    return "" if compared > SYSTEMS else f"only {compared} compared"


def accepted_holds():
    accepted = 0
    for works, kernel, rng in systems(2):
        cpu = check.Cpu(0, works, kernel)
        if cpu.refusals() or not any(w.deadline for w in works):
            continue
        accepted += 1
        for _ in range(4):
            late = miss(cpu, rng)
            if late is not None:
                return f"a deadline is missed at {late} by {works}, {kernel}"
    return "" if accepted > SYSTEMS // 8 else f"only {accepted} were accepted"


def help_holds():
    """What a refusal names as enough is accepted, and of budgets the next larger one is not."""
    tried = 0
    for works, kernel, _ in systems(3):
        cpu = check.Cpu(0, works, kernel)
        for own in (w for w in works if w.deadline):
            time = cpu.response(own)
            if check.endless(own, works) or time is not None and time <= own.deadline:
                continue
            changes = [({"deadline": time}, True)] if time and time <= own.period else []
            largest = cpu.largest_budget(own)
            changes += [({"budget": largest}, True)] if largest else []
            changes += [({"budget": largest + 1}, False)]
            for change, good in changes:
                other = dataclasses.replace(own, **change)
                if check.holds(other, [other if w is own else w for w in works], kernel) != good:
                    return f"{change} for {own} among {works}, {kernel}: {not good}"
                tried += 1
    return "" if tried > SYSTEMS // 8 else f"only {tried} were tried"


def kernel_bounds():
    """The defaults cover the table of docs/latency.md."""
    with open(os.path.join(TOP, "docs", "latency.md"), encoding="utf-8") as file:
        rows = {name: int(n.replace(",", "")) for name, n in re.findall(r"^\| ([^|]+) \| ([0-9,]+) \|", file.read(), re.M)}
    if "nothing" not in rows or max(rows.values()) > check.BLOCKING_NS or 3 * rows["nothing"] > check.SWITCH_COST_NS:
        return f"blocking {check.BLOCKING_NS} and switch cost {check.SWITCH_COST_NS} are less than {rows}"
    return ""


def sources():
    """Root's and init's priorities, and how the kernel gives budgets back, are those of the source."""
    with open(os.path.join(TOP, "l4re", "server", "root", "boot.c"), encoding="utf-8") as file:
        found = dict(re.findall(r"^#define (\w+)_PRIO (\d+)$", file.read(), re.M))
    with open(os.path.join(TOP, "microkernel", "sched", "budget.c"), encoding="utf-8") as file:
        found |= dict(re.findall(r"^#define (GOES_PER_PERIOD) (\d+)$", file.read(), re.M))
    wanted = {name.upper(): str(priority) for name, priority in check.SERVERS} | {"GOES_PER_PERIOD": str(check.GOES_PER_PERIOD)}
    return "" if found == wanted else f"{found} instead of {wanted}"


def table():
    status, text = run(["tools/confc", "--analysis", "tests/confc/deadline-good.conf"], 60)
    return "" if status == 0 and text == TABLE else f"status {status}:\n{text}"


TESTS = {"critical-instant": critical_instant, "accepted-holds": accepted_holds, "help-holds": help_holds,
         "kernel-bounds": kernel_bounds, "sources": sources, "table": table}


def jobs(chosen):
    for name, test in TESTS.items():
        if chosen(f"admission/{name}"):
            def job(name=name, test=test):
                why = test()
                return [Result(f"admission/{name}", why.splitlines()[0] if why else "", tail(why))]
            yield f"admission/{name}", job
