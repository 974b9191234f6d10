# SPDX-License-Identifier: MIT
"""Temporary disks: zeroes, with a GUID partition table (UEFI specification 2.10, section 5) if partitions are named."""
import re
import struct
import uuid
import zlib

SECTOR, ALIGN = 512, 2048
ENTRIES, ENTRY = 128, 128
TABLE = ENTRIES * ENTRY // SECTOR
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
LINUX_DATA = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4").bytes_le
SPEC = re.compile(r"(\d+[KMG])(?::([\w.-]+=\d+[KMG](?:,[\w.-]+=\d+[KMG])*))?")


def is_spec(text):
    """Whether text is SIZE or SIZE:NAME=SIZE,..."""
    return SPEC.fullmatch(text) is not None


def _size(text):
    return int(text[:-1]) * UNITS[text[-1]]


def _guid(*words):
    """The same for the same disk every time."""
    return uuid.uuid5(uuid.NAMESPACE_OID, " ".join(map(str, words))).bytes_le


def _table(partitions):
    """The entries: each partition (name, sectors) behind the one before, aligned."""
    table, at = b"", ALIGN
    for name, sectors in partitions:
        table += LINUX_DATA + _guid(name, at) + struct.pack("<QQQ", at, at + sectors - 1, 0) + name.encode("utf-16-le").ljust(72, b"\0")
        at += -(-sectors // ALIGN) * ALIGN
    return table.ljust(ENTRIES * ENTRY, b"\0"), at


def _header(total, own, other, entries_at, table):
    def pack(crc):
        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, own, other, 2 + TABLE, total - TABLE - 2,
                           _guid("disk", total), entries_at, ENTRIES, ENTRY, zlib.crc32(table))
    return pack(zlib.crc32(pack(0))).ljust(SECTOR, b"\0")


def create(path, text):
    """Writes the disk that text describes."""
    size, names = SPEC.fullmatch(text).groups()
    total = _size(size) // SECTOR
    with open(path, "wb") as file:
        file.truncate(total * SECTOR)
        if not names:
            return
        partitions = [(n, _size(s) // SECTOR) for n, s in (p.split("=") for p in names.split(","))]
        table, end = _table(partitions)
        if end > total - TABLE - 2:
            raise ValueError(f"--disk {text}: the partitions need more than {size}")
        entry = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, min(total - 1, 0xFFFFFFFF))
        file.write(bytes(446) + entry + bytes(48) + b"\x55\xaa")
        file.write(_header(total, 1, total - 1, 2, table) + table)
        file.seek((total - TABLE - 1) * SECTOR)
        file.write(table + _header(total, total - 1, 1, total - TABLE - 1, table))
