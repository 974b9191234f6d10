# SPDX-License-Identifier: MIT
"""The admission check: does each component with a deadline get its budget within it? (docs/real-time.md)

Per CPU, for fixed priorities with one budget in each period. Of the rest of the system it believes only what the
kernel enforces: budgets, periods and highest priorities. All times are whole nanoseconds.
"""
import dataclasses
from fractions import Fraction

# Who runs on CPU 0 beside the components, without a budget.
SERVERS = (("root", 110), ("init", 100))
PRIORITY_MAX = 199
# Bounds of docs/latency.md, rounded up, at one instruction a nanosecond: the longest path that cannot be preempted, and for
# each job the timer interrupt that begins it, the one that gives its budget back, and the switch away from it.
BLOCKING_NS, SWITCH_COST_NS = 2000, 2000
# What a thread uses in several goes within this part of its period comes back at once (microkernel/sched/budget.c).
GOES_PER_PERIOD = 8
STEPS_MAX = 100000
UNITS = (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1))


def span(ns):
    """As text that a description may contain: the largest unit of which it is a multiple."""
    return next(f"{ns // size}{unit}" for unit, size in UNITS if ns % size == 0 and (ns or unit == "ns"))


def listed(words):
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


@dataclasses.dataclass(frozen=True)
class Kernel:
    """What the kernel itself takes: when it cannot be preempted, and for each job."""
    blocking: int = BLOCKING_NS
    switch_cost: int = SWITCH_COST_NS


@dataclasses.dataclass(frozen=True)
class Work:
    """What one component, or a server of the system, may do to a CPU."""
    name: str
    priority: int
    highest: int            # priority that one of its threads may have
    budget: int = 0         # 0: none, it may run for ever
    period: int = 0
    low_priority: int = 0   # at which it goes on when its budget is used up; 0: it waits
    deadline: int = 0       # 0: nothing is promised


def ratio(work, kernel):
    """Of the CPU, for a work with a budget."""
    return Fraction(work.budget + kernel.switch_cost, work.period)


def cost(work, kernel):
    """Of one of its jobs to others. When its budget ends it may be in the middle of something in the kernel."""
    return work.budget + kernel.switch_cost + kernel.blocking


def endless(own, works):
    """(work, priority) of those that may run for ever at own's priority or above."""
    at = [(w, w.low_priority if w.budget else w.highest) for w in works if w is not own]
    return [(w, priority) for w, priority in at if priority >= own.priority]


def bounded(own, works):
    """Those that share the CPU's time with own or come before it within a budget.
    Equals take turns, so each may wait for all that the others have."""
    return [w for w in works if w is not own and w.budget and w.highest >= own.priority]


