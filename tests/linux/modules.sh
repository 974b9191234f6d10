# SPDX-License-Identifier: MIT
# module: probe prober
# Loadable modules: parameters, dependencies, work in the kernel, faults in it, many loads.
try() {
	"$@" 2>/dev/null
	echo "$*: $?"
}

log() {
	dmesg | sed -n 's/^\[[^]]*\] \(prober\?: .*\)/\1/p'
}

poke() {
	(printf $1 >/proc/probe) 2>&1 | sed 's/.*: //'
	echo "poke $1"
}

try insmod prober.ko
try insmod probe.ko number=13
try insmod probe.ko number=many
try insmod probe.ko number=5 text=word list=1,2,3,4
try insmod probe.ko
cat /proc/probe
try insmod prober.ko
cut -d' ' -f1,3,4,5 /proc/modules
try rmmod probe
try rmmod prober
cat /sys/module/probe/parameters/*
echo 6 >/sys/module/probe/parameters/number
poke s
cat /proc/probe
poke s
cat /proc/probe
poke u
poke k
poke w
poke x
echo "tainted $(cat /proc/sys/kernel/tainted)"
try rmmod probe
try cat /proc/probe
log
dmesg -c >/dev/null
for i in $(seq 60); do
	insmod probe.ko number=$((i + 100)) && insmod prober.ko && rmmod prober && rmmod probe || echo "round $i: $?"
done
log | tail -n 3
# Fatal to the process that does it; the module cannot be removed any more, Linux goes on.
insmod probe.ko
echo 0 >/proc/sys/kernel/printk
for what in c n b; do
	sh -c "printf $what >/proc/probe" >/dev/null 2>&1
	echo "poke $what: $?"
done
dmesg | grep -c 'Oops'
dmesg | sed -n 's/^\[[^]]*\] \(RIP: .*probe\].*\)/\1/p'
cat /proc/probe
echo 1 >/proc/sys/kernel/printk
