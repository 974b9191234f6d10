/* SPDX-License-Identifier: MIT */
/* Small services of root: logs with a prefix, name spaces, scheduler proxies. */
#include "root.h"
#include "../../lib/string.h"

#include <l4/sys/factory.h>
#include <l4/sys/rcv_endpoint.h>
#include <l4/sys/scheduler.h>
#include <l4/sys/task.h>
#include <l4/sys/thread.h>
#include <l4/sys/vcon.h>

/* Log: whole lines go to the kernel's log with the client's name in front. Nothing else: no control characters. */
#define LOG_PREFIX 24
#define LOG_LINE 240
struct log {
	struct object obj;
	char line[LOG_PREFIX + LOG_LINE + 1];
	unsigned prefix, used;
};

static int printable(unsigned char c)
{
	return c >= ' ' && c != 0x7f;
}

int log_create(struct quota *q, const l4_umword_t *words, unsigned count, struct object **out)
{
	char name[LOG_PREFIX] = "";
	struct log *log;
	unsigned n = count * sizeof(*words);
	int err;

	/* The words are in the UTCB, which creating an object uses. */
	memcpy(name, words, n < LOG_PREFIX - 2 ? n : LOG_PREFIX - 2);
	err = object_create(q, OBJECT_LOG, out);
	if (err)
		return err;
	log = (struct log *)*out;
	for (; name[log->prefix]; log->prefix++)
		log->line[log->prefix] = printable(name[log->prefix]) ? name[log->prefix] : '?';
	log->line[log->prefix++] = '|';
	log->line[log->prefix++] = ' ';
	log->used = log->prefix;
	return 0;
}

static void log_flush(struct log *log)
{
	log->line[log->used++] = '\n';
	l4_vcon_write(L4_BASE_LOG_CAP, log->line, log->used);
	log->used = log->prefix;
}

static void log_char(struct log *log, char c)
{
	if (c == '\n' || log->used == log->prefix + LOG_LINE)
		log_flush(log);
	if (printable(c) || c == '\t')
		log->line[log->used++] = c;
}

l4_msgtag_t log_dispatch(struct object *o, l4_msgtag_t tag)
{
	l4_umword_t *mr = l4_utcb_mr()->mr;
	char text[L4_VCON_WRITE_SIZE];
	unsigned i, n;

	if (l4_msgtag_words(tag) < 2)
		return reply(-L4_EMSGTOOSHORT, 0);
	if (mr[0] != L4_VCON_WRITE_OP)
		return reply(-L4_ENOSYS, 0);
	n = (l4_msgtag_words(tag) - 2) * sizeof(*mr);
	if (mr[1] < n)
		n = mr[1];
	memcpy(text, &mr[2], n);
	for (i = 0; i < n; i++)
		log_char((struct log *)o, text[i]);
	return reply(0, 0);
}

/* Name space: a table in the object's page. */
#define NS_NAME 40
struct ns_entry {
	char name[NS_NAME];
	l4_cap_idx_t cap; /* 0: free */
};
struct namespace {
	struct object obj;
	struct ns_entry entries[];
};
#define NS_ENTRIES ((L4_PAGESIZE - sizeof(struct namespace)) / sizeof(struct ns_entry))

int namespace_create(struct quota *q, struct object **out)
{
	return object_create(q, OBJECT_NAMESPACE, out);
}

static void entry_drop(struct namespace *ns, struct ns_entry *e)
{
	l4_task_release_cap(L4_BASE_TASK_CAP, e->cap);
	quota_slot_return(ns->obj.owner, e->cap);
	e->cap = 0;
}

void namespace_destroy_contents(struct object *o)
{
	struct namespace *ns = (struct namespace *)o;
	unsigned i;

	for (i = 0; i < NS_ENTRIES; i++)
		if (ns->entries[i].cap)
			entry_drop(ns, &ns->entries[i]);
}

