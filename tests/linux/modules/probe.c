// SPDX-License-Identifier: MIT
/* A module for tests/linux/modules.sh: parameters, an exported function, a proc file, deferred work, faults. */
#include <linux/delay.h>
#include <linux/jump_label.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

int probe_sum(int value);

static int number = 1;
module_param(number, int, 0644);
static char *text = "none";
module_param(text, charp, 0444);
static int list[4], list_length;
module_param_array(list, int, &list_length, 0444);

static DEFINE_STATIC_KEY_FALSE(switched);
static const int constant = 7;
static int timer_ran, work_ran, thread_ran;
static struct proc_dir_entry *entry;

int probe_sum(int value)
{
	return number + value;
}
EXPORT_SYMBOL_GPL(probe_sum);

static void timer_function(struct timer_list *timer)
{
	timer_ran++;
}
static DEFINE_TIMER(timer, timer_function);

static void work_function(struct work_struct *work)
{
	work_ran++;
}
static DECLARE_WORK(work, work_function);

static int thread_function(void *unused)
{
	thread_ran++;
	while (!kthread_should_stop())
		msleep(1);
	return 42;
}

static int memory_works(void)
{
	char *large = vmalloc(3 << 20), *small = kmalloc(100, GFP_KERNEL);
	int good = large && small;

	if (good) {
		memset(large, 0x5a, 3 << 20);
		memset(small, 0x5a, 100);
		good = !memcmp(large + (2 << 20), small, 100);
	}
	vfree(large);
	kfree(small);
	return good;
}

static int show(struct seq_file *file, void *unused)
{
	struct task_struct *thread = kthread_run(thread_function, NULL, "probe");
	int result;

	mod_timer(&timer, jiffies + 1);
	schedule_work(&work);
	msleep(40);
	flush_work(&work);
	result = IS_ERR(thread) ? -1 : kthread_stop(thread);
	seq_printf(file, "number %d text %s list %d last %d\n", number, text, list_length, list[3]);
	seq_printf(file, "timer %d work %d thread %d ended with %d\n", timer_ran, work_ran, thread_ran, result);
	seq_printf(file, "memory %d key %d\n", memory_works(), static_branch_unlikely(&switched) ? 1 : 0);
	return 0;
}

static int open(struct inode *inode, struct file *file)
{
	return single_open(file, show, NULL);
}

/* Reads of the kernel that must fail without harm, and one write that must be fatal to the writer alone. */
static int try_faults(char what)
{
	char byte;

	switch (what) {
	case 'u':
		return get_user(byte, (char __user *)16);
	case 'k':
		return get_kernel_nofault(byte, (char *)0xffff800000001000) ? -ERANGE : 0;
	case 'c':
		WRITE_ONCE(*(int *)&constant, 8);
		return constant;
	case 'n':
		WRITE_ONCE(*(volatile int *)8, 1);
		return 0;
	case 'b':
		BUG();
	case 'w':
		WARN(1, "probe: a warning\n");
		return 1;
	case 's':
		if (static_branch_unlikely(&switched))
			static_branch_disable(&switched);
		else
			static_branch_enable(&switched);
		return 1;
	}
	return -EINVAL;
}

static ssize_t write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	char what;

	if (get_user(what, from))
		return -EFAULT;
	return try_faults(what);
}

static const struct proc_ops operations = {
	.proc_open = open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = write,
};

static int __init probe_start(void)
{
	pr_info("probe: number %d text %s\n", number, text);
	if (number == 13)
		return -ENODEV;
	entry = proc_create("probe", 0644, NULL, &operations);
	return entry ? 0 : -ENOMEM;
}

static void __exit probe_end(void)
{
	proc_remove(entry);
	del_timer_sync(&timer);
	pr_info("probe: ends\n");
}

module_init(probe_start);
module_exit(probe_end);
MODULE_DESCRIPTION("Test of loadable modules");
MODULE_LICENSE("Dual MIT/GPL");
