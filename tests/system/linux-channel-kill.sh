# SPDX-License-Identifier: MIT
# Sends and receives while the other ends die.
dmesg -n 1
/linux-channel peers 102400
