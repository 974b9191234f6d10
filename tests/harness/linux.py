# SPDX-License-Identifier: MIT
"""Linux programs: what each tests/linux/*.c and *.sh prints must equal what it prints natively.

Programs are linked statically. A program's opening comment may say
    cflags: -pthread          how it is built
    link: dynamic             with the distribution's shared libraries, which are put into Linux
    add: /usr/bin/strace      what it uses of this machine: programs with their libraries, folders; patterns as in a shell
    module: NAME...           kernel modules, tests/linux/modules/NAME.c, put beside it as NAME.ko
    memory: 512M              Linux's memory if 256M are not enough (a boot of its own)
    timeout: 180              seconds it may take inside Linux
    known: reason             it differs on Skerry and why; the run goes on, the difference is shown
"""
import glob
import os
import re
import threading

from runlib.binaries import with_libraries

from . import Result, TOP, files, guest, newer, output_path, relative, run, stem, tail

CFLAGS = ["-std=gnu11", "-O1", "-g0", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter",
          # Bad addresses are passed on purpose.
          "-Wno-stringop-overread", "-Wno-stringop-overflow", "-Wno-nonnull", "-Wno-array-bounds",
          "-Wno-unused-result", "-Itests/linux/include"]
DIRECTIVE = re.compile(r"^[ /#*]*(cflags|link|add|module|memory|timeout|known):\s*(.*?)\s*(?:\*/)?$", re.M)
BATCH = 14
MODULES = os.path.dirname(output_path("linux", "modules", "Kbuild"))
KERNEL = os.path.join(TOP, "build", "linux")
BUILDING = threading.Lock()


def directives(source):
    with open(source, encoding="utf-8") as file:
        found = {}
        for name, value in DIRECTIVE.findall(file.read(4096)):
            found[name] = f"{found[name]} {value}" if name in found else value
        return found


def build(source, named):
    """The file to put into Linux, or None and a Result that says why there is none."""
    if source.endswith(".sh"):
        return source, None
    program = output_path("linux", "bin", stem(source))
    if newer(program, source, *files("linux/include", ".h")):
        return program, None
    linking = [] if named.get("link") == "dynamic" else ["-static"]
    line = ["gcc", *CFLAGS, *linking, *named.get("cflags", "").split(), "-o", program, relative(source)]
    status, text = run(line, 300)
    if status:
        return None, Result(f"linux/{stem(source)}", "does not build", tail(text) + "\nagain: " + " ".join(line))
    return program, None


def build_modules():
    """All modules out of tree, with the build that made the kernel; an empty text or what went wrong."""
    for source in files("linux/modules", ".c"):
        with open(source, "rb") as file:
            text = file.read()
        with open(os.path.join(MODULES, os.path.basename(source)), "wb") as copy:
            copy.write(text)
    with open(os.path.join(MODULES, "Kbuild"), "w", encoding="utf-8") as file:
        file.write("".join(f"obj-m += {stem(s)}.o\n" for s in files("linux/modules", ".c")))
    symbols = os.path.join(KERNEL, "obj", "vmlinux.symvers")
    status, text = run(["make", "-s", "-C", os.path.join(KERNEL, "src"), f"O={os.path.join(KERNEL, 'obj')}",
                        "ARCH=x86_64", f"M={MODULES}", f"KBUILD_EXTRA_SYMBOLS={symbols}", "modules"], 300)
    return tail(text) if status else ""


def additions(file, named):
    """What a program needs in Linux beside itself, or None and what went wrong."""
    found = []
    for pattern in named.get("add", "").split():
        paths = glob.glob(pattern)
        if not paths:
            return None, f"{pattern} is not there; tools/setup installs it"
        found += [pair for path in paths for pair in with_libraries(path)]
    found += with_libraries(file)[1:] if named.get("link") == "dynamic" else []
    modules = named.get("module", "").split()
    if modules:
        with BUILDING:
            why = build_modules()
        if why:
            return None, why
    found += [(os.path.join(MODULES, m + ".ko"), f"{guest.FOLDER}/{m}.ko") for m in modules]
    return tuple(sorted(set(found))), ""


def test(number, sources):
    results, programs = [], []
    for source in sources:
        named = directives(source)
        file, failure = build(source, named)
        more, why = ((), "") if failure else additions(file, named)
        if why:
            failure = Result(f"linux/{stem(source)}", "not all it needs is there", why)
        if failure:
            results.append(failure)
            continue
        call = f"sh ./{stem(source)}.sh" if source.endswith(".sh") else f"./{stem(source)}"
        programs.append(guest.Program(stem(source), file, call, int(named.get("timeout", 180)),
                                      named.get("known", ""), more=more, memory=named.get("memory", "")))
    if programs:
        results += guest.results("linux", programs, number, native_must_pass=True)
    return results


def jobs(chosen):
    sources = [s for s in files("linux", ".c", ".sh") if chosen(f"linux/{stem(s)}")]
    alone = [s for s in sources if "memory" in directives(s)]
    usual = [s for s in sources if s not in alone]
    batches = [[s] for s in alone] + [usual[at:at + BATCH] for at in range(0, len(usual), BATCH)]
    for number, batch in enumerate(batches):
        yield f"linux batch {number}", lambda number=number, batch=batch: test(number, batch)
