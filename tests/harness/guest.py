# SPDX-License-Identifier: MIT
"""Programs inside Linux: runs several to a boot, natively and on Skerry, and tells how each ended.

When a boot ends early, the program that was running has failed and the ones after it get a boot of their own.
The native kernel's answers are remembered as long as kernel and programs stay the same.
"""
import dataclasses
import hashlib
import json
import os
import re
import shlex

from . import Result, TOP, output_path, relative, run, tail

FRAME = re.compile(r"^@@test (\S+)@@\n(.*?)\n?@@status (\d+) at [^@]*@@$", re.M | re.S)
STARTED = re.compile(r"^@@test (\S+)@@$", re.M)
FOLDER = "/tests"
# For writing tests: only ask the native kernel.
NATIVE_ONLY = os.environ.get("SKERRY_NATIVE_ONLY") == "1"


@dataclasses.dataclass(frozen=True)
class System:
    """Where programs run. What decides it are the kernel image and these files."""
    conf: str
    files: tuple
    folder: str = FOLDER  # where tools/run puts the programs
    seen: str = FOLDER  # and where they find themselves
    options: tuple = ()  # of tools/run, natively too
    native: tuple = ()
    skerry: tuple = ()
    seconds: int = 180  # for the boot


# Linux and its console alone: nobody else prints in between. Addresses that do not change from boot to boot, as
# tools/run gives native Linux by itself.
LINUX = System("tests/linux/linux.conf", ("build/rootfs/initramfs.cpio",), skerry=("--append", "norandmaps"))


@dataclasses.dataclass
class Program:
    """A file to be run in Linux: `call` is the command line in the folder that holds it."""
    name: str
    file: str
    call: str
    timeout: int = 60
    known: str = ""
    compare: object = None  # what of the output is compared; all of it by default
    more: tuple = ()  # further files: (path here, path in Linux)
    memory: str = ""  # Linux's memory when the usual is not enough; all programs of a boot have the same
    system: System = LINUX  # the same for all of a boot

    @property
    def dest(self):
        return f"{self.system.folder}/{os.path.basename(self.file)}"

    @property
    def added(self):
        return [(self.file, self.dest), *self.more]


def script(programs):
    """Shell text that runs the programs, each framed."""
    lines = []
    for p in programs:
        lines += [f"cd {p.system.seen}", f"echo '@@test {p.name}@@'", f"timeout -s KILL {p.timeout} {p.call} </dev/null 2>&1",
                  's=$?; read -r up rest </proc/uptime; printf "\\n@@status %d at %s s@@\\n" $s $up']
    return "\n".join(lines)


def where(system, native):
    """Options of tools/run that choose the system."""
    return [*(["--native", *system.native] if native else ["--conf", system.conf, *system.skerry]), *system.options]


def boot(programs, native, log):
    """Runs programs in one boot: {name: (status, output)}, and how tools/run ended."""
    system = programs[0].system
    seconds = system.seconds + sum(p.timeout for p in programs)
    line = ["tools/run", *where(system, native), "--timeout", str(seconds), "--log", log,
            "--cmd", script(programs)]
    if programs[0].memory:
        line += ["--linux-memory", programs[0].memory]
    for file, dest in sorted({added for p in programs for added in p.added}):
        line += ["--add", f"{file}:{dest}"]
    status, text = run(line, seconds + 60)
    found = {name: (int(code), body) for name, body, code in FRAME.findall(text)}
    started = STARTED.findall(text)
    if started and started[-1] not in found:
        body = text.rpartition(f"@@test {started[-1]}@@\n")[2]
        found[started[-1]] = (status or 1, tail(body) + "\n(Linux ended here)")
    return found, status, text


def outcomes(programs, native, log):
    """Like boot, but goes on after a program that ended Linux."""
    todo, found = list(programs), {}
    while todo:
        new, status, text = boot(todo, native, log)
        found.update(new)
        left = [p for p in todo if p.name not in found]
        if len(left) == len(todo):
            found.update({p.name: (status or 1, "no boot: " + tail(text)) for p in left})
            break
        todo = left
    return found


def native_key(programs):
    digest = hashlib.sha256((script(programs) + programs[0].memory).encode())
    system = programs[0].system
    for path in ["build/linux/vmlinux.img", *system.files, *[p.file for p in programs]]:
        with open(os.path.join(TOP, path), "rb") as file:
            digest.update(file.read())
    for path, dest in sorted(pair for p in programs for pair in p.more):
        info = os.stat(path)
        digest.update(f"{path} {dest} {info.st_size} {info.st_mtime_ns}".encode())
    return digest.hexdigest()[:24]


def native_outcomes(programs, log):
    path = output_path("native", native_key(programs) + ".json")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            return {k: tuple(v) for k, v in json.load(file).items()}
    found = outcomes(programs, True, log)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(found, file)
    return found


def difference(native, skerry):
    """The first line in which two outputs differ."""
    left, right = native.splitlines(), skerry.splitlines()
    for index in range(max(len(left), len(right))):
        a = left[index] if index < len(left) else "(end)"
        b = right[index] if index < len(right) else "(end)"
        if a != b:
            return f"line {index + 1}: native `{a}`, Skerry `{b}`"
    return ""


def compare(program, native, skerry):
    """The outcome of one program; natively it may fail, on Skerry it must do the same."""
    if native[0] != skerry[0]:
        return f"exit status {skerry[0]}, natively {native[0]}"
    pick = program.compare or (lambda text: text)
    return difference(pick(native[1]), pick(skerry[1]))


def again(prefix, program):
    """Writes the command that repeats one program into a file: with libraries it is long."""
    line = ["tools/run", "--conf", program.system.conf, *program.system.options, *(["--linux-memory", program.memory] if program.memory else [])]
    for file, dest in program.added:
        line += ["--add", f"{relative(file)}:{dest}"]
    line += ["--cmd", f"cd {program.system.seen}; {program.call}"]
    path = output_path("again", f"{prefix}-{program.name}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(shlex.join(line) + ' "$@"\n')
    return f"again: sh {relative(path)} (and sh {relative(path)} --native)"


def result(prefix, number, program, native, skerry, native_must_pass):
    """The outcome of one program from its (exit status, output) on both."""
    if native_must_pass and native[0] != 0:
        why, log = f"natively: exit status {native[0]}", native[1]
    else:
        why, log = compare(program, native, skerry), skerry[1]
    if not why:
        return Result(f"{prefix}/{program.name}")
    return Result(f"{prefix}/{program.name}", why, tail(log) + "\n" + again(prefix, program), known=program.known,
                  retry=lambda: results(prefix, [program], number, native_must_pass)[0])


def results(prefix, programs, number, native_must_pass):
    """Results of a batch of programs."""
    native = native_outcomes(programs, output_path(prefix, f"native-{number}.log"))
    skerry = native if NATIVE_ONLY else outcomes(programs, False, output_path(prefix, f"skerry-{number}.log"))
    return [result(prefix, number, p, native[p.name], skerry[p.name], native_must_pass) for p in programs]