/* The entry of that name, or a free one for the empty name. */
static struct ns_entry *entry_find(struct namespace *ns, const char *name)
{
	unsigned i;

	for (i = 0; i < NS_ENTRIES; i++) {
		struct ns_entry *e = &ns->entries[i];

		if (*name ? e->cap && !strcmp(e->name, name) : !e->cap)
			return e;
	}
	return 0;
}

static int entry_register(struct namespace *ns, const char *name)
{
	struct ns_entry *e;
	l4_cap_idx_t next;

	if (l4_error(l4_task_cap_valid(L4_BASE_TASK_CAP, received_cap)) <= 0)
		return -L4_EMSGMISSARG;
	if (entry_find(ns, name))
		return -L4_EEXIST;
	e = entry_find(ns, "");
	if (!e)
		return -L4_ENOMEM;
	next = quota_slot_take(ns->obj.owner);
	if (l4_is_invalid_cap(next))
		return -L4_ENOMEM;
	memcpy(e->name, name, NS_NAME);
	e->cap = received_cap;
	received_cap = next;
	return 0;
}

static l4_msgtag_t entry_reply(struct ns_entry *e)
{
	l4_msgtag_t tag = reply(0, 0);

	l4_sndfpage_add(l4_obj_fpage(e->cap, 0, L4_CAP_FPAGE_RWS), l4_map_obj_control(0, 0), &tag);
	return tag;
}

l4_msgtag_t namespace_dispatch(struct object *o, l4_msgtag_t tag, unsigned rights)
{
	struct namespace *ns = (struct namespace *)o;
	l4_umword_t *mr = l4_utcb_mr()->mr;
	l4_umword_t op = mr[0];
	char name[NS_NAME] = "";
	struct ns_entry *e;
	l4_size_t n = (l4_msgtag_words(tag) - 1) * sizeof(*mr);

	if (l4_msgtag_words(tag) < 2)
		return reply(-L4_EMSGTOOSHORT, 0);
	memcpy(name, &mr[1], n < NS_NAME - 1 ? n : NS_NAME - 1);
	if (!*name)
		return reply(-L4_EINVAL, 0);
	if (op != L4RE_NS_QUERY_OP && !(rights & L4_CAP_RIGHT_W))
		return reply(-L4_EPERM, 0);
	e = entry_find(ns, name);
	switch (op) {
	case L4RE_NS_QUERY_OP:
		return e ? entry_reply(e) : reply(-L4_ENOENT, 0);
	case L4RE_NS_REGISTER_OP:
		/* The slot may hold what came with a message that was broken off. */
		return reply(l4_msgtag_items(tag) == 1 ? entry_register(ns, name) : -L4_EMSGMISSARG, 0);
	case L4RE_NS_UNLINK_OP:
		if (e)
			entry_drop(ns, e);
		return reply(e ? 0 : -L4_ENOENT, 0);
	default:
		return reply(-L4_ENOSYS, 0);
	}
}

/*
 * Scheduler proxy: the kernel's scheduler up to a priority and on some CPUs. One with a budget shares it out among
 * its threads: what they may use in one of its periods is never more, together with what has been given back less than a period ago.
 * A client can take back the capability of a thread that runs on: an IRQ of root's tells that the thread is gone.
 */
#define SHARES_MAX 32
struct share {
	l4_cap_idx_t thread;            /* 0: free, or given back */
	l4_cap_idx_t end;               /* IRQ that is triggered when the thread dies */
	l4_umword_t budget, period, low_prio;
	l4_umword_t cost;               /* of the proxy's budget, in one of its periods; 0: it has not been run with one */
	l4_uint64_t until_ns;           /* given back: still counts up to then */
};
struct scheduler {
	struct object obj;
	unsigned prio_max;
	l4_umword_t cpus;
	l4_umword_t budget, period, low_prio; /* budget 0: unlimited */
	struct share shares[SHARES_MAX];
};
_Static_assert(sizeof(struct scheduler) <= L4_PAGESIZE, "an object is a page");

