// SPDX-License-Identifier: MIT
/* A module that calls another one. */
#include <linux/module.h>

int probe_sum(int value);

static int __init prober_start(void)
{
	pr_info("prober: sum %d\n", probe_sum(1000));
	return 0;
}

static void __exit prober_end(void)
{
}

module_init(prober_start);
module_exit(prober_end);
MODULE_DESCRIPTION("Test of dependencies between modules");
MODULE_LICENSE("Dual MIT/GPL");
