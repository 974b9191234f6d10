# SPDX-License-Identifier: MIT
"""Talks to a running QEMU through a socket: its monitor, and its gdb server."""
import re
import socket
import time

RSP, RIP = 7, 16
PROMPT = b"(qemu) "


def connect(path, seconds, answer_seconds):
    """The socket at the path, which QEMU may still have to make."""
    end = time.monotonic() + seconds
    while True:
        # A socket that failed once cannot be used again.
        channel = socket.socket(socket.AF_UNIX)
        try:
            channel.connect(path)
            channel.settimeout(answer_seconds)
            return channel
        except OSError:
            channel.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


class Channel:
    """Collects what comes until something is found in it; EOFError when the emulator has ended."""

    def __init__(self, path, seconds, answer_seconds):
        self.socket = connect(path, seconds, answer_seconds)
        self._buffer = b""

    def send(self, data):
        self.socket.sendall(data)

    def receive(self, pattern):
        """What comes before the first match, and the match; both are used up."""
        while True:
            match = re.search(pattern, self._buffer)
            if match:
                before, self._buffer = self._buffer[:match.start()], self._buffer[match.end():]
                return before, match
            data = self.socket.recv(1 << 20)
            if not data:
                raise EOFError("the emulator ended")
            self._buffer += data


class Monitor(Channel):
    """QEMU's monitor in its readline mode."""

    def __init__(self, path):
        super().__init__(path, seconds=10, answer_seconds=30)
        self._until_prompt()

    def _until_prompt(self):
        text, _ = self.receive(re.escape(PROMPT) + rb"\Z")
        return text.decode(errors="replace").replace("\r", "")

    def command(self, text):
        self.send(text.encode() + b"\n")
        return self._until_prompt()


class Gdb(Channel):
    """The few packets of gdb's remote protocol that are needed."""

    def __init__(self, path):
        super().__init__(path, seconds=30, answer_seconds=300)
        # Single registers can be read after the description of all has been asked for.
        self.command("qXfer:features:read:target.xml:0,ffb")

    def command(self, text):
        self.send(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 0xff))
        _, match = self.receive(rb"\$([^#]*)#..")
        self.send(b"+")
        return match[1].decode()

    def register(self, number):
        return int.from_bytes(bytes.fromhex(self.command(f"p{number:x}")), "little")

    def word(self, address):
        return int.from_bytes(self.memory(address, 8), "little")

    def memory(self, address, count):
        """Bytes as the current address space has them; nothing when one is not mapped."""
        answer = self.command(f"m{address:x},{count:x}")
        return b"" if answer.startswith("E") else bytes.fromhex(answer)

    def step(self):
        """One instruction; the address of the next."""
        self.command("s")
        return self.register(RIP)

    def run_to(self, address, hits):
        """Stop at the address for the hits-th time; false if it stopped elsewhere."""
        self.command(f"Z0,{address:x},1")
        for _ in range(hits):
            self.command("s")
            self.command("c")
        self.command(f"z0,{address:x},1")
        return self.register(RIP) == address
