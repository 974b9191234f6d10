# SPDX-License-Identifier: MIT
"""Reads a guest's serial output: stage marks, the output of a command, crashes."""
import re
import time

BEGIN = b"@@skerry-begin@@"
EXIT = re.compile(rb"@@skerry-exit (\d+)@@")
# A tail that may be the start of a marker, or a CR whose LF is on its way: kept back until more arrives.
TAIL = re.compile(rb"(?:\r|\r?@|\r?@@|@@s[^@\r\n]*@?)\Z")
HOLD = 32
OVERLAP = 256
# How much of the raw output is kept to be shown after a failure.
TEXT_KEPT = 65536

STAGES = [
    ("kernel", re.compile(rb"[Ss]kerry")),
    ("init", re.compile(rb"^init[:|]", re.M)),
    ("Linux", re.compile(rb"Linux version")),
    ("shell", re.compile(BEGIN + rb"|^[/~][^\r\n]* # ", re.M)),
]
LINUX_PANIC = re.compile(rb"Kernel panic - not syncing[^\r\n]*(?=[\r\n])")
KERNEL_PANIC = re.compile(rb"^(?:skerry: )?(?:kernel )?panic: [^\r\n]*", re.M | re.I)


class Stages:
    """When each stage of the start was first seen, in seconds since QEMU was started."""

    def __init__(self):
        self._start = time.monotonic()
        self._waiting = list(STAGES)
        self._seen = []

    def feed(self, text):
        while self._waiting and self._waiting[0][1].search(text):
            self._note(self._waiting.pop(0)[0])
        # A later stage may show first: native Linux has no kernel or init stage.
        for index, (name, pattern) in enumerate(self._waiting):
            if pattern.search(text):
                del self._waiting[:index + 1]
                self._note(name)
                return

    def _note(self, name):
        self._seen.append((name, time.monotonic() - self._start))

    def __str__(self):
        last, parts = 0.0, []
        for name, at in self._seen:
            parts.append(f"{name} {at - last:.2f} s")
            last = at
        return "start: " + ", ".join(parts) + f" (together {last:.2f} s)"


class Console:
    """Splits the raw output into what the command printed and the rest."""

    def __init__(self, emit):
        self._emit = emit
        self._pending = b""
        self.text = b""
        self.panic = None
        self.begun = False
        self.status = None
        self.stages = Stages()

    def feed(self, data):
        # The scan overlaps what came before, so that a mark cut in two is found.
        seen = self.text[-OVERLAP:] + data
        self.text = (self.text + data)[-TEXT_KEPT:]
        self.stages.feed(seen)
        found = LINUX_PANIC.search(seen) or KERNEL_PANIC.search(seen)
        if found and not self.panic:
            self.panic = found.group(0).decode(errors="replace")
        self._pending += data
        if not self.begun:
            self._find_begin()
        if self.begun and self.status is None:
            self._find_exit()

    def _find_begin(self):
        at = self._pending.find(BEGIN)
        end = self._pending.find(b"\n", at)
        if at < 0 or end < 0:
            self._pending = self._pending[-len(BEGIN):] if at < 0 else self._pending[at:]
            return
        self.begun = True
        self._pending = self._pending[end + 1:]

    def _find_exit(self):
        found = EXIT.search(self._pending)
        if found:
            self._flush(found.start())
            self._pending = b""
            self.status = int(found.group(1))
            return
        held = TAIL.search(self._pending)
        self._flush(len(self._pending) - (min(len(held.group(0)), HOLD) if held else 0))

    def close(self):
        """No more will come: what was kept back belongs to the output."""
        if self.begun and self.status is None:
            self._flush(len(self._pending))

    def _flush(self, count):
        """Gives out the first bytes, the terminal's CR LF undone."""
        if count > 0:
            self._emit(self._pending[:count].replace(b"\r\n", b"\n"))
            self._pending = self._pending[count:]
