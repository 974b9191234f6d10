# SPDX-License-Identifier: MIT
"""Looks at a booting system from outside, through QEMU's monitor: its page tables, and how it panics.

No page may be writable and executable, of the kernel or of any native task (Linux's own image is until it
write-protects itself). The protections that the kernel relies on must be switched on in the control registers.
"""
import os
import re
import signal
import subprocess
import time

from runlib.remote import Monitor

from . import Result, TOP, output_path, tail

SAMPLES = 12
INTERVAL = 0.25
PANIC_STATUS = 126
KERNEL = range(0xFFFF800000000000, 0xFFFF880000000000)
PAGE = re.compile(r"^([0-9a-f]{16}): ([0-9a-f]{16}) (\S+)", re.M)
REGISTER = re.compile(r"\b(CR0|CR4|EFER)=([0-9a-f]+)")
# Bits that must be set: write protection; SMEP, SMAP, UMIP; NX.
WANTED = {"CR0": 1 << 16, "CR4": 1 << 20 | 1 << 21 | 1 << 11, "EFER": 1 << 11}


def faults(tables, registers, native):
    """What is wrong in one sample; None while the boot tables are still in use."""
    values = {name: int(value, 16) for name, value in REGISTER.findall(registers)}
    pages = [(int(va, 16), flags) for va, _, flags in PAGE.findall(tables)]
    if not any(va in KERNEL and "G" in flags for va, flags in pages):
        return None
    wrong = [f"{name} lacks {bits & ~values[name]:#x}" for name, bits in WANTED.items() if bits & ~values[name]]
    wrong += [f"{va:016x} {flags} is writable and executable" for va, flags in pages
              if "W" in flags and "X" not in flags and (native or va in KERNEL)]
    wrong += [f"{va:016x} {flags}: the kernel's, yet user code may touch it" for va, flags in pages
              if va in KERNEL and "U" in flags]
    return wrong


def watch(path, native):
    """Samples of the system that runs: how many were of use, and the first fault."""
    monitor, useful = Monitor(path), 0
    try:
        for _ in range(SAMPLES):
            time.sleep(INTERVAL)
            monitor.command("stop")
            wrong = faults(monitor.command("info tlb"), monitor.command("info registers"), native)
            monitor.command("cont")
            if wrong:
                return useful, wrong[0]
            useful += wrong is not None
    except (EOFError, OSError):
        pass
    return useful, ""


def start(conf):
    """tools/run with a monitor at a socket: process, the socket's path, the command to repeat it."""
    path = output_path("pages", f"{conf}-{time.monotonic_ns()}.sock")
    line = ["tools/run", "--conf", conf, "--batch", "--timeout", "60"]
    monitor = ["--qemu=-chardev", f"--qemu=socket,id=pages,path={path},server=on,wait=off", "--qemu=-mon",
               "--qemu=chardev=pages,mode=readline"]
    process = subprocess.Popen(line + monitor, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    return process, path, "again: " + " ".join(line)


def finish(process, path):
    """Its output, ended first if it still runs."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    text = process.communicate()[0].decode(errors="replace")
    if os.path.exists(path):
        os.remove(path)
    return text


def test_pages(name, conf):
    process, path, again = start(conf)
    try:
        useful, why = watch(path, conf == "native")
    finally:
        finish(process, path)
    if not why and not useful:
        why = "the kernel's page tables were never seen"
    return [Result(name, why, again, retry=lambda: test_pages(name, conf)[0])]


def stop_idle(monitor):
    """Stops the machine while its CPU waits for an interrupt: what is on the kernel's stack then is known."""
    while True:
        monitor.command("stop")
        if "HLT=1" in monitor.command("info registers"):
            return
        monitor.command("cont")
        time.sleep(INTERVAL / 7)


def test_panic(name):
    """A non-maskable interrupt ends the kernel: with a symbolised back trace and its own exit status."""
    process, path, again = start("native")
    try:
        monitor = Monitor(path)
        time.sleep(SAMPLES * INTERVAL)
        stop_idle(monitor)
        monitor.command("nmi")
        monitor.send(b"cont\n")
        status = process.wait(30)
    finally:
        text = finish(process, path)
    why = "" if re.search(r"kernel panic: fatal exception 2.*back trace:.*sched_reschedule\+0x.*exit_\w+\+0x", text, re.S) else \
        "no panic message with a back trace"
    if not why and status != PANIC_STATUS:
        why = f"exit status {status} instead of {PANIC_STATUS}"
    return [Result(name, why, tail(text) + "\n" + again, retry=lambda: test_panic(name)[0])]


def jobs(chosen):
    for conf in ("native", "linux"):
        name = f"pages/{conf}"
        if chosen(name) and os.path.exists(os.path.join(TOP, "conf", conf + ".conf")):
            yield name, lambda name=name, conf=conf: test_pages(name, conf)
    if chosen("pages/panic"):
        yield "pages/panic", lambda: test_panic("pages/panic")
