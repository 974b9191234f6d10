// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/l4/NAME: one end of a channel to or from a native task (docs/real-time.md of Skerry's tree).
 *
 * read() and write() move whole elements and wait unless O_NONBLOCK; poll() and mmap() are there too. A queue has one open file at a
 * time; a state channel any number, and each reads a value once. The other side may write anything at any time to its part,
 * and a process that has mapped this side's part to that: l4/skerry/channel.h believes neither.
 */

#include <linux/fs.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include <asm/l4_device.h>

#include "port.h"

#include <l4/skerry/channel.h>

#define DEVICE_NAME 40

struct channel {
	struct l4_channel info;
	struct miscdevice misc;
	char name[DEVICE_NAME], node[DEVICE_NAME];
	wait_queue_head_t wait;
	unsigned long is_open; /* bit 0, of a queue */
	struct mutex lock;     /* the end, and the element */
	spinlock_t arm_lock;   /* the end's word by which it waits */
	struct l4chan end;
	void *element;
};

/* An open file. */
struct opened {
	struct channel *c;
	unsigned long number; /* of the last value that was read */
};

static bool ready(struct opened *o)
{
	struct l4chan *end = &o->c->end;
	unsigned long number;

	if (!end->depth) {
		/* One that went back to 0 has nothing to read. */
		number = l4chan_number(end);
		return o->c->info.writes || (number && number != o->number);
	}
	return o->c->info.writes ? l4chan_used(end) < end->depth : l4chan_used(end) != 0;
}

/* Whether it is ready; if not, the interrupt will come when it is. Several may wait: the word must never go back to one that was told. */
static bool ready_or_armed(struct opened *o)
{
	if (ready(o))
		return true;
	spin_lock(&o->c->arm_lock);
	l4chan_arm(&o->c->end);
	spin_unlock(&o->c->arm_lock);
	return ready(o);
}

static irqreturn_t channel_interrupt(int irq, void *data)
{
	struct channel *c = data;

	wake_up(&c->wait);
	return IRQ_HANDLED;
}

static void tell(struct channel *c)
{
	if (l4chan_should_tell(&c->end))
		l4_irq_trigger(c->info.kick);
}

/* Elements that make no sense are lost, once. */
static int checked(struct channel *c, int result)
{
	if (result == -L4_EIO)
		l4chan_sync(&c->end);
	return result;
}

/* One element for the user: 1; 0: there is none. */
static int read_one(struct opened *o, char __user *to)
{
	struct channel *c = o->c;
	unsigned long count = 0, number = o->number;
	int n = c->end.depth ? l4chan_peek(&c->end, c->element, &count) :
		l4chan_latest(&c->end, c->element, &number);

	if (n <= 0)
		return checked(c, n);
	if (copy_to_user(to, c->element, c->end.size))
		return -EFAULT;
	o->number = number;
	if (c->end.depth)
		l4chan_take(&c->end, count);
	return 1;
}

static int write_one(struct opened *o, const char __user *from)
{
	struct channel *c = o->c;
	int err;

	if (copy_from_user(c->element, from, c->end.size))
		return -EFAULT;
	if (!c->end.depth) {
		l4chan_publish(&c->end, c->element);
		return 1;
	}
	err = l4chan_push(&c->end, c->element);
	return err == -L4_EAGAIN ? 0 : err ? checked(c, err) : 1;
}

/* Whole elements at @user, as many as go without waiting: their bytes, 0, or the first one's error. */
static ssize_t move(struct opened *o, char __user *user, size_t count)
{
	struct channel *c = o->c;
	size_t done = 0;
	int n = 0;

	if (mutex_lock_interruptible(&c->lock))
		return -ERESTARTSYS;
	while (count - done >= c->end.size && !(done && signal_pending(current))) {
		n = c->info.writes ? write_one(o, user + done) : read_one(o, user + done);
		if (n <= 0)
			break;
		done += c->end.size;
	}
	/* Putting indices right makes room as well. */
	if (done || n == -L4_EIO)
		tell(c);
	mutex_unlock(&c->lock);
	return done ? done : n;
}

static ssize_t move_waiting(struct file *file, char __user *user, size_t count)
{
	struct opened *o = file->private_data;
	ssize_t n;

	for (;;) {
		n = move(o, user, count);
		if (n || (file->f_flags & O_NONBLOCK))
			return n ? n : -EAGAIN;
		/* The other side can have it look ready each time. */
		if (signal_pending(current))
			return -ERESTARTSYS;
		n = wait_event_interruptible(o->c->wait, ready_or_armed(o));
		if (n)
			return n;
	}
}

