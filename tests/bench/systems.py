# SPDX-License-Identifier: MIT
"""What is compared: each system's title, what it needs, and the command line that runs a command in it."""
import dataclasses
import os
import shutil

from runlib import cpio
from runlib.binaries import with_libraries

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(TOP, "build", "bench")
PROGRAMS = ["build/bench/linux/bench", "build/bench/linux/small"]
PEER = "build/bench/peers/vmlinux"
PREEMPT_RT = "build/bench/peers/vmlinux-rt"
XEN = "build/bench/peers/xen"
CONF = "tests/bench/linux.conf"
DISK_CONF = "tests/bench/disk.conf"
TIMEOUT = 1800
UML = "/usr/bin/linux.uml"
UML_MEMORY = "256M"
# The same for user-mode Linux's own Linux, which keeps that memory in a file.
UML_HOST_MEMORY = "768M"
UML_ARGS = f"mem={UML_MEMORY} con0=fd:0,fd:1 con=null quiet loglevel=1 norandmaps"
INITRAMFS = os.path.join(TOP, "build", "rootfs", "initramfs.cpio")
LARGE_MEMORY = "512M"

# Under instruction counting `rep` instructions count once per iteration, so a CPU with fast ones hides everything
# else; SMAP adds two instructions to each access of user memory. All systems get the same CPU.
COUNTED_CPU = "-erms,-fsrm,-smap"


@dataclasses.dataclass
class Clock:
    key: str
    title: str
    unit: str
    run: list

    @property
    def counted(self):
        return self.unit == "instructions"


ICOUNT = Clock("icount", "instructions", "instructions", ["--icount", f"--cpu={COUNTED_CPU}"])
WALL = Clock("wall", "wall time under TCG", "ns", [])
CLOCKS = [ICOUNT, WALL]
# The other choice of fast `rep` instructions in either clock, for Skerry and native.
ICOUNT_FAST = Clock("icount-erms", "instructions, CPU with ERMS and FSRM", "instructions", ["--icount", "--cpu=-smap"])
WALL_MASKED = Clock("wall-masked", "wall time, ERMS and FSRM masked", "ns", ["--cpu=-erms,-fsrm"])
REP_CLOCKS = {ICOUNT.key: ICOUNT_FAST, WALL.key: WALL_MASKED}


@dataclasses.dataclass
class System:
    """One system under tools/run."""
    key: str
    title: str
    run: list
    needs: list = dataclasses.field(default_factory=list)
    # How its figures compare with the native ones.
    note: str = ""
    # Another reason why it cannot be measured.
    why: str = ""
    clocks: tuple = ("icount", "wall")
    rounds: int = 2
    # It is so slow that the fewer repetitions are enough, and the larger programs are left out.
    slow: bool = False

    def missing(self):
        """Why it is not measured here, or nothing."""
        if self.why:
            return self.why
        for path in self.needs:
            if not os.path.exists(os.path.join(TOP, path)):
                return f"{path} is not there; make bench without QUICK gets it"
        return ""

    def line(self, clock, command, files, large):
        """The command line; files: (here, in Linux); large: what needs more memory than usual."""
        line = ["tools/run", *self.run, *clock.run, "--timeout", str(TIMEOUT)]
        line += ["--linux-memory", LARGE_MEMORY] if large else []
        for here, there in files:
            line += ["--add", f"{here}:{there}"]
        return line + ["--cmd", command]


def uml_initramfs(command, files):
    """The usual root file system with the files and the command to run, for user-mode Linux."""
    archive = cpio.Archive()
    for here, there in files:
        archive.add(os.path.join(TOP, here), there)
    archive.file("skerry/cmd", command.encode() + b"\n", 0o755)
    path = os.path.join(OUT, "uml.cpio")
    with open(path, "wb") as out:
        with open(INITRAMFS, "rb") as usual:
            shutil.copyfileobj(usual, out)
        out.write(bytes(-out.tell() % cpio.ALIGN) + archive.bytes())
    return path


