# SPDX-License-Identifier: MIT
"""Writes "newc" cpio archives, the format Linux accepts appended to its initramfs."""
import os
import stat

ALIGN = 4


def _pad(data):
    return data + bytes(-len(data) % ALIGN)


class Archive:
    """Collects entries in memory; parents of a path are created as needed."""

    def __init__(self):
        self._parts = []
        self._names = set()

    def _entry(self, name, mode, data=b""):
        inode = len(self._names) + 1
        self._names.add(name)
        raw_name = os.fsencode(name) + b"\0"
        # inode mode uid gid nlink mtime size, device and rdevice numbers, name size, check
        fields = [inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw_name), 0]
        header = b"070701" + b"".join(b"%08X" % f for f in fields)
        self._parts.append(_pad(header + raw_name) + _pad(data))

    def _parents(self, name):
        parent = os.path.dirname(name)
        if parent and parent not in self._names:
            self.directory(parent)

    def directory(self, name, mode=0o755):
        name = name.strip("/")
        if name and name not in self._names:
            self._parents(name)
            self._entry(name, stat.S_IFDIR | mode)

    def file(self, name, data, mode=0o644):
        name = name.strip("/")
        self._parents(name)
        self._entry(name, stat.S_IFREG | mode, data)

    def add(self, source, dest):
        """Copies a file, symbolic link or directory tree of the host, keeping permission bits."""
        info = os.lstat(source)
        if stat.S_ISLNK(info.st_mode):
            self._parents(dest.strip("/"))
            self._entry(dest.strip("/"), stat.S_IFLNK | 0o777, os.fsencode(os.readlink(source)))
        elif stat.S_ISDIR(info.st_mode):
            self.directory(dest, stat.S_IMODE(info.st_mode))
            for child in sorted(os.listdir(source)):
                self.add(os.path.join(source, child), os.path.join(dest, child))
        elif stat.S_ISREG(info.st_mode):
            with open(source, "rb") as file:
                self.file(dest, file.read(), stat.S_IMODE(info.st_mode))
        else:
            raise ValueError(f"{source}: neither file, link nor directory")

    def bytes(self):
        self._entry("TRAILER!!!", 0)
        return b"".join(self._parts)