static ssize_t channel_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	struct opened *o = file->private_data;

	if (o->c->info.writes)
		return -EBADF;
	return count < o->c->end.size ? -EINVAL : move_waiting(file, to, count);
}

static ssize_t channel_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	struct opened *o = file->private_data;

	if (!o->c->info.writes)
		return -EBADF;
	if (!count)
		return 0;
	return count % o->c->end.size ? -EINVAL : move_waiting(file, (char __user *)from, count);
}

static __poll_t channel_poll(struct file *file, struct poll_table_struct *table)
{
	struct opened *o = file->private_data;

	poll_wait(file, &o->c->wait, table);
	if (!ready_or_armed(o))
		return 0;
	return o->c->info.writes ? EPOLLOUT | EPOLLWRNORM : EPOLLIN | EPOLLRDNORM;
}

/* The window, and behind it the index page: each of them by itself, for writing only this side's own. */
static int channel_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct channel *c = ((struct opened *)file->private_data)->c;
	unsigned long window = l4chan_window_bytes(c->info.size, c->info.depth);
	unsigned long bytes = vma->vm_end - vma->vm_start, at = vma->vm_pgoff << PAGE_SHIFT;
	bool index = vma->vm_pgoff == window >> PAGE_SHIFT;

	/* VM_SHARED is not set for a file that is open for reading only. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (index ? bytes > PAGE_SIZE : vma->vm_pgoff > window >> PAGE_SHIFT || bytes > window - at)
		return -EINVAL;
	if (index == !!c->info.writes) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	return remap_pfn_range(vma, vma->vm_start, PHYS_PFN(__pa(index ? c->info.index : c->info.window + at)), bytes,
			       vma->vm_page_prot);
}

static int channel_open(struct inode *inode, struct file *file)
{
	struct channel *c = container_of(file->private_data, struct channel, misc);
	struct opened *o;

	if (!(file->f_mode & (c->info.writes ? FMODE_WRITE : FMODE_READ)))
		return -EACCES;
	if (c->end.depth && test_and_set_bit(0, &c->is_open))
		return -EBUSY;
	o = kzalloc(sizeof(*o), GFP_KERNEL);
	if (!o) {
		clear_bit(0, &c->is_open);
		return -ENOMEM;
	}
	o->c = c;
	file->private_data = o;
	return nonseekable_open(inode, file);
}

static int channel_release(struct inode *inode, struct file *file)
{
	struct opened *o = file->private_data;

	clear_bit(0, &o->c->is_open);
	kfree(o);
	return 0;
}

static const struct file_operations channel_ops = {
	.owner = THIS_MODULE,
	.open = channel_open,
	.release = channel_release,
	.read = channel_read,
	.write = channel_write,
	.poll = channel_poll,
	.mmap = channel_mmap,
};

static int channel_start(struct channel *c)
{
	int irq = l4_irq_attach(c->info.notify), err;

	if (irq < 0)
		return irq;
	snprintf(c->name, sizeof(c->name), "l4-%s", c->info.name);
	snprintf(c->node, sizeof(c->node), "l4/%s", c->info.name);
	err = request_irq(irq, channel_interrupt, 0, c->name, c);
	if (err)
		return err;
	/* A predecessor may have died anywhere. */
	l4chan_sync(&c->end);
	c->misc = (struct miscdevice){
		.minor = MISC_DYNAMIC_MINOR, .name = c->name, .nodename = c->node, .mode = 0600, .fops = &channel_ops,
	};
	err = misc_register(&c->misc);
	if (err)
		free_irq(irq, c);
	return err;
}

/* For good: channels do not come and go. */
static int channel_create(const struct l4_channel *info)
{
	struct channel *c = kzalloc(sizeof(*c), GFP_KERNEL);
	int err = -ENOMEM;

	if (!c)
		return err;
	c->info = *info;
	init_waitqueue_head(&c->wait);
	mutex_init(&c->lock);
	spin_lock_init(&c->arm_lock);
	l4chan_init(&c->end, info->window, info->index, info->size, info->depth, info->writes);
	c->element = kmalloc(info->size, GFP_KERNEL);
	if (c->element)
		err = channel_start(c);
	if (err) {
		kfree(c->element);
		kfree(c);
	}
	return err;
}

static int __init l4_channels_init(void)
{
	struct l4_channel info;
	unsigned int n;
	int err = 0;

	for (n = 0; !err && on_l4() && l4host_channel(n, &info); n++)
		err = channel_create(&info);
	return err;
}
device_initcall(l4_channels_init);
