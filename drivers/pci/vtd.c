/* SPDX-License-Identifier: MIT */
/* DMA remapping units. */
#include "vtd.h"
#include "hw.h"
#include "vtd_regs.h"

#include <l4/sys/ipc.h>

/* So many looks without a pause, then so many with one. */
#define POLLS_FAST 10000
#define POLLS_SLOW 100
#define PAUSE_US 1000

struct unit {
	struct hw_memory registers;
	l4_uint64_t cap, ecap;
	unsigned fault_at, faults, fault_next; /* records: offset, how many, which is looked at next */
	/* Invalidation queue: a page of descriptors, and where the unit says how far it is. */
	l4_uint64_t *queue, queue_pa;
	l4_uint32_t *done;
	l4_uint64_t done_pa;
	unsigned tail;
	l4_uint32_t sequence;
	int ignores_format; /* it is not told what becomes of requests in compatibility format */
};

static struct unit units[VTD_UNITS];
static unsigned count;

static char *at(const struct unit *u, unsigned offset)
{
	return (char *)u->registers.at + offset;
}

/* Registers and memory that a unit writes are looked at alike; the last looks, `slow` of them, with a pause before each. */
static int wait_with(const void *word, l4_uint32_t mask, l4_uint32_t value, unsigned slow)
{
	unsigned n;

	for (n = 0; n < POLLS_FAST + slow; n++) {
		if ((hw_read32(word) & mask) == value)
			return 0;
		if (n >= POLLS_FAST)
			l4_ipc_sleep_us(PAUSE_US);
	}
	return -L4_EIO;
}

static int wait_for(const void *word, l4_uint32_t mask, l4_uint32_t value)
{
	return wait_with(word, mask, value, POLLS_SLOW);
}

/* Change one bit of the unit's state. */
static int command(const struct unit *u, l4_uint32_t bit, int on)
{
	l4_uint32_t now = hw_read32(at(u, VTD_GSTS)) & VTD_LASTING;

	hw_write32(at(u, VTD_GCMD), on ? now | bit : now & ~bit);
	/* Flushing says that it is done by taking the bit back. */
	return wait_for(at(u, VTD_GSTS), bit, on && bit != VTD_FLUSH_WRITES ? bit : 0);
}

/* Finding. */

static const char *unit_find(struct unit *u, l4_uint64_t base)
{
	l4_uint64_t bytes = L4_PAGESIZE, end;

	if (hw_memory_get(&u->registers, base, bytes, 1) < 0)
		return "the registers of a unit cannot be mapped";
	u->cap = hw_read64(at(u, VTD_CAP));
	u->fault_at = VTD_CAP_FAULT_OFFSET(u->cap);
	u->faults = VTD_CAP_FAULTS(u->cap);
	end = u->fault_at + u->faults * VTD_FAULT_BYTES;
	if (end > bytes) {
		hw_memory_put(&u->registers);
		if (hw_memory_get(&u->registers, base, l4_round_page(end), 1) < 0)
			return "the fault records of a unit cannot be mapped";
	}
	u->ecap = hw_read64(at(u, VTD_ECAP));
	if (!(u->ecap & VTD_ECAP_QUEUE))
		return "a unit has no queued invalidation";
	return 0;
}

/* What every one of them can do. */
static const char *features_of_all(struct vtd_features *f)
{
	l4_uint64_t caps = ~0UL;
	unsigned i;

	f->domains = ~0U;
	for (i = 0; i < count; i++) {
		caps &= units[i].cap;
		if (VTD_CAP_DOMAINS(units[i].cap) < f->domains)
			f->domains = VTD_CAP_DOMAINS(units[i].cap);
	}
	f->large = (caps & VTD_CAP_LARGE) != 0;
	f->levels = caps & VTD_CAP_LEVELS_3 ? 3 : 4;
	return caps & (VTD_CAP_LEVELS_3 | VTD_CAP_LEVELS_4) ? 0 : "the units have no page tables of the same depth";
}

const char *vtd_find(const struct acpi_facts *facts, struct vtd_features *features)
{
	const char *why = 0, *one;
	unsigned i;

	for (i = 0; i < facts->drhd_count; i++) {
		if (facts->drhds[i].segment)
			continue;
		one = unit_find(&units[count++], facts->drhds[i].base);
		why = why ? why : one;
	}
	if (!why && !count)
		why = "there are none";
	return why ? why : features_of_all(features);
}

unsigned vtd_count(void)
{
	return count;
}

/* Invalidation. */

