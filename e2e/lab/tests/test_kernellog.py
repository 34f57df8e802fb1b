# SPDX-License-Identifier: Apache-2.0
import unittest

from procmig_lab.kernellog import troubles

FAULTS = """\
[    9.1] WARNING: CPU: 0 PID: 412 at mm/memory.c:100 zap_pte_range+0x1/0x2
[    9.1] BUG: kernel NULL pointer dereference, address: 0000000000000010
[    9.1] BUG: Bad rss-counter state mm:00000000 type:MM_ANONPAGES val:3
[    9.1] Oops: 0002 [#1] PREEMPT SMP NOPTI
[    9.1] general protection fault, probably for non-canonical address 0xdead: 0000 [#1]
[    9.1] refcount_t: underflow; use-after-free.
[    9.1] unregister_netdevice: waiting for lo to become free. Usage count = 2
[    9.1] INFO: task procmig:77 blocked for more than 120 seconds.
[    9.1] WARNING: possible circular locking dependency detected
[    9.1] watchdog: BUG: soft lockup - CPU#0 stuck for 23s! [kworker/0:1:10]
[    9.1] Kernel panic - not syncing: Fatal exception
"""

HARMLESS = """\
[    0.0] Linux version 6.1.0 (Debian) #1 SMP PREEMPT_DYNAMIC
[    1.2] procmig: loading out-of-tree module taints kernel.
[    3.4] traps: victim[99] general protection fault ip:401136 sp:7ffd0 error:0 in victim[401000+1000]
[    3.5] victim[99]: segfault at 0 ip 0000000000401136 sp 00007ffd error 6 in victim
[    4.0] systemd[1]: Finished DEBUG things
[    5.0] printk: console [ttyS0] enabled
"""


class TroublesTest(unittest.TestCase):
    def test_every_kind_of_fault_is_found(self):
        self.assertEqual(FAULTS.splitlines(), [line for _, line in troubles(FAULTS)])

    def test_nothing_harmless_is(self):
        self.assertEqual([], troubles(HARMLESS))

    def test_lines_are_counted_from_one(self):
        self.assertEqual([(7, FAULTS.splitlines()[0])], troubles(HARMLESS + FAULTS)[:1])


if __name__ == "__main__":
    unittest.main()
