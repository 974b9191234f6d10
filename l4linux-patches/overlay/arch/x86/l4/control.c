// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/l4ctl: messages to init's control gate (docs/live-upgrade.md of Skerry's tree), where the system description grants it. What
 * they mean is between the program and init, which checks them; who may open this may do with the
 * system's components whatever this Linux may.
 */

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/miscdevice.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "port.h"

/* The argument of the one operation: message words; in: how many of them, out: init's answer, 0 or a negative L4 error. */
struct l4ctl_message {
	__s64 count_or_result;
	unsigned long words[L4HOST_CONTROL_WORDS];
};

#define L4CTL_CALL _IOWR('4', 0, struct l4ctl_message)

static int l4ctl_open(struct inode *inode, struct file *file)
{
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static long l4ctl_call(struct l4ctl_message *m)
{
	unsigned long flags;

	if (m->count_or_result < 1 || m->count_or_result > L4HOST_CONTROL_WORDS)
		return -EINVAL;
	/* The UTCB is this vCPU's only one. */
	local_irq_save(flags);
	m->count_or_result = l4host_control_call(m->words, m->count_or_result);
	local_irq_restore(flags);
	return 0;
}

static long l4ctl_ioctl(struct file *file, unsigned int op, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct l4ctl_message *m;
	long err;

	if (op != L4CTL_CALL)
		return -ENOTTY;
	m = memdup_user(user, sizeof(*m));
	if (IS_ERR(m))
		return PTR_ERR(m);
	err = l4ctl_call(m);
	if (!err && copy_to_user(user, m, sizeof(*m)))
		err = -EFAULT;
	kfree(m);
	return err;
}

static const struct file_operations l4ctl_ops = {
	.owner = THIS_MODULE,
	.open = l4ctl_open,
	.unlocked_ioctl = l4ctl_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice l4ctl = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "l4ctl",
	.mode = 0600,
	.fops = &l4ctl_ops,
};

static int __init l4ctl_init(void)
{
	return on_l4() && l4host_has_control() ? misc_register(&l4ctl) : 0;
}
device_initcall(l4ctl_init);