int scheduler_create(struct quota *q, const l4_umword_t *mr, struct object **out)
{
	/* The words are in the UTCB, which creating an object uses. */
	l4_umword_t prio_max = mr[1], cpus = mr[2], budget = mr[3], period = mr[4], low_prio = mr[5];
	struct scheduler *s;
	int err = object_create(q, OBJECT_SCHEDULER, out);

	if (err)
		return err;
	s = (struct scheduler *)*out;
	s->prio_max = prio_max;
	s->cpus = cpus;
	s->budget = budget;
	s->period = period;
	s->low_prio = low_prio;
	return 0;
}

static void share_drop(struct scheduler *s, struct share *share)
{
	l4_task_release_cap(L4_BASE_TASK_CAP, share->thread);
	l4_task_delete_obj(L4_BASE_TASK_CAP, share->end);
	quota_slot_return(s->obj.owner, share->thread);
	quota_slot_return(s->obj.owner, share->end);
	share->thread = 0;
	share->until_ns = root_clock_ns() + s->period;
}

/* For the thread that was received. */
static long share_take(struct scheduler *s, struct share *share)
{
	l4_cap_idx_t next = quota_slot_take(s->obj.owner), end = quota_slot_take(s->obj.owner);
	long err = -L4_ENOMEM;

	if (l4_is_valid_cap(next) && l4_is_valid_cap(end))
		err = l4_error(l4_factory_create_irq(L4_BASE_FACTORY_CAP, end));
	if (err >= 0) {
		/* Only a thread can be bound: a gate of the client's would keep root waiting. */
		err = l4_error(l4_rcv_ep_bind_thread(end, received_cap, 0));
		l4_rcv_ep_bind_thread(end, L4_INVALID_CAP, 0);
		if (err >= 0)
			err = l4_error(l4_thread_register_del_irq(received_cap, end));
		if (err >= 0) {
			share->thread = received_cap;
			share->end = end;
			received_cap = next;
			return 0;
		}
		l4_task_delete_obj(L4_BASE_TASK_CAP, end);
	}
	if (l4_is_valid_cap(next))
		quota_slot_return(s->obj.owner, next);
	if (l4_is_valid_cap(end))
		quota_slot_return(s->obj.owner, end);
	return err;
}

void scheduler_destroy_contents(struct object *o)
{
	struct scheduler *s = (struct scheduler *)o;
	unsigned i;

	for (i = 0; i < SHARES_MAX; i++)
		if (s->shares[i].thread)
			share_drop(s, &s->shares[i]);
}

/* Shares of threads that are gone are given back, and those that were long enough ago forgotten. */
static void shares_update(struct scheduler *s)
{
	l4_uint64_t now = root_clock_ns();
	unsigned i;

	for (i = 0; i < SHARES_MAX; i++) {
		struct share *share = &s->shares[i];

		if (share->thread && l4_error(l4_task_cap_valid(L4_BASE_TASK_CAP, share->thread)) <= 0 &&
		    root_irq_came(share->end))
			share_drop(s, share);
		if (!share->thread && share->until_ns <= now)
			share->cost = 0;
	}
}

/* Of the thread that was received, or a free one: *other is another free one. */
static struct share *share_find(struct scheduler *s, struct share **other, l4_umword_t *cost)
{
	struct share *found = 0, *unused = 0;
	unsigned i;

	*other = 0;
	*cost = 0;
	for (i = 0; i < SHARES_MAX; i++) {
		struct share *share = &s->shares[i];

		if (share->thread && l4_error(l4_task_cap_equal(L4_BASE_TASK_CAP, share->thread, received_cap)) > 0) {
			found = share;
			continue;
		}
		*cost += share->cost;
		if (!share->thread && !share->cost) {
			*other = unused ? unused : *other;
			unused = share;
		}
	}
	if (found)
		*other = unused;
	return found ? found : unused;
}

