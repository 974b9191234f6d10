# SPDX-License-Identifier: MIT
# timeout: 300
# dpkg and apt without a network: a package is built, installed from a repository in a folder, checked and removed.
cd /root && mkdir -p p/DEBIAN p/usr/bin repository || exit 1
printf 'Package: hello-skerry\nVersion: 1.0\nArchitecture: all\nMaintainer: a <a@b>\nDepends: libc6\nDescription: test\n' >p/DEBIAN/control
printf '#!/bin/sh\necho hello\n' >p/usr/bin/hello-skerry && chmod 755 p/usr/bin/hello-skerry
printf '#!/bin/sh\nset -e\nadduser --system --group --quiet helloer\n' >p/DEBIAN/postinst && chmod 755 p/DEBIAN/postinst

DPKG_COLORS=never dpkg-deb --root-owner-group -b p repository/hello-skerry_1.0_all.deb
(cd repository && {
	dpkg-deb -f hello-skerry_1.0_all.deb
	echo "Filename: ./hello-skerry_1.0_all.deb"
	echo "Size: $(stat -c %s hello-skerry_1.0_all.deb)"
	echo "SHA256: $(sha256sum hello-skerry_1.0_all.deb | cut -d' ' -f1)"
} >Packages)
echo 'deb [trusted=yes] file:/root/repository ./' >/etc/apt/sources.list
rm -f /etc/apt/sources.list.d/*
apt-get -qq update && apt-cache policy hello-skerry | sed -n 2,3p
DEBIAN_FRONTEND=noninteractive apt-get -qq -y install hello-skerry 2>&1 | grep -v '^(Reading\|debconf'
hello-skerry && id -gn helloer && dpkg -V hello-skerry && apt-get -qq check && dpkg --audit
DEBIAN_FRONTEND=noninteractive apt-get -qq -y purge hello-skerry 2>&1 | grep -v '^(Reading'
test -e /usr/bin/hello-skerry || echo gone
