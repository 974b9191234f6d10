# SPDX-License-Identifier: MIT
# Commands and watches a controller, panics, and looks again: the second Linux finds it as the first one left it.
dmesg -n 1
ok() {
	if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1"; fi
}

# The value of a line of `control status`, by its number among the words.
field() {
	control status | awk -v line="$1" -v word="$2" '$1 == line { print $word }' | tr -d ,
}

# Whether the samples follow each other from period $1 on.
consecutive() {
	control log 200 | awk -v from="$1" '$1 != from + 10 * n++ { exit 1 } END { exit n != 200 }'
}

if [ "$(field cart 7)" = +0.000 ]; then
	# The queue has filled up while Linux started: the first sample that was written is the first one in it.
	consecutive 10
	ok "samples from the first one on" $?
	control set 0.5
	control watch 4 >/tmp/watch
	[ "$(wc -l </tmp/watch)" = 40 ] && tail -n 1 /tmp/watch | grep -q '+0\.[45]'
	ok "the cart follows" $?
	control set 7
	[ "$(field commands 2)" = 1 ] && [ "$(field commands 4)" = 1 ]
	ok "a set point off the track is refused" $?
	control gains nan 0 0 0
	[ "$(field commands 4)" = 2 ]
	ok "gains that are no numbers are refused" $?
	control gains 7 9 60 15
	sleep 3
	[ "$(field gains 8)" = 1 ] && [ "$(field gains 2)" = -7 ]
	ok "gains that let the pole fall are taken back" $?
	control check
	ok "checked" $?
	echo "periods $(field periods 2)"
	echo c >/proc/sysrq-trigger
fi
[ "$(field cart 7)" = +0.500 ]
ok "the set point outlived Linux" $?
sleep 1
control check
ok "checked again" $?
echo "periods $(field periods 2)"
control set -0.25
control watch 4 | tail -n 1 | grep -q '\-0\.2'
ok "the cart follows the second Linux" $?
control check
ok "checked at the end" $?
