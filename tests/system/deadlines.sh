# SPDX-License-Identifier: MIT
# Work for the kernel until Linux panics: processes, memory, files, a disk.
dmesg -n 1
for i in 1 2 3 4 5 6 7 8; do (true) & done
dd if=/dev/zero of=/dev/vda bs=64k count=16 2>/dev/null
dd if=/dev/zero of=/tmp/zeros bs=1M count=16 2>/dev/null
sort /bin/busybox >/dev/null 2>&1
rm /tmp/zeros
find / -xdev >/dev/null 2>&1
echo 3 >/proc/sys/vm/drop_caches
wait
echo "worked"
echo c >/proc/sysrq-trigger