static void put(struct unit *u, l4_uint64_t low, l4_uint64_t high)
{
	l4_uint64_t *d = &u->queue[2 * u->tail];

	hw_write64(&d[0], low);
	hw_write64(&d[1], high);
	__builtin_ia32_clflush(d);
	u->tail = (u->tail + 1) % VTD_QUEUE_ENTRIES;
}

/* Let the unit work through what is in its queue. */
static int drain(struct unit *u)
{
	put(u, VTD_INV_WAIT(++u->sequence), u->done_pa);
	__builtin_ia32_mfence();
	hw_write64(at(u, VTD_IQT), (l4_uint64_t)u->tail * 16);
	return wait_for(u->done, ~0U, u->sequence);
}

static int unit_flush(struct unit *u, l4_uint64_t iotlb, int context)
{
	if ((u->cap & VTD_CAP_WRITE_BUFFER) && command(u, VTD_FLUSH_WRITES, 1))
		return -L4_EIO;
	if (context)
		put(u, VTD_INV_CONTEXT_ALL, 0);
	put(u, iotlb, 0);
	return drain(u);
}

int vtd_flush(unsigned domain, int context)
{
	unsigned i;
	int err = 0;

	for (i = 0; i < count; i++)
		if (unit_flush(&units[i], VTD_INV_DOMAIN(domain), context))
			err = -L4_EIO;
	return err;
}

/* Start. */

/* Whoever used the unit before may have left its queue running, or an error in it. */
static int queue_start(struct unit *u)
{
	int err = 0;

	if (hw_read32(at(u, VTD_GSTS)) & VTD_QUEUE)
		err = command(u, VTD_QUEUE, 0);
	if (err)
		return err;
	hw_write32(at(u, VTD_FSTS), VTD_FSTS_QUEUE_ERRORS);
	hw_write64(at(u, VTD_IQT), 0);
	hw_write64(at(u, VTD_IQA), u->queue_pa);
	return command(u, VTD_QUEUE, 1);
}

/* Firmware may keep memory from all devices until somebody translates. */
static int unprotect(const struct unit *u)
{
	if (!(u->cap & VTD_CAP_PROTECTED) || !(hw_read32(at(u, VTD_PMEN)) & VTD_PMEN_STATUS))
		return 0;
	hw_write32(at(u, VTD_PMEN), hw_read32(at(u, VTD_PMEN)) & ~VTD_PMEN_ENABLE);
	return wait_for(at(u, VTD_PMEN), VTD_PMEN_STATUS, 0);
}

static int unit_start(struct unit *u, l4_uint64_t root_pa)
{
	int err = queue_start(u);

	hw_write64(at(u, VTD_RTADDR), root_pa);
	if (!err)
		err = command(u, VTD_SET_ROOT, 1);
	if (!err)
		err = unit_flush(u, VTD_INV_ALL, 1);
	if (!err)
		err = command(u, VTD_TRANSLATE, 1);
	return err ? err : unprotect(u);
}

int vtd_start(l4_uint64_t root_pa, void *queues, l4_uint64_t queues_pa)
{
	unsigned i;
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		struct unit *u = &units[i];

		u->queue = (l4_uint64_t *)((char *)queues + i * L4_PAGESIZE);
		u->queue_pa = queues_pa + i * L4_PAGESIZE;
		u->done = (l4_uint32_t *)((char *)queues + count * L4_PAGESIZE + i * sizeof(l4_uint64_t));
		u->done_pa = queues_pa + count * L4_PAGESIZE + i * sizeof(l4_uint64_t);
		err = unit_start(u, root_pa);
	}
	return err;
}

/* Switch off what this bit says, in all units where it is on. */
static int stop_all(l4_uint32_t bit)
{
	unsigned i;
	int err = 0;

	for (i = 0; i < count; i++) {
		const struct unit *u = &units[i];

		if (!u->registers.at)
			err = -L4_EIO;
		else if ((hw_read32(at(u, VTD_GSTS)) & bit) && command(u, bit, 0))
			err = -L4_EIO;
	}
	return err;
}

int vtd_stop(void)
{
	return stop_all(VTD_TRANSLATE);
}

/* Interrupts. */

int vtd_has_interrupts(void)
{
	unsigned i;

	for (i = 0; i < count; i++)
		if (!(units[i].ecap & VTD_ECAP_INTERRUPTS))
			return 0;
	return 1;
}

