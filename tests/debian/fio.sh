# SPDX-License-Identifier: MIT
# timeout: 600
# Random writes by three ways into the kernel, every block verified; direct and through the page cache.
cd /root || exit 1
for how in "psync 0" "libaio 1" "io_uring 1" "io_uring 0"; do
	set -- $how
	fio --name=j --filename=file --size="${LONG:+20}8M" --rw=randrw --rwmixwrite=70 --bsrange=4k-64k --ioengine="$1" --direct="$2" --iodepth=16 \
		--verify=crc32c --verify_fatal=1 --fsync=64 --randseed=7 --minimal --eta=never --output=out
	echo "$how: $? $(cut -d';' -f5 out)"
	rm -f file
done
dd if=/dev/zero of=holes bs=1M count=1 seek=63 conv=fsync 2>/dev/null && du -k holes | cut -f1 && rm holes
fstrim / && echo trimmed