/* What the thread costs; more than there is: s->budget + 1. A period of 0 is for the kernel to refuse. */
static l4_umword_t cost_of(const struct scheduler *s, const l4_sched_param_t *p)
{
	l4_umword_t times = p->period ? (s->period - 1) / p->period + 1 : 1;

	return times > s->budget / p->budget ? s->budget + 1 : times * p->budget;
}

/* Run the received thread with a share of the budget. */
static long run_with_share(struct scheduler *s, l4_sched_param_t *p)
{
	l4_umword_t others, cost;
	struct share *share, *rest;
	long err;

	shares_update(s);
	share = share_find(s, &rest, &others);
	if (!p->budget && share && share->thread && share->cost) {
		p->budget = share->budget;
		p->period = share->period;
		p->low_prio = share->low_prio;
	} else if (!p->budget) {
		/* it has what nobody wants, as all have when their budget is used up */
		p->prio = p->prio < s->low_prio ? p->prio : s->low_prio;
		return p->prio ? l4_error(l4_scheduler_run_thread(L4_BASE_SCHEDULER_CAP, received_cap, p)) : -L4_EPERM;
	}
	if (p->low_prio > s->low_prio)
		return -L4_EPERM;
	cost = cost_of(s, p);
	if (cost > s->budget || others + cost > s->budget)
		return -L4_EBUSY;
	if (!share || (share->thread && cost < share->cost && !rest))
		return -L4_ENOMEM;
	err = share->thread ? 0 : share_take(s, share);
	if (err >= 0)
		err = l4_error(l4_scheduler_run_thread(L4_BASE_SCHEDULER_CAP, share->thread, p));
	if (err < 0)
		return err;
	if (cost < share->cost)
		*rest = (struct share){ .cost = share->cost - cost, .until_ns = root_clock_ns() + s->period };
	share->budget = p->budget;
	share->period = p->period;
	share->low_prio = p->low_prio;
	share->cost = cost;
	return 0;
}

static long run_thread(struct scheduler *s, const l4_umword_t *mr)
{
	l4_sched_param_t p = { { mr[1], mr[2] }, mr[3], mr[4], mr[5], mr[6], mr[7] };
	unsigned offset = mr[1] & 0xffffff;

	if (!p.prio || p.prio > s->prio_max)
		return -L4_EPERM;
	if (offset > 63 || mr[1] >> 24)
		return -L4_EINVAL;
	p.affinity.gran_offset = 0;
	p.affinity.map = (mr[2] << offset) & s->cpus;
	if (!p.affinity.map)
		return -L4_EINVAL;
	if (s->budget)
		return run_with_share(s, &p);
	return l4_error(l4_scheduler_run_thread(L4_BASE_SCHEDULER_CAP, received_cap, &p));
}

l4_msgtag_t scheduler_dispatch(struct object *o, l4_msgtag_t tag)
{
	struct scheduler *s = (struct scheduler *)o;
	l4_umword_t *mr = l4_utcb_mr()->mr, copy[9];
	l4_sched_cpu_set_t set = { 0, 0 };
	l4_umword_t max = 0;
	long err;

	if (l4_msgtag_words(tag) < 1)
		return reply(-L4_EMSGTOOSHORT, 0);
	switch (mr[0]) {
	case L4_SCHEDULER_INFO_OP:
		err = l4_error(l4_scheduler_info(L4_BASE_SCHEDULER_CAP, &max, &set));
		mr[0] = max;
		mr[1] = set.map & s->cpus;
		return reply(err, 2);
	case L4_SCHEDULER_RUN_THREAD_OP:
		if (l4_msgtag_words(tag) < 9 || l4_msgtag_items(tag) != 1)
			return reply(-L4_EMSGTOOSHORT, 0);
		memcpy(copy, mr, sizeof(copy));
		return reply(run_thread(s, copy), 0);
	default:
		return reply(-L4_ENOSYS, 0);
	}
}
