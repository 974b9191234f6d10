# SPDX-License-Identifier: MIT
"""tools/run itself: exact output, exit statuses, added files, and that native Linux answers the same."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

from bench import latency, measure, worst as bench_worst
from runlib import cpio

from . import Result, TOP, output_path, run, tail

BYTES = r"printf 'a\r\nb\tc\n\033[1m\303\244 @@skerry-exit\n@@s no newline'"
# What is run, the output wanted (None: any), the exit status wanted.
CASES = {
    "output": (["--cmd", BYTES], b"a\r\nb\tc\n\033[1m\303\244 @@skerry-exit\n@@s no newline", 0),
    "native-output": (["--native", "--cmd", BYTES], b"a\r\nb\tc\n\033[1m\303\244 @@skerry-exit\n@@s no newline", 0),
    "status": (["--cmd", "exit 200"], b"", 200),
    "killed": (["--cmd", "kill -KILL $$"], b"Killed\n", 137),
    "time-out": (["--timeout", "20", "--cmd", "echo begun; sleep 1000"], b"begun\n", 124),
    "no-boot": (["--append", "init=/nowhere rdinit=/nowhere", "--cmd", "true"], b"", 126),
    "no-kernel-memory": (["--mem", "24M", "--timeout", "60", "--cmd", "true"], b"", None),
    "panic": (["--cmd", "echo begun; echo c >/proc/sysrq-trigger; sleep 1000"], None, 126),
    "no-linux": (["--conf", "native", "--cmd", "true"], b"", 2),
    "no-such-description": (["--conf", "nowhere", "--cmd", "true"], b"", 2),
    "long-output": (["--cmd", "seq 1 30000"], b"".join(b"%d\n" % i for i in range(1, 30001)), 0),
    "added-files": (["--add", "{tree}:/data", "--cmd", "cd /data; stat -c '%A %n' . sub sub/file link; cat link"],
                    b"drwxr-x--- .\ndrwxr-xr-x sub\n-rwx--x--x sub/file\nlrwxrwxrwx link\ntext\n", 0),
    "icount": (["--icount", "--cmd", "echo counted"], b"counted\n", 0),
    # The microkernel's counters are for who is granted them, and they count: a system call enters the kernel twice.
    "counters": (["--conf", "tests/bench/linux.conf", "--cmd",
                  "cd /proc/l4; cut -d' ' -f1 counters | tr '\\n' ' '; a=$(grep kernel_e counters); b=$(grep kernel_e counters); "
                  "echo $((${b#* } > ${a#* } + 2))"],
                 b"cr3_loads tlb_flushes kernel_entries ipcs page_faults irqs switches 1\n", 0),
    "no-counters": (["--cmd", "ls -1 /proc/l4"], b"stats\ntasks\n", 0),
}


def tree():
    """A directory with a file and a link, for --add."""
    path = output_path("runner", "tree")
    os.makedirs(os.path.join(path, "sub"), exist_ok=True)
    with open(os.path.join(path, "sub", "file"), "w", encoding="utf-8") as file:
        file.write("text\n")
    os.chmod(os.path.join(path, "sub"), 0o755)
    os.chmod(os.path.join(path, "sub", "file"), 0o711)
    os.chmod(path, 0o750)
    if not os.path.islink(os.path.join(path, "link")):
        os.symlink("sub/file", os.path.join(path, "link"))
    return path


def test(name):
    arguments, wanted, status = CASES[name]
    line = ["tools/run", *[a.replace("{tree}", tree()) for a in arguments]]
    done = subprocess.run(line, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=900, check=False)
    why = ""
    if status is None and done.returncode == 0 or status is not None and done.returncode != status:
        why = f"exit status {done.returncode} instead of {status}"
    elif wanted is not None and done.stdout != wanted:
        why = f"printed {done.stdout[-80:]!r} instead of {wanted[-80:]!r}"
    return [Result(f"runner/{name}", why, tail(done.stderr.decode(errors="replace")) if why else "",
                   retry=lambda: test(name)[0])]


def archive():
    """A cpio archive against the system's own reader."""
    contents = cpio.Archive()
    contents.file("one/two/three", b"x" * 5, 0o640)
    contents.add(tree(), "/tree")
    listing = subprocess.run(["cpio", "-itv", "--quiet", "--numeric-uid-gid"], input=contents.bytes(), check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode()
    rows = [(line.split()[0], line.split()[8]) for line in listing.splitlines()]
    wanted = [("drwxr-xr-x", "one"), ("drwxr-xr-x", "one/two"), ("-rw-r-----", "one/two/three"),
              ("drwxr-x---", "tree"), ("lrwxrwxrwx", "tree/link"), ("drwxr-xr-x", "tree/sub"),
              ("-rwx--x--x", "tree/sub/file")]
    return [Result("runner/archive", "" if rows == wanted else f"lists as {rows}", listing)]


class Terminal:
    """tools/run as a user has it: a terminal to type into and to read."""

    def __init__(self, arguments):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(["tools/run", *arguments], cwd=TOP, stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True)
        os.close(slave)
        self.text = ""
        self.why = ""

    def wait(self, pattern, seconds=120):
        """Reads until the pattern is there, in what came since the last call."""
        end = time.monotonic() + seconds
        while not self.why:
            found = re.search(pattern, self.text)
            if found:
                self.text = self.text[found.end():]
                return
            if time.monotonic() > end or not self._read():
                self.why = f"no {pattern}"

    def _read(self):
        if select.select([self.master], [], [], 1)[0]:
            try:
                self.text += os.read(self.master, 4096).decode(errors="replace").replace("\r", "")
            except OSError:
                return False  # the other side is closed
        return True

    def type(self, text):
        if not self.why:
            os.write(self.master, text.encode())

    def end(self, seconds=60):
        """Waits for the end and returns the exit status."""
        limit = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < limit:
            self._read()
        if self.process.poll() is None:
            # QEMU is in its group.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.why = self.why or "does not end"
        os.close(self.master)
        return self.process.wait()


PROMPT = r"root@skerry:[^\n]*# "
# What is typed, and what has to come. A program must have said that it runs before it can be interrupted.
DIALOGUE = [
    ("echo $((6 * 7))x\b\n", r"\n42\n"),
    ("sh -c 'echo begun; cat'\n", r"\nbegun\n"), ("twice\n", r"twice\n+twice"), ("\x03", PROMPT),
    ("sh -c 'echo begun; sleep 1000'\n", r"\nbegun\n"), ("\x1a", "Stopped"), ("jobs\n", "sleep 1000"),
    ("kill -KILL %1; wait; echo gone\n", r"\ngone\n"),
    ("poweroff -f\n", "poweroff"),
]


def dialogue(name, options, steps):
    """What is typed, and what has to come, until the machine is off."""
    terminal = Terminal(options)
    terminal.wait(PROMPT, 300)
    for typed, answer in steps:
        terminal.type(typed)
        terminal.wait(answer)
    status = terminal.end()
    why = terminal.why or ("" if status == 0 else f"exit status {status}")
    return [Result(name, why, tail(terminal.text), retry=lambda: dialogue(name, options, steps)[0])]


def interactive():
    """A shell on the console: editing, interrupting, stopping and continuing a job, power-off."""
    return dialogue("runner/interactive", [], DIALOGUE)


# Whatever was typed while there was nobody to read it may be lost (^U: the line begins anew), what comes later is not.
INPUT = [
    ("l4ctl kill console\n", "console is ended by linux"), ("lost\n", "console started"), ("\x15echo $((6 * 7))\n", r"\n42\n"),
    ("for n in 1 2 3; do l4ctl kill console; sleep 1; done; echo alive\n", r"\nalive\n"), ("\x15echo $((6 * 8))\n", r"\n48\n"),
    ("l4ctl kill pci\n", "interrupts are remapped"), ("\x15echo $((6 * 9))\n", r"\n54\n"),
    ("sh -c 'echo begun; cat'\n", r"\nbegun\n"), ("twice\n", r"twice\n+twice"), ("\x03", PROMPT),
    ("poweroff -f\n", "poweroff"),
]


def console_killed():
    """Input goes on when the console server, or the PCI manager that remaps the serial line's interrupt, was ended."""
    return dialogue("runner/console-killed", ["--conf", "tests/system/console.conf", "--iommu", "--add", "build/rootfs/l4ctl:/bin/l4ctl"], INPUT)


GDB_COMMANDS = """tbreak vcpu_control
continue
skerry tasks
skerry threads
skerry caps linux
skerry pagetable linux 0xffffffff81000000
info symbol 0xffffffff81000000
kill
"""
GDB_ANSWERS = [r"^ +\d+ linux +\d+ +\d+ of \d+ KiB +1 ", r"^ +\d+ linux +\d+ linux +\d+ +0 +0xffffffff\w+  runs",
               r"^ +0x1000 task +rws- +\d+ linux", r"^level 2: \w+ rwxu", r"page of 2048 KiB", r"in section \.text"]


def debugger():
    """gdb attached to a starting system knows its tasks, capabilities, page tables and Linux's symbols."""
    commands = output_path("runner", "gdb.commands")
    with open(commands, "w", encoding="utf-8") as file:
        file.write(GDB_COMMANDS)
    status, text = run(["tools/gdb/start", "--conf", "tests/linux/linux.conf"], 300,
                       env=dict(os.environ, GDBARGS=f"-batch -x {commands}"))
    missing = [a for a in GDB_ANSWERS if not re.search(a, text, re.M)]
    why = f"exit status {status}" if status else f"no {missing[0]}" if missing else ""
    return [Result("runner/gdb", why, tail(text), retry=lambda: debugger()[0])]


def trace():
    """A trace names threads and Linux processes, and has arrows of IPCs that begin and end."""
    out, why = output_path("runner", "trace.json"), ""
    done = subprocess.run(["tools/trace", "-o", out, "--records", "4096"], cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, check=False)
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        why = f"status {done.returncode}"
    else:
        with open(out, encoding="utf-8") as file:
            events = json.load(file)["traceEvents"]
        seen = {(e["ph"], e["name"]) for e in events}
        starts, ends = ({e["id"] for e in events if e["ph"] == phase} for phase in "sf")
        lacking = {("X", "rt"), ("X", "linux"), ("X", "sh"), ("i", "page_fault"), ("i", "irq"), ("s", "IPC")} - seen
        why = f"lacks {lacking}" if lacking else "" if starts == ends else "arrows without an end"
    return [Result("runner/trace", why, tail(text), retry=lambda: trace()[0])]


def worst():
    """The worst latency beside a task that unmaps without end is named: in that operation, and all its instructions are counted."""
    def measured(more):
        status, text = run(["tools/run", "--conf", "tests/system/worst.conf", "--icount", "--batch", "--timeout", "100", *more], 150)
        found = latency.parse(text)
        if status or not found:
            raise measure.Failed(tail(text))
        return found

    found = bench_worst.find("test", measured)
    text = "\n".join(bench_worst.show(found))
    before, handling = bench_worst.parts(found)
    why = "" if {"space_unmap", "op_unmap"} <= set(bench_worst.path(before)) else "it is not named"
    why = why or ("" if len(before) + len(handling) == found.latency else "instructions are missing")
    why = why or ("" if "timer_handle" in bench_worst.counted(handling) else "no interrupt")
    return [Result("runner/worst", why, text)]


def jobs(chosen):
    if chosen("runner/worst"):
        yield "runner/worst", worst
    if chosen("runner/gdb"):
        yield "runner/gdb", debugger
    if chosen("runner/trace"):
        yield "runner/trace", trace
    if chosen("runner/interactive"):
        yield "runner/interactive", interactive
    if chosen("runner/console-killed"):
        yield "runner/console-killed", console_killed
    if chosen("runner/archive"):
        yield "runner/archive", archive
    for name in CASES:
        if chosen(f"runner/{name}"):
            yield f"runner/{name}", lambda name=name: test(name)
