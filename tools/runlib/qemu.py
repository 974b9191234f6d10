# SPDX-License-Identifier: MIT
"""The one place that knows how QEMU is started."""
import os

BINARY = "qemu-system-x86_64"
# The guest leaves the emulator by writing a status to this port; QEMU then exits with status * 2 + 1.
EXIT_PORT = 0xF4
DETERMINISTIC = ["-icount", "shift=0,sleep=off", "-seed", "1",
                 "-rtc", "base=2026-01-01T00:00:00,clock=vm"]


def _cpu(options):
    if options.kvm:
        return ["-accel", "kvm", "-cpu", "host"]
    cpu = "max" + ("," + options.cpu if options.cpu else "")
    return ["-accel", "tcg", "-cpu", cpu]


def _console(options):
    if options.interactive:
        return ["-nographic"]
    return ["-display", "none", "-monitor", "none", "-serial", "stdio"]


def _debugger(options):
    if not options.gdb:
        return []
    return ["-S", "-chardev", f"socket,id=gdb,path={options.gdb},server=on,wait=off",
            "-gdb", "chardev:gdb"]


def _iommu(options):
    return ["-device", "intel-iommu"] if options.iommu else []


def _behind(options):
    """A virtio device is not behind an IOMMU unless it is told to."""
    return ",iommu_platform=on" if options.iommu else ""


def _disks(options):
    line = []
    for n, path in enumerate(options.disk):
        line += ["-drive", f"file={path.replace(',', ',,')},format=raw,if=none,id=disk{n},discard=unmap",
                 "-device", f"virtio-blk-pci,drive=disk{n},disable-legacy=on{_behind(options)}"]
    for n, path in enumerate(options.nvme):
        line += ["-drive", f"file={path.replace(',', ',,')},format=raw,if=none,id=nvme{n},discard=unmap",
                 "-device", f"nvme,drive=nvme{n},serial=skerry{n}"]
    return line


def _net(options):
    line = []
    for name, device in (("net", f"virtio-net-pci,disable-legacy=on{_behind(options)}"), ("e1000e", "e1000e")):
        rules = getattr(options, name)
        if rules is not None:
            more = "".join("," + (r if "=" in r else f"hostfwd={r}") for r in rules.split(",") if r)
            line += ["-netdev", f"user,id={name}0{more}", "-device", f"{device},netdev={name}0"]
    return line


def machine(options):
    """Arguments that do not depend on what is booted."""
    line = [os.environ.get("QEMU", BINARY), "-machine", "q35", *_cpu(options),
            "-m", options.mem, "-smp", str(options.smp), "-no-reboot",
            "-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=4",
            "-nic", "none", *_iommu(options), *_disks(options), *_net(options), *_console(options), *_debugger(options)]
    if options.icount:
        line += DETERMINISTIC
    return line + options.qemu


def skerry(options, kernel, root, *images):
    """Kernel with the root server and its system image (if any) as multiboot modules."""
    modules = [f"{root} {options.root_args}".strip(), *images]
    initrd = ",".join(m.replace(",", ",,") for m in modules)
    line = machine(options) + ["-kernel", kernel, "-initrd", initrd]
    if options.kernel_args:
        line += ["-append", options.kernel_args]
    return line


def native(options, kernel, initramfs, command_line):
    """The same Linux image without Skerry."""
    return machine(options) + ["-kernel", kernel, "-initrd", initramfs, "-append", command_line]


def xen(options, hypervisor, kernel, initramfs, command_line):
    """Linux as the first domain of Xen, with as much memory as it has elsewhere."""
    modules = ",".join(m.replace(",", ",,") for m in (f"{kernel} {command_line}", initramfs))
    own = f"console=com1 com1=115200,8n1 dom0=pv dom0_mem={options.linux_memory or '256M'} smt=0 spec-ctrl=no xpti=no loglvl=none"
    return machine(options) + ["-kernel", hypervisor, "-initrd", modules, "-append", own]


def guest_status(code):
    """The status a guest left with through the exit port, or None when QEMU ended otherwise."""
    return code >> 1 if code > 0 and code & 1 else None
