# SPDX-License-Identifier: MIT
# The PCI manager's program is exchanged while files are written and read back.
. /skerry/load

load_start
bad=0
for n in 1 2 3; do
	upgrade pci /new.elf 0 || bad=1
	sleep 0.3
done
ok "upgraded 3 times" $bad
upgrade pci /ends.elf 2
ok "ends: rolled back" $?
upgrade pci /silent.elf 2
ok "silent: rolled back" $?
upgrade pci /new.elf 0 && l4ctl list | grep -q "^pci .* runs .* upgraded"
ok "listed" $?
load_end
