# SPDX-License-Identifier: MIT
"""Measurements: programs that measure, what is compared, how it is reported."""
