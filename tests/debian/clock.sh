# SPDX-License-Identifier: MIT
# timeout: 100
# /dev/rtc0 shows Linux's time; read, set over a leap day, an alarm.
python3 - <<'EOF'
import calendar, fcntl, os, select, struct, time

RD_TIME, SET_TIME, WKALM_SET, WKALM_RD = 0x80247009, 0x4024700A, 0x4028700F, 0x80287010
clock = os.open("/dev/rtc0", os.O_RDWR)


def seconds(fields):
    second, minute, hour, day, month, year = fields[:6]
    return calendar.timegm((year + 1900, month + 1, day, hour, minute, second))


def fields(at):
    t = time.gmtime(at)
    return struct.pack("9i", t.tm_sec, t.tm_min, t.tm_hour, t.tm_mday, t.tm_mon - 1, t.tm_year - 1900, 0, 0, 0)


def read():
    return seconds(struct.unpack("9i", fcntl.ioctl(clock, RD_TIME, bytes(36))))


def put(at):
    fcntl.ioctl(clock, SET_TIME, fields(at))


def alarm(at):
    fcntl.ioctl(clock, WKALM_SET, struct.pack("BBxx", 1, 0) + fields(at))


now = read()
print("agrees with the system" if abs(time.time() - now) < 10 else f"{now} against {time.time()}")
leap = calendar.timegm((2028, 2, 28, 23, 59, 59))
put(leap)
end = time.monotonic() + 20
while read() <= leap and time.monotonic() < end:
    time.sleep(0.1)
print(time.strftime("%F", time.gmtime(read())))
alarm(read() + 2)
print("enabled", fcntl.ioctl(clock, WKALM_RD, bytes(40))[0])
print("rings" if select.select([clock], [], [], 60)[0] and struct.unpack("Q", os.read(clock, 8))[0] & 0x20 else "silent")
put(now)
EOF
