# SPDX-License-Identifier: MIT
# TCP to a program of the host's that sends everything back, for as long as the killer of the network server works on a fast machine.
. /skerry/transfers

dmesg -n 1
ip addr add 10.0.2.22/24 dev eth0 && ip link set eth0 up
transfers "the host" 10.0.2.100 100000 3 20
