# SPDX-License-Identifier: MIT
"""Debian 12 with systemd on a disk: what tests/debian/*.sh print must equal what they print natively.

The scripts of a run share one boot, on a disk that forgets. An opening comment may say `timeout: SECONDS`,
`add: PATTERN...` (files put beside it) and `known: reason`, as in linux.py. LONG is set in the long mode.
`power-off` logs in on the console and by ssh through the network server, writes, switches off, and checks the file system from outside.
"""
import glob
import os
import re
import socket
import subprocess

from . import Result, TOP, files, guest, output_path, relative, run, runner, stem, system, tail
from .linux import directives

IMAGE = "build/debian/debian.img"
ARGS = "root=/dev/vda net.ifnames=0"
# Programs are put where the initramfs hands them on (rootfs/files/init).
SYSTEM = guest.System("debian", ("build/debian/debian.key", "build/rootfs/initramfs.cpio"), "/skerry/tests", "/run/skerry/tests",
                      options=("--disk", IMAGE, "--qemu=-snapshot", "--net", "restrict=on"),
                      native=("--mem", "640M", "--append", ARGS), seconds=600)
# Their output is a terminal; it is to be text.
PLAIN = "TERM=dumb SYSTEMD_COLORS=0 PAGER=cat"
PROMPT = r"root@debian:~# "
DIALOGUE = [
    ("systemctl is-system-running --wait\n", r"running\n"),
    ("tty; seq 100000 >numbers; echo written\n", r"/dev/hvc0\s+written\n"),
    ("for i in $(seq 150); do ip -4 addr show eth0 | grep inet && break; sleep 0.2; done\n", r"inet 10\.0\.2\.15/24"),
]


def image():
    """Makes the disk image if need be; what went wrong."""
    status, text = run(["rootfs/debian/mkimage", "build/debian"], 1800)
    return tail(text) if status else ""


def programs(sources):
    for source in sources:
        named = directives(source)
        more = tuple((path, f"{SYSTEM.folder}/{os.path.basename(path)}")
                     for pattern in named.get("add", "").split() for path in glob.glob(os.path.join(TOP, pattern)))
        call = f"env {PLAIN} LONG={'1' if system.LONG else ''} sh ./{stem(source)}.sh"
        yield guest.Program(stem(source), source, call, int(named.get("timeout", 180)) * (4 if system.LONG else 1),
                            named.get("known", ""), more=more, system=SYSTEM)


def scripts(sources):
    why = image()
    if why:
        return [Result("linux-debian", "no image", why)]
    return guest.results("linux-debian", list(programs(sources)), 0, native_must_pass=True)


def written(disk):
    """What is wrong with the disk of a system that was switched off in order, and has written to it."""
    status, text = run(["e2fsck", "-fn", disk], 120)
    if status:
        return f"e2fsck: status {status}", text
    if "recovering journal" in text or "skipping journal" in text:
        return "the file system was not unmounted", text
    status, text = run(["debugfs", "-R", "cat /root/numbers", disk], 60)
    numbers = re.findall(r"^\d+$", text, re.M)
    return ("" if numbers == [str(n) for n in range(1, 100001)] else "not all that was written is there"), tail(text)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def by_ssh(port):
    """What is wrong with a session through the network: 2 MiB there and back, an exit status."""
    line = ["ssh", "-F", "none", "-i", "build/debian/id_ed25519", "-p", str(port), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=60", "root@127.0.0.1", "cat; exit 7"]
    sent = os.urandom(2 << 20)
    done = subprocess.run(line, cwd=TOP, input=sent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300, check=False)
    if done.returncode == 7 and done.stdout == sent:
        return ""
    return f"ssh: status {done.returncode}, {len(done.stdout)} bytes; {done.stderr.decode(errors='replace')}"


def power_off():
    name = "linux-debian/power-off"
    why = image()
    if why:
        return [Result(name, "no image", why)]
    disk = output_path("debian", "disk.img")
    subprocess.run(["cp", "--sparse=always", IMAGE, disk], cwd=TOP, check=True)
    port = free_port()
    terminal = runner.Terminal(["--conf", "debian", "--disk", relative(disk), "--net", f"tcp:127.0.0.1:{port}-:22,restrict=on"])
    terminal.wait(PROMPT, SYSTEM.seconds)
    for typed, answer in DIALOGUE:
        terminal.type(typed)
        terminal.wait(answer, 240)
    if not terminal.why:
        terminal.why = by_ssh(port)
    terminal.type("poweroff\n")
    terminal.wait(r"Power down", 300)
    status = terminal.end()
    log = terminal.text
    why = terminal.why or ("" if status == 0 else f"exit status {status}")
    if not why:
        why, log = written(disk)
    os.unlink(disk)
    return [Result(name, why, tail(log), retry=lambda: power_off()[0])]


def jobs(chosen):
    sources = [s for s in files("debian", ".sh") if chosen(f"linux-debian/{stem(s)}")]
    if sources:
        yield "linux-debian", lambda: scripts(sources)
    if chosen("linux-debian/power-off"):
        yield "linux-debian/power-off", power_off