def response(own, before, kernel):
    """From the moment all begin a job until own's budget is spent; None if that may never be.

    The least t for which t = blocking by somebody lesser + own job + all jobs that `before` may begin in t. The search starts
    at a bound from below, the same equation without rounding up to whole jobs."""
    left = 1 - sum((Fraction(cost(w, kernel), w.period) for w in before), Fraction(0))
    if left <= 0:
        return None
    alone = kernel.blocking + own.budget + kernel.switch_cost
    time = -(-alone // left)
    for _ in range(STEPS_MAX):
        needed = alone + sum(-(-time // w.period) * cost(w, kernel) for w in before)
        if needed == time:
            return time
        time = needed
    return None


def holds(own, works, kernel):
    time = None if endless(own, works) else response(own, bounded(own, works), kernel)
    return time is not None and time <= own.deadline


class Cpu:
    """Everything that may run on one CPU."""

    def __init__(self, number, works, kernel):
        self.number, self.kernel = number, kernel
        self.works = sorted(works, key=lambda w: -w.highest)

    def response(self, own):
        """None: it has no budget, or there is no bound."""
        if not own.budget or endless(own, self.works):
            return None
        return response(own, bounded(own, self.works), self.kernel)

    def distance(self, own):
        """From job to job, so that each finds its whole budget: what the one before used late comes back late, and what
        it used in several goes (somebody came between) with the last of them."""
        late = self.response(own) - own.budget
        if bounded(own, self.works):
            late = min(late + own.period // GOES_PER_PERIOD, late + own.budget)
        return own.period + late

    def shares(self):
        """Of those that a deadline is promised to."""
        return sum((ratio(w, self.kernel) for w in self.works if w.deadline), Fraction(0))

    def refusals(self):
        """(component, reason) for each deadline that cannot be promised."""
        promised = [w for w in self.works if w.deadline]
        if self.shares() > 1:
            parts = listed([f"{w.name} {percent(ratio(w, self.kernel))}" for w in promised])
            reason = f"those with a deadline need more than all of CPU {self.number}, with the kernel's costs: {parts}"
            return [(promised[-1], reason)]
        return [(w, self.reason(w)) for w in promised if not holds(w, self.works, self.kernel)]

    def reason(self, own):
        for_ever = endless(own, self.works)
        if for_ever:
            return self.endless_reason(own, for_ever)
        before = bounded(own, self.works)
        time = response(own, before, self.kernel)
        if time:
            first = f"response time {span(time)} is longer than {span(own.deadline)}"
        else:
            first = "there is no bound of its response time"
        kernel = f"for each of these switches {span(self.kernel.switch_cost)} and blocking {span(self.kernel.blocking)}"
        parts = [f"budget {span(own.budget)}", *[f"{w.name} {self.jobs(w, time)}" for w in before], kernel]
        helps = self.helps(own, time)
        return f"{first} on CPU {self.number} ({', '.join(parts)})" + (f"; would do: {', or '.join(helps)}" if helps else "")

    def jobs(self, work, time):
        if not time:
            return f"{span(work.budget)} in each {span(work.period)}"
        return f"{-(-time // work.period)} x {span(work.budget)}"

    def endless_reason(self, own, found):
        names = listed([f"{w.name} (priority {p})" for w, p in found])
        servers = [p for w, p in found if (w.name, p) in SERVERS]
        rest = [w for w, p in found if (w.name, p) not in SERVERS]
        raised = [w.name for w in rest if w.budget]
        unlimited = [w.name for w in rest if not w.budget]
        fixes = [f"a priority above {max(servers)}"] if servers else []
        fixes += [f"a budget for {listed(unlimited)}"] if unlimited else []
        fixes += [f"a low_priority below {own.priority} for {listed(raised)}"] if raised else []
        top = max(p for _, p in found)
        ways = [f"a priority above {top}"] if rest and top < PRIORITY_MAX else []
        return (f"no response time on CPU {self.number}: {names} may run for ever at its priority {own.priority} or above; "
                f"would help: {', or '.join(ways + [listed(fixes)])}")

    def helps(self, own, time):
        """What would be accepted, each by itself: a longer deadline, a smaller budget, other priorities."""
        helps = [f"a deadline of {span(time)}"] if time and time <= own.period else []
        budget = self.largest_budget(own)
        helps += [f"a budget of {span(budget)}"] if budget else []
        order = self.by_deadline()
        if order:
            helps.append("priorities in the order of the deadlines: " + ", ".join(w.name for w in order))
        return helps

    def largest_budget(self, own):
        low, high = 0, own.budget
        while high - low > 1:
            middle = (low + high) // 2
            smaller = dataclasses.replace(own, budget=middle)
            if holds(smaller, [smaller if w is own else w for w in self.works], self.kernel):
                low = middle
            else:
                high = middle
        return low

    def by_deadline(self):
        """Those with a deadline, shortest first, if all held with their priorities in this order."""
        promised = [w for w in self.works if w.deadline]
        order = sorted(promised, key=lambda w: w.deadline)
        steps = sorted((w.highest for w in promised), reverse=True)
        if len(set(steps)) < len(steps):
            return []
        moved = [dataclasses.replace(w, priority=p, highest=p) for w, p in zip(order, steps)]
        works = moved + [w for w in self.works if not w.deadline]
        return order if all(holds(w, works, self.kernel) for w in moved) else []

    def table(self):
        """The analysis as text."""
        head = ("component", "priority", "low", "budget", "period", "deadline", "response", "every", "share")
        rows = [head] + [self.row(w) for w in self.works]
        widths = [max(len(r[i]) for r in rows) for i in range(len(head))]
        text = [f"CPU {self.number}: blocking {span(self.kernel.blocking)}, switch cost {span(self.kernel.switch_cost)}"]
        for row in rows:
            text.append("  ".join([row[0].ljust(widths[0])] + [c.rjust(n) for c, n in zip(row[1:], widths[1:])]))
        left = 1 - sum((Fraction(cost(w, self.kernel), w.period) for w in self.works if w.budget), Fraction(0))
        return "\n".join(text + [f"left by those with a budget: {percent(max(left, Fraction(0)))}"])

    def row(self, work):
        time, limit = self.response(work), work.deadline or work.period
        priority = str(work.priority) + (f"..{work.highest}" if work.highest > work.priority else "")
        if time is not None and time <= limit:
            text = span(time)
        else:
            text = f"{span(time) if time else 'none'}, refused" if work.deadline else "-"
        every = span(self.distance(work)) if work.deadline and time else "-"
        spans = [span(n) if n else "-" for n in (work.budget, work.period, work.deadline)]
        share = percent(ratio(work, self.kernel)) if work.budget else "-"
        return (work.name, priority, str(work.low_priority or "-"), *spans, text, every, share)


def percent(part):
    return f"{float(100 * part):.1f} %"


def cpus(components, kernel):
    """One Cpu for each on which somebody may run."""
    result = []
    for number in range(max(c.cpus for c in components).bit_length()):
        works = [Work(c.name, c.priority, c.max_priority, c.budget, c.period, c.low_priority, c.deadline)
                 for c in components if c.cpus >> number & 1]
        works += [Work(name, priority, priority) for name, priority in SERVERS if number == 0]
        if works:
            result.append(Cpu(number, works, kernel))
    return result