/* A unit that does not show this state does not have it (so are those of QEMU 7.2 and 10.0): that is soon known. */
static int compatible(const struct unit *u, int pass)
{
	l4_uint32_t now = hw_read32(at(u, VTD_GSTS)) & VTD_LASTING & ~VTD_PASS_COMPATIBLE, want = pass ? VTD_PASS_COMPATIBLE : 0;

	hw_write32(at(u, VTD_GCMD), now | want);
	return wait_with(at(u, VTD_GSTS), VTD_PASS_COMPATIBLE, want, 2);
}

static int entries_flush(struct unit *u, l4_uint64_t what)
{
	if ((u->cap & VTD_CAP_WRITE_BUFFER) && command(u, VTD_FLUSH_WRITES, 1))
		return -L4_EIO;
	put(u, what, 0);
	return drain(u);
}

/* One that remaps already, by the table of a manager before, goes on without a pause. */
static int unit_interrupts(struct unit *u, l4_uint64_t table)
{
	int err;

	u->ignores_format = compatible(u, 1) < 0;
	hw_write64(at(u, VTD_IRTA), table);
	err = command(u, VTD_SET_INTERRUPTS, 1);
	if (!err)
		err = entries_flush(u, VTD_INV_INTERRUPTS_ALL);
	if (!err && !(hw_read32(at(u, VTD_GSTS)) & VTD_REMAP_INTERRUPTS))
		err = command(u, VTD_REMAP_INTERRUPTS, 1);
	return err;
}

int vtd_interrupts_start(l4_uint64_t table_pa, unsigned size)
{
	unsigned i;
	int err = 0;

	for (i = 0; i < count && !err; i++)
		err = unit_interrupts(&units[i], table_pa | size);
	return err;
}

int vtd_interrupts_block(void)
{
	unsigned i;
	int all = 1;

	for (i = 0; i < count; i++)
		if (compatible(&units[i], 0) < 0 || units[i].ignores_format)
			all = 0;
	return all;
}

int vtd_interrupts_stop(void)
{
	return stop_all(VTD_REMAP_INTERRUPTS);
}

int vtd_interrupts_flush(unsigned n)
{
	unsigned i;
	int err = 0;

	for (i = 0; i < count; i++)
		if (entries_flush(&units[i], VTD_INV_INTERRUPT(n)))
			err = -L4_EIO;
	return err;
}

/* Faults. */

void vtd_fault_event(l4_uint64_t msi_address, l4_uint32_t msi_data)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		hw_write32(at(&units[i], VTD_FEDATA), msi_data);
		hw_write32(at(&units[i], VTD_FEADDR), msi_address);
		hw_write32(at(&units[i], VTD_FEUADDR), msi_address >> 32);
		hw_write32(at(&units[i], VTD_FECTL), 0);
	}
}

void vtd_fault_mask(void)
{
	unsigned i;

	for (i = 0; i < count; i++)
		hw_write32(at(&units[i], VTD_FECTL), VTD_FECTL_MASK);
}

/* Records are filled in turn, from a place that only the unit knows; one that is cleared may be used again at once. */
static char *record_find(struct unit *u)
{
	unsigned n;

	for (n = 0; n < u->faults; n++) {
		char *record = at(u, u->fault_at + (u->fault_next + n) % u->faults * VTD_FAULT_BYTES);

		if (hw_read64(record + 8) & VTD_FAULT_PRESENT) {
			u->fault_next = (u->fault_next + n + 1) % u->faults;
			return record;
		}
	}
	return 0;
}

static int unit_fault(struct unit *u, struct vtd_fault *f)
{
	char *record = record_find(u);
	l4_uint64_t low, high;

	if (!record)
		return 0;
	low = hw_read64(record);
	high = hw_read64(record + 8);
	hw_write64(record + 8, VTD_FAULT_PRESENT);
	*f = (struct vtd_fault){ .source = VTD_FAULT_SOURCE(high), .reason = VTD_FAULT_REASON(high),
				 .is_read = (high & VTD_FAULT_IS_READ) != 0 };
	f->is_interrupt = f->reason >= VTD_REASON_INTERRUPT && f->reason < VTD_REASON_INTERRUPT_END;
	f->address = f->is_interrupt ? VTD_FAULT_HANDLE(low) : VTD_FAULT_ADDRESS(low);
	return 1;
}

int vtd_fault_next(struct vtd_fault *fault, int *lost)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		struct unit *u = &units[i];
		l4_uint32_t status = hw_read32(at(u, VTD_FSTS));

		*lost = (status & VTD_FSTS_OVERFLOW) != 0;
		if (*lost)
			hw_write32(at(u, VTD_FSTS), VTD_FSTS_OVERFLOW);
		if ((status & VTD_FSTS_PENDING) && unit_fault(u, fault))
			return 1;
	}
	return 0;
}
