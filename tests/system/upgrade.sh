# SPDX-License-Identifier: MIT
# The disk server's program is exchanged while files are written and read back.
. /skerry/load

load_start
head -c 1000 /new.elf >/tmp/short.elf
: >/tmp/empty
upgrade disk /tmp/numbers 1 && upgrade disk /tmp/short.elf 1 && upgrade disk /tmp/empty 1 && upgrade linux /new.elf 1 &&
	upgrade nobody /new.elf 1 && ! l4ctl start disk 2>/dev/null
ok "refused" $?
bad=0
for n in 1 2 3 4 5 6; do
	upgrade disk /new.elf 0 || bad=1
	sleep 0.3
done
ok "upgraded 6 times" $bad
upgrade disk /ends.elf 2
ok "ends: rolled back" $?
upgrade disk /silent.elf 2
ok "silent: rolled back" $?
upgrade disk /silent.elf 2 &
waits=$!
until l4ctl list | grep -q "on trial"; do :; done
upgrade disk /new.elf 1 && l4ctl kill disk && wait $waits
ok "killed on trial: rolled back" $?
upgrade disk /new.elf 0 && l4ctl list | grep -q "^disk .* runs .* upgraded"
ok "listed" $?
upgrade console /console.elf 0
ok "console upgraded" $?
load_end
mount -t ext4 /dev/vda /mnt
bad=0
for f in /mnt/numbers.*; do
	md5sum <$f | cmp -s - /tmp/sum || bad=1
done
ok "contents" $bad
