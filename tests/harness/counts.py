# SPDX-License-Identifier: MIT
"""Instruction counts: about thirty operations must cost what tests/bench/expected says."""
from bench import measure

from . import Result, run, tail

KINDS = ("kernel", "linux")
AGAIN = "again: tools/bench --check; when the change is meant: tools/bench --accept"


def build():
    return run(["make", "-s", *([measure.KERNEL_ELF] + measure.PROGRAMS)], 300)


def result(kind, name, wanted, got):
    if name not in got:
        return Result(f"counts/{kind}/{name}", "was not measured", AGAIN)
    value = got[name]
    if not measure.deviates(value, wanted):
        return Result(f"counts/{kind}/{name}")
    return Result(f"counts/{kind}/{name}", f"{value:.10g} instructions, {wanted:.10g} expected", AGAIN)


def test(kind):
    counts, built_with = measure.expected()
    if built_with != measure.compiler():
        return [Result(f"counts/{kind}", skip=f"counted with {built_with}, this is {measure.compiler()}")]
    status, text = build()
    if status:
        return [Result(f"counts/{kind}", "the benchmark does not build", tail(text))]
    try:
        got = measure.counted(kind, list(counts[kind]))
    except measure.Failed as error:
        return [Result(f"counts/{kind}", "the benchmark failed", str(error))]
    return [result(kind, name, wanted, got) for name, wanted in counts[kind].items()]


def jobs(chosen):
    for kind in KINDS:
        if chosen(f"counts/{kind}"):
            yield f"counts/{kind}", lambda kind=kind: test(kind)
