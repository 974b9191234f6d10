# SPDX-License-Identifier: MIT
"""The Linux kernel's own self tests: each must pass, fail or skip on Skerry what it does natively.

tests/linux/selftests.list names the programs, `FOLDER/PROGRAM [ARGUMENT]...`, with at the end of a line
    # timeout: 120            seconds it may take
    # known: reason           it differs on Skerry, and why
They are built statically from the unpacked Linux source, without network.
"""
import hashlib
import os
import re
import threading

from . import Result, TOP, guest, output_path, run, tail

LIST = os.path.join(TOP, "tests", "linux", "selftests.list")
SOURCE = os.path.join(TOP, "build", "linux", "src")
OUT = os.path.join(TOP, "build", "selftests")
BATCH = 40
NOTE = re.compile(r"(timeout|known):\s*([^#]*?)\s*(?=#|$)")
# Verdicts of the Test Anything Protocol; the text behind them may hold numbers of processes.
VERDICT = re.compile(r"^((?:not )?ok \d+)(?: -)?( [\w.:-]*)|^(\[(?:OK|FAIL|SKIP|RUN|NOTE)\])", re.M)
BUILDING = threading.Lock()


def verdicts(text):
    return "\n".join("".join(groups) for groups in VERDICT.findall(text.replace("\t", " ")))


def entries():
    with open(LIST, encoding="utf-8") as file:
        for line in file:
            call, _, notes = line.strip().partition("#")
            if call.strip():
                yield call.strip(), dict(NOTE.findall("#" + notes))


def folders():
    return sorted({os.path.dirname(call.split()[0]) for call, _ in entries()})


def build():
    """Headers and programs; what a folder cannot build for want of a library is left out."""
    stamp = output_path("selftests", "built")
    with open(os.path.join(SOURCE, "Makefile"), "rb") as file:
        key = hashlib.sha256(file.read(4096) + " ".join(folders()).encode()).hexdigest()
    if os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as file:
            if file.read() == key:
                return ""
    status, text = run(["make", "-s", "-C", SOURCE, f"O={OUT}", "headers_install"], 600)
    if status:
        return tail(text)
    targets = [re.sub(r"/functional$", "", f) for f in folders()]
    run(["make", "-s", "-k", "-j2", "-C", os.path.join(SOURCE, "tools", "testing", "selftests"), f"O={OUT}",
         f"TARGETS={' '.join(targets)}", "CC=gcc -static", f"KHDR_INCLUDES=-isystem {OUT}/usr/include"], 1800)
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(key)
    return ""


def program(call, notes):
    path, *arguments = call.split()
    name = path.replace("/functional/", "/").replace("/", ".")
    if arguments:
        name += "." + "-".join(a.strip("-") for a in arguments)
    command = " ".join([f"./{os.path.basename(path)}", *arguments])
    return guest.Program(name, os.path.join(OUT, "kselftest", path), command, int(notes.get("timeout", 120)),
                         notes.get("known", ""), verdicts)


def test(number, batch):
    with BUILDING:
        why = build()
    if why:
        return [Result(f"selftests batch {number}", "does not build", why)]
    missing = [p for p in batch if not os.path.exists(p.file)]
    there = [p for p in batch if p not in missing]
    results = [Result(f"selftests/{p.name}", skip="could not be built here") for p in missing]
    return results + list(guest.results("selftests", there, number, native_must_pass=False) if there else [])


def jobs(chosen):
    if not os.path.isdir(SOURCE):
        return
    programs = [program(call, notes) for call, notes in entries()]
    programs = [p for p in programs if chosen(f"selftests/{p.name}")]
    for number, at in enumerate(range(0, len(programs), BATCH)):
        batch = programs[at:at + BATCH]
        yield f"selftests batch {number}", lambda number=number, batch=batch: test(number, batch)
