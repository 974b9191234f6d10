#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints, as assembly, the sorted table of an ELF file's functions for the kernel's panic messages.

usage: ksyms.py [FILE] (none: an empty table, for the first pass).  Table: ksyms_count; ksyms_offset[] = 32-bit distance from text_start;
ksyms_name[] = 32-bit position in ksyms_strings (0-terminated names).
"""
import subprocess
import sys


def functions(path):
    """Start of the text and {address: name} of its symbols."""
    start, found = None, {}
    for line in subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout.splitlines():
        fields = line.split()
        if len(fields) != 3:
            continue
        address, kind, name = int(fields[0], 16), fields[1], fields[2]
        if name == "text_start":
            start = address
        elif kind in "tT" and not name.startswith(".") and (address not in found or kind == "T"):
            found[address] = name
    if start is None:
        sys.exit(f"ksyms: {path}: no symbol text_start")
    return start, {a: n for a, n in found.items() if 0 <= a - start < 1 << 31}


def main():
    start, symbols = functions(sys.argv[1]) if len(sys.argv) > 1 else (0, {})
    ordered = sorted(symbols.items())
    position, positions = 0, []
    for _, name in ordered:
        positions.append(position)
        position += len(name) + 1
    out = ['.section .ksyms, "a"', ".globl ksyms_count, ksyms_offset, ksyms_name, ksyms_strings",
           ".balign 4", f"ksyms_count: .long {len(ordered)}", "ksyms_offset:"]
    out += [f"\t.long {address - start}" for address, _ in ordered]
    out += ["ksyms_name:"] + [f"\t.long {p}" for p in positions]
    out += ["ksyms_strings:"] + [f'\t.asciz "{name}"' for _, name in ordered]
    out += ['.section .note.GNU-stack, "", @progbits']
    print("\n".join(out))


if __name__ == "__main__":
    main()
