# SPDX-License-Identifier: MIT
"""What tools/run is made of: archive writer, QEMU command line, console reader."""
