# SPDX-License-Identifier: MIT
"""Run by tools/trace in gdb: records the microkernel's trace ring and the names of threads, tasks and processes.

Environment: TRACE_SOCKET, TRACE_RECORDS (how many), TRACE_OUT (a JSON file of what was found, as it was found).
The system stands still while it is read, so under --icount reading does not change what is read.
"""
import json
import os
import struct
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import skerry  # noqa: E402

RECORD = struct.Struct("<QIHHQQ")
HALF = "trace_half"
OFFSETS = ("tasks", "mm", "pid", "comm", "l4_task")
PROCESSES_MAX = 4096
LONG_IPC_TRACE = 2  # microkernel/include/cpu.h


def symbol(name):
    return int(gdb.parse_and_eval(f"(unsigned long)&{name}"))


class Memory:
    """Memory of a task, whichever address space the CPU is in."""

    def __init__(self, task):
        self.root = skerry.integer(task["space"]["cr3"]) & skerry.ADDRESS
        self.pages = {}

    def _page(self, address):
        table = self.root
        for level in (4, 3, 2, 1):
            shift = 12 + 9 * (level - 1)
            entry = skerry.physical(table + (address >> shift & 511) * 8)
            if not entry & skerry.PRESENT:
                raise gdb.MemoryError(f"{address:#x} is not mapped")
            table = entry & skerry.ADDRESS
            if level == 1 or (level < 4 and entry & skerry.LARGE):
                inside = (1 << shift) - 1
                return (table & ~inside) | (address & inside & ~0xFFF)
        raise gdb.MemoryError("no page")

    def read(self, address, size):
        page = address & ~0xFFF
        if page not in self.pages:
            self.pages[page] = self._page(page)
        at = skerry.RAM + self.pages[page] + (address & 0xFFF)
        return bytes(gdb.selected_inferior().read_memory(at, size))

    def word(self, address):
        return struct.unpack("<Q", self.read(address, 8))[0]


def object_of(task, slot):
    """Id of the object behind a capability slot, or 0."""
    table = task["caps"]["dir"][slot // 512]
    if not skerry.integer(table):
        return 0
    entry = struct.unpack("<Q", bytes(gdb.selected_inferior().read_memory(skerry.integer(table) + slot % 512 * 8, 8)))[0]
    pointer = gdb.lookup_type("struct kobject").pointer()
    return int(gdb.Value(entry & ~0xF).cast(pointer)["id"]) if entry & ~0xF else 0


def processes(task):
    """(L4 task id, pid, name) of the processes of the Linux in a task."""
    memory = Memory(task)
    at = dict(zip(OFFSETS, struct.unpack("<5I", memory.read(symbol("l4_debug_offsets"), 20))))
    first = symbol("init_task") + at["tasks"]
    node = memory.word(first)
    for _ in range(PROCESSES_MAX):
        if node == first:
            return
        process = node - at["tasks"]
        mm = memory.word(process + at["mm"])
        slot = memory.word(mm + at["l4_task"]) if mm else 0
        if 0 < slot < 1 << 18:
            pid = struct.unpack("<i", memory.read(process + at["pid"], 4))[0]
            name = memory.read(process + at["comm"], 16).split(b"\0")[0].decode(errors="replace")
            yield object_of(task, slot), pid, name
        node = memory.word(node)


class Recorder:
    """What is known so far."""

    def __init__(self, wanted):
        self.wanted, self.records, self.lost = wanted, [], 0
        self.threads, self.tasks, self.processes = {}, {}, {}
        self.next = skerry.integer(skerry.value("trace_ring.header.head"))

    def names(self):
        for t in skerry.threads():
            task = t["task"]
            where = int(task["kobj"]["id"]) if skerry.integer(task) else 0
            self.threads[int(t["kobj"]["id"])] = (skerry.text(t["kobj"]["name"]), where)
            if skerry.integer(t["vcpu"]):
                try:
                    for number, pid, name in processes(task.dereference()):
                        self.processes[number] = (pid, name, where)
                except gdb.error:
                    pass  # this vCPU is not one of our Linux, or it is not up yet
        for t in skerry.tasks():
            self.tasks[int(t["kobj"]["id"])] = skerry.text(t["kobj"]["name"])

    def drain(self):
        ring = skerry.value("trace_ring")
        head, places = skerry.integer(ring["header"]["head"]), skerry.integer(ring["header"]["records"])
        if head - self.next > places:
            self.lost += head - places - self.next
            self.next = head - places
        start = skerry.integer(ring["record"].address)
        data = bytes(gdb.selected_inferior().read_memory(start, places * RECORD.size))
        for n in range(self.next, head):
            self.records.append(RECORD.unpack_from(data, n % places * RECORD.size))
        self.next = head
        self.names()

    def full(self):
        return len(self.records) >= self.wanted


def choose_all():
    """Every event is recorded, and the short ways that record nothing are closed."""
    for n in range(int(skerry.value("sizeof(cpus) / sizeof(cpus[0])"))):
        gdb.execute(f"set var cpus[{n}].long_ipc = cpus[{n}].long_ipc | {LONG_IPC_TRACE}")
    gdb.execute("set var trace_ring.header.mask = ~0UL")


def main():
    for setting in ("confirm off", "pagination off"):
        gdb.execute(f"set {setting}")
    gdb.execute(f"target remote {os.environ['TRACE_SOCKET']}", to_string=True)
    gdb.execute("continue", to_string=True)  # until tools/trace interrupts
    recorder = Recorder(int(os.environ["TRACE_RECORDS"]))
    recorder.names()
    khz = int(skerry.value("kip.tsc_khz"))
    choose_all()
    gdb.execute(f"hbreak {HALF}", to_string=True)
    events = {int(f.enumval): f.name[len("L4_TRACE_"):] for f in gdb.lookup_type("enum l4_trace_event").fields()}
    try:
        while not recorder.full():
            gdb.execute("continue", to_string=True)
            recorder.drain()
    except gdb.error:
        print("trace: the system ended before all was recorded", file=sys.stderr)
    with open(os.environ["TRACE_OUT"], "w", encoding="utf-8") as file:
        json.dump({"khz": khz, "events": events, "records": recorder.records,
                   "lost": recorder.lost, "threads": recorder.threads, "tasks": recorder.tasks,
                   "processes": recorder.processes}, file)


main()
