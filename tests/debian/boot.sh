# SPDX-License-Identifier: MIT
# timeout: 300
# systemd has started everything, and nothing failed.
systemctl is-system-running --wait
systemctl list-units --failed --plain --no-legend
systemctl list-units --type=service --state=running --plain --no-legend | awk '{ print $1 }' | grep -v '^systemd-fsckd\|^systemd-hostnamed\|^systemd-timedated\|^user@\|^skerry-cmd'
systemctl list-units --type=mount --plain --no-legend | awk '{ print $1, $4 }' | grep -v '^run-'
findmnt -no SOURCE,FSTYPE / && cat /etc/debian_version >/dev/null && . /etc/os-release && echo "$ID $VERSION_CODENAME"
journalctl -b -p err -o cat --no-pager _TRANSPORT=stdout _TRANSPORT=syslog
