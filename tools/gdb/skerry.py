# SPDX-License-Identifier: MIT
"""Commands for gdb: what tasks, threads, capabilities and page tables a stopped Skerry has.

Linux's symbols are loaded beside the kernel's. Native programs all lie at the same addresses, so only one
of them can have its symbols loaded: that of the task that was stopped in, or the one `skerry user` names.
"""
import os

import gdb

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, "build")
VMLINUX = os.path.join(BUILD, "linux", "vmlinux")
RAM = 0xFFFF800000000000  # where the kernel sees physical memory
ADDRESS = 0x000FFFFFFFFFF000
PRESENT, WRITE, USER, ACCESSED, DIRTY, LARGE, GLOBAL = 1, 2, 4, 0x20, 0x40, 0x80, 0x100
NO_EXECUTE = 1 << 63
CAP_RIGHTS = ((4, "r"), (1, "w"), (2, "s"), (8, "d"))
SELECTOR_SHIFT = 12
FLAG_VCPU_USER, FLAG_OPEN = 1, 0x1000


def value(expression):
    return gdb.parse_and_eval(expression)


def integer(field):
    return int(field) & 0xFFFFFFFFFFFFFFFF


def text(name):
    return name.string(errors="replace").split("\0")[0]


def container(pointer, type_name, member):
    """container_of()."""
    kind = gdb.lookup_type("struct " + type_name)
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == member)
    return gdb.Value(integer(pointer) - offset).cast(kind.pointer())


def walk(head, type_name, member):
    """The structures on a list."""
    node, count = head["next"], 0
    while integer(node) != integer(head.address):
        if not integer(node) or count > 100000:
            raise gdb.GdbError("the list is broken, or the kernel is not up yet")
        yield container(node, type_name, member)
        node, count = node["next"], count + 1


def objects():
    try:
        yield from walk(value("kobject_list"), "kobject", "all")
    except gdb.MemoryError:
        raise gdb.GdbError("the kernel is not up yet")


def type_of(obj):
    return str(obj["type"].cast(gdb.lookup_type("enum kobject_type")))[len("KOBJ_"):].lower()


def of_type(kind, type_name):
    return [container(o, type_name, "kobj") for o in objects() if type_of(o) == kind]


def tasks():
    return of_type("task", "task")


def threads():
    return of_type("thread", "thread")


def label(obj):
    """Number and name of a kernel object."""
    if not integer(obj):
        return "-"
    name = text(obj["name"])
    return f"{int(obj['id'])}" + (f" {name}" if name else "")


def find_task(word):
    found = [t for t in tasks() if word in (str(int(t["kobj"]["id"])), text(t["kobj"]["name"]))]
    if not found:
        raise gdb.GdbError(f"no task {word}")
    return found[0]


def physical(address):
    """A word of physical memory."""
    return integer(gdb.Value(RAM + address).cast(gdb.lookup_type("unsigned long").pointer()).dereference())


class Skerry(gdb.Command):
    """Commands about the system: skerry tasks, threads, caps, pagetable, objects, user."""

    def __init__(self):
        super().__init__("skerry", gdb.COMMAND_USER, prefix=True)