class UmlInGuest(System):
    """User-mode Linux as a process of the native Linux in QEMU."""

    def line(self, clock, command, files, large):
        inner = [(uml_initramfs(command, files), "/uml/initramfs.cpio")]
        binary, *libraries = with_libraries(UML)
        # The inner console's own marks would end the outer run: figures alone come through.
        outer = (f"TMPDIR=/tmp /uml/linux {UML_ARGS} initrd=/uml/initramfs.cpio </dev/null 2>&1 | tr -d '\\r' | "
                 "grep '^@[a-z]'")
        line = super().line(clock, outer, inner + [(binary[0], "/uml/linux")] + libraries, False)
        return line + ["--mem", UML_HOST_MEMORY]


class Host(System):
    """This machine itself, without an emulator."""

    def line(self, clock, command, files, large):
        # Nothing can be put at /bench, so what executes that is left out.
        return ["sh", "-c", command.replace("/bench/bench", os.path.join(TOP, PROGRAMS[0]))]


class UmlOnHost(System):
    """User-mode Linux as a process of this machine."""

    def line(self, clock, command, files, large):
        return ["sh", "-c", f"exec {UML} {UML_ARGS} initrd={uml_initramfs(command, files)} </dev/null"]


ONLY_PTI = ("pti=on spectre_v2=off nospectre_v1 spec_store_bypass_disable=off mds=off tsx_async_abort=off l1tf=off "
            "mmio_stale_data=off retbleed=off srbds=off gather_data_sampling=off spec_rstack_overflow=off")
SAME = "same source and configuration, same program"
SYSTEMS = [
    System("skerry", "Skerry", ["--conf", CONF, "--append", "norandmaps"], note="the image of `native`"),
    System("native", "native", ["--native", "--append", "mitigations=off"],
           note="the base: the image that runs on Skerry, its hooks patched for the bare machine"),
    System("pristine", "native, unpatched source",
           ["--native", "--image", PEER, "--append", "mitigations=off"], [PEER], note=SAME),
    System("pti", "native, page-table isolation", ["--native", "--image", PEER, "--append", ONLY_PTI], [PEER],
           note=SAME + "; loads CR3 twice a system call, as Skerry does"),
    # QEMU 7.2's iret of ring 3 to ring 3 reads the stack as the kernel would: SMAP has to be off.
    System("xen", "Xen PV", ["--xen", "--cpu=-smap", "--image", PEER, "--append", "mitigations=off"], [PEER, XEN],
           note=SAME + ", Debian's hypervisor; the CPU's SMAP is off in wall time too"),
    UmlInGuest("uml", "user-mode Linux in the guest", ["--native", "--append", "mitigations=off"], [UML],
               note="Debian's kernel package (Linux 6.1, its own configuration) as a process of `native`, same program; "
               "indicative", rounds=1, slow=True),
    System("l4linux", "L4Linux on Fiasco", [], why="no current release builds from public source packages; "
           "figures in the project's targets"),
]
# Ratios to the first: this machine, whatever kernel and CPU it has.
HOST_SYSTEMS = [
    Host("host", "this machine", [], clocks=("wall",), slow=True),
    UmlOnHost("uml-host", "user-mode Linux on this machine", [], [UML], clocks=("wall",), slow=True),
]
# Disks by a window and with shared memory (tests/bench/linux/disk.c): what waits for a device is no instruction count.
DISK = System("disk", "Skerry with disks", ["--conf", DISK_CONF, "--disk", "8M", "--iommu", "--append", "norandmaps"])
DISK_NAMES = {ICOUNT.key: "disk_ram", WALL.key: "disk_virtio"}
# What the host has not, or has differently: the root file system's shell and programs.
HOST_NAMES = ["-program_", "-shell_spawn", "-fork_exec", "-vfork_exec"]
