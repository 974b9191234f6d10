# SPDX-License-Identifier: MIT
# Work for a Linux that has a share of the CPU.
echo "sorted $(seq 2000 | sort -r | wc -l)"