class Tasks(gdb.Command):
    """skerry tasks: number, name, mapped pages, kernel memory used of the quota, threads, tables."""

    def __init__(self):
        super().__init__("skerry tasks", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        print(f"{'id':>6} {'name':16} {'pages':>8} {'kernel memory':>22} {'threads':>7}  tables")
        for task in tasks():
            quota = task["kobj"]["quota"]
            used = f"{int(quota['used']) >> 10} of {int(quota['limit']) >> 10} KiB" if integer(quota) else "-"
            count = sum(1 for _ in walk(task["threads"], "thread", "task_link"))
            view = f", view {integer(task['space']['view_cr3']):#x}" if integer(task["space"]["view_root"]) else ""
            dead = " (dying)" if task["kobj"]["dead"] else ""
            print(f"{int(task['kobj']['id']):>6} {text(task['kobj']['name']):16} "
                  f"{int(task['space']['pages']):>8} {used:>22} {count:>7}  "
                  f"{integer(task['space']['cr3']):#x}{view}{dead}")


def waits_for(thread):
    state = str(thread["state"])[len("THREAD_"):].lower()
    partner = thread["partner"]
    current = value("cpus")[int(thread["cpu"])]["current"]
    if integer(current) == integer(thread):
        return "runs" + (" (vCPU user mode)" if int(thread["flags"]) & FLAG_VCPU_USER else "")
    if state == "receiving":
        if int(thread["flags"]) & FLAG_OPEN:
            return "waits for anyone"
        return f"waits for {type_of(partner)} {label(partner)}" if integer(partner) else "sleeps"
    if state == "sending":
        return f"sends to {label(partner)}" if integer(partner) else "sends to a gate without thread"
    return state


class Threads(gdb.Command):
    """skerry threads: number, name, task, priority, where it is and what it waits for."""

    def __init__(self):
        super().__init__("skerry threads", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        print(f"{'id':>6} {'name':16} {'task':20} {'prio':>4} {'cpu':>3} {'ip':>18}  state")
        for thread in threads():
            task = label(thread["task"]["kobj"].address) if integer(thread["task"]) else "-"
            vcpu = ", vCPU" if integer(thread["vcpu"]) else ""
            caller = thread["caller"]
            owes = f", owes a reply to {label(caller['kobj'].address)}" if integer(caller) else ""
            print(f"{int(thread['kobj']['id']):>6} {text(thread['kobj']['name']):16} {task:20} "
                  f"{int(thread['prio']):>4} {int(thread['cpu']):>3} {integer(thread['frame']['ip']):>#18x}  "
                  f"{waits_for(thread)}{vcpu}{owes}")


class Caps(gdb.Command):
    """skerry caps TASK: the capabilities of a task, by number or name."""

    def __init__(self):
        super().__init__("skerry caps", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        task = find_task(argument.strip())
        directory = task["caps"]["dir"]
        if not integer(directory):
            return
        print(f"{'selector':>10} {'type':10} rights  object")
        for index in range(512):
            table = directory[index]
            if integer(table):
                self._table(table, index)

    @staticmethod
    def _table(table, index):
        pointer = gdb.lookup_type("struct kobject").pointer()
        memory = gdb.selected_inferior().read_memory(integer(table), 4096).cast("Q")
        for slot, entry in enumerate(memory):
            if not entry:
                continue
            obj = gdb.Value(entry & ~0xF).cast(pointer)
            rights = "".join(letter if entry & bit else "-" for bit, letter in CAP_RIGHTS)
            print(f"{(index * 512 + slot) << SELECTOR_SHIFT:>#10x} {type_of(obj):10} {rights}    {label(obj)}")


def entry_text(entry):
    bits = [("w" if entry & WRITE else "-"), ("-" if entry & NO_EXECUTE else "x"), ("u" if entry & USER else "k")]
    extra = [name for bit, name in ((ACCESSED, "accessed"), (DIRTY, "dirty"), (GLOBAL, "global")) if entry & bit]
    return f"{entry:#018x} r{''.join(bits)} {' '.join(extra)}"


class PageTable(gdb.Command):
    """skerry pagetable TASK ADDRESS: the table entries that translate an address, down to the page."""

    def __init__(self):
        super().__init__("skerry pagetable", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if len(words) != 2:
            raise gdb.GdbError("skerry pagetable TASK ADDRESS")
        address = integer(value(words[1]))
        table = integer(find_task(words[0])["space"]["cr3"]) & ADDRESS
        for level in (4, 3, 2, 1):
            shift = 12 + 9 * (level - 1)
            entry = physical(table + (address >> shift & 511) * 8)
            print(f"level {level}: {entry_text(entry) if entry & PRESENT else f'{entry:#x} not present'}")
            if not entry & PRESENT:
                return
            if level == 1 or (level < 4 and entry & LARGE):
                page = (1 << shift) - 1
                print(f"physical {(entry & ADDRESS & ~page) | (address & page):#x}, page of {1 << shift - 10} KiB")
                return
            table = entry & ADDRESS


class Objects(gdb.Command):
    """skerry objects [TYPE]: all kernel objects, or those of one type."""

    def __init__(self):
        super().__init__("skerry objects", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        print(f"{'id':>6} {'type':10} {'caps':>5} {'refs':>5}  name")
        for obj in objects():
            if argument.strip() in ("", type_of(obj)):
                print(f"{int(obj['id']):>6} {type_of(obj):10} {int(obj['caps']):>5} {int(obj['refs']):>5}  "
                      f"{text(obj['name'])}{' (dead)' if obj['dead'] else ''}  {integer(obj):#x}")


class User(gdb.Command):
    """skerry user NAME: symbols of a native program, build/NAME.elf."""

    loaded = None

    def __init__(self):
        super().__init__("skerry user", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        if not User.load(argument.strip()):
            raise gdb.GdbError(f"no build/{argument.strip()}.elf")

    @staticmethod
    def load(name):
        path = os.path.join(BUILD, name + ".elf")
        if not name or not os.path.exists(path):
            return False
        if User.loaded == path:
            return True
        if User.loaded:
            gdb.execute(f"remove-symbol-file {User.loaded}", to_string=True)
        gdb.execute(f"add-symbol-file {path}", to_string=True)
        User.loaded = path
        return True


def stopped(event):
    """Symbols of the native program that the CPU was stopped in."""
    try:
        if int(value("$cs")) & 3 and integer(value("$pc")) < 0x800000000000:
            thread = value("cpus")[0]["current"]
            if integer(thread) and not integer(thread["vcpu"]):
                User.load(text(thread["task"]["kobj"]["name"]))
    except (gdb.error, UnicodeDecodeError):
        pass  # too early in the start, or in the middle of a change


for command in (Skerry, Tasks, Threads, Caps, PageTable, Objects, User):
    command()
gdb.events.stop.connect(stopped)
if os.path.exists(VMLINUX):
    gdb.execute(f"add-symbol-file {VMLINUX}", to_string=True)
