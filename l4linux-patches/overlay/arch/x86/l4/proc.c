// SPDX-License-Identifier: GPL-2.0-only
/* /proc/l4: which task each process runs in, and what the backend has done. */

#include <linux/init.h>
#include <linux/mm.h>
#include <linux/proc_fs.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>

#include "port.h"

/* For a debugger that has no types of this kernel: where a task_struct has what names an L4 task. */
const unsigned int l4_debug_offsets[] = {
	offsetof(struct task_struct, tasks), offsetof(struct task_struct, mm),
	offsetof(struct task_struct, pid), offsetof(struct task_struct, comm),
	offsetof(struct mm_struct, context.l4_task),
};

static void task_show(struct seq_file *m, struct task_struct *p)
{
	struct mm_struct *mm = get_task_mm(p);
	struct l4_task_stats s;
	unsigned long slot, flags;
	int err = -1;

	if (!mm)
		return;
	local_irq_save(flags);
	slot = mm->context.l4_task;
	if (slot != L4_TASK_NONE && slot != L4_TASK_DEAD)
		err = l4host_task_stats(slot, &s);
	local_irq_restore(flags);
	if (err >= 0)
		seq_printf(m, "%d %lu %lu %lu %s\n", task_pid_nr(p), s.id, s.pages,
			   s.kernel_bytes, p->comm);
	mmput(mm);
}

static struct task_struct *next_process(pid_t *nr)
{
	struct task_struct *p = NULL;
	struct pid *pid;

	rcu_read_lock();
	while (!p && (pid = find_ge_pid(*nr, &init_pid_ns))) {
		*nr = pid_nr(pid) + 1;
		p = pid_task(pid, PIDTYPE_TGID);
	}
	if (p)
		get_task_struct(p);
	rcu_read_unlock();
	return p;
}

static int tasks_show(struct seq_file *m, void *v)
{
	struct task_struct *p;
	pid_t nr = 1;

	seq_puts(m, "pid task pages kernel_bytes name\n");
	while ((p = next_process(&nr))) {
		task_show(m, p);
		put_task_struct(p);
	}
	return 0;
}

static int stats_show(struct seq_file *m, void *v)
{
	const struct l4_counters *c = &l4_counters;

	seq_printf(m, "tasks_created %lu\ntasks_deleted %lu\nviews %lu\n", c->tasks_created,
		   c->tasks_deleted, c->views);
	seq_printf(m, "faults_fast %lu\nfaults_slow %lu\nfaults_kernel %lu\nmapped %lu\n",
		   c->faults_fast, c->faults_slow, c->faults_kernel, c->mapped);
	seq_printf(m, "flushes %lu\nflushes_all %lu\nflushes_fork %lu\nflushes_kernel %lu\n",
		   c->flushes, c->flushes_all, c->flushes_fork, c->flushes_kernel);
	seq_printf(m, "map_failed %lu\nshrinks %lu\nevents %lu\nemulated %lu\n", c->map_failed,
		   c->shrinks, c->events, c->emulated);
	return 0;
}

static int __init l4_proc_init(void)
{
	if (!on_l4())
		return 0;
	proc_mkdir("l4", NULL);
	proc_create_single("l4/tasks", 0400, NULL, tasks_show);
	proc_create_single("l4/stats", 0444, NULL, stats_show);
	return 0;
}
late_initcall(l4_proc_init);
