# SPDX-License-Identifier: MIT
# A disk, then the network, with devices that reach only what their servers mapped.
seq 500000 >/tmp/data
dd if=/tmp/data of=/dev/vda bs=64k conv=fsync 2>/dev/null
echo 3 >/proc/sys/vm/drop_caches
head -c $(stat -c %s /tmp/data) /dev/vda | cmp - /tmp/data && echo "ok a disk, written and read" || echo "not ok a disk"
. /skerry/net
