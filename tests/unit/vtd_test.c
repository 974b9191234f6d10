// SPDX-License-Identifier: MIT
/*
 * The driver of the remapping units against a model of units that keeps to the specification and insists that the driver does: what is
 * written when, what the queue contains, units that do not answer, fault records in any place.
 * cflags: -Idrivers/pci -Il4re/include
 */
#include <l4/sys/ipc.h>

static void hardware_runs(void);
#undef l4_ipc_sleep_us
#define l4_ipc_sleep_us(us) hardware_runs()
#include "../../drivers/pci/vtd.c"

#include <stdio.h>
#include <string.h>
#include "support/check.h"
#include "support/random.h"

#define UNITS 3
#define REGISTERS 16384
#define BASE(n) (0xfed90000UL + (n) * 0x10000UL)
#define MEMORY_PA 0x123450000UL
#define MEMORY_BYTES (8 * 4096)
#define ROOT_PA 0x7ffe000UL
#define NO_COMMAND 0x00800000U /* GCMD cannot be read: what is there when nothing was written */

static struct model {
	unsigned char registers[REGISTERS];
	l4_uint64_t mapped;         /* bytes that the driver has mapped */
	int dead;
	l4_uint64_t root, queue;    /* as the unit has latched them */
	unsigned head;
	unsigned contexts, iotlb_all, iotlb[16], waits, write_flushes; /* invalidations so far */
	l4_uint64_t interrupts;     /* the table, latched */
	unsigned entries_all, entries, entry; /* its invalidations: of all, of one, and of which last */
	int no_format;              /* requests in compatibility format pass whatever it is told */
} models[UNITS];
static unsigned char memory[MEMORY_BYTES] __attribute__((aligned(4096)));
static struct acpi_facts facts;
static struct vtd_features features;

static l4_uint32_t *reg(struct model *m, unsigned at) { return (l4_uint32_t *)(m->registers + at); }
static l4_uint64_t *reg64(struct model *m, unsigned at) { return (l4_uint64_t *)(m->registers + at); }

static void *memory_at(l4_uint64_t pa, unsigned bytes)
{
	CHECK(pa >= MEMORY_PA && pa + bytes <= MEMORY_PA + MEMORY_BYTES);
	return memory + (pa - MEMORY_PA);
}

int hw_memory_get(struct hw_memory *m, l4_uint64_t pa, l4_uint64_t bytes, int attach)
{
	unsigned n = (pa - BASE(0)) / 0x10000;

	*m = (struct hw_memory){ 0 };
	if (n >= UNITS || pa != BASE(n) || bytes > REGISTERS || models[n].mapped)
		return -L4_EEXIST;
	CHECK(attach && !(bytes & 4095));
	models[n].mapped = bytes;
	*m = (struct hw_memory){ 1, models[n].registers };
	return 0;
}

void hw_memory_put(struct hw_memory *m)
{
	unsigned n;

	for (n = 0; n < UNITS; n++)
		if (m->at == models[n].registers)
			models[n].mapped = 0;
	*m = (struct hw_memory){ 0 };
}

static void one_descriptor(struct model *m, const l4_uint64_t *d)
{
	switch (d[0] & 0xf) {
	case 1:
		CHECK((d[0] & 0x30) == 0x10 && !(d[0] >> 6) && !d[1]);
		m->contexts++;
		break;
	case 2:
		/* Transfers under way are waited for; an address has no meaning here. */
		CHECK((d[0] & 0xc0) == 0xc0 && !d[1] && !(d[0] >> 32) && !(d[0] & 0xff00));
		if ((d[0] & 0x30) == 0x10)
			m->iotlb_all++;
		else
			CHECK((d[0] & 0x30) == 0x20 && d[0] >> 16 < 16), m->iotlb[d[0] >> 16]++;
		break;
	case 4:
		CHECK(!(d[0] & 0xffe0) && !(d[0] >> 48) && !d[1] && !(d[0] >> 16 & 0xffff));
		m->entries_all += !(d[0] & 0x10);
		m->entries += (d[0] & 0x10) != 0;
		m->entry = d[0] >> 32;
		break;
	case 5:
		CHECK((d[0] & 0xffffffff) == 0x25 && !(d[1] & 3));
		*(l4_uint32_t *)memory_at(d[1], 4) = d[0] >> 32;
		m->waits++;
		break;
	default:
		CHECK(0);
	}
}

static void queue_runs(struct model *m)
{
	unsigned tail = *reg64(m, VTD_IQT) / 16;

	CHECK(!(*reg64(m, VTD_IQT) & 15) && tail < 256);
	for (; (*reg(m, VTD_GSTS) & VTD_QUEUE) && m->head != tail; m->head = (m->head + 1) % 256)
		one_descriptor(m, memory_at(m->queue + m->head * 16, 16));
	*reg64(m, VTD_IQH) = m->head * 16;
}

/* One command at a time, and all that lasts is said again. */
static void command_runs(struct model *m, l4_uint32_t value)
{
	l4_uint32_t status = *reg(m, VTD_GSTS), lasting = VTD_TRANSLATE | VTD_QUEUE | VTD_REMAP_INTERRUPTS | VTD_PASS_COMPATIBLE;
	l4_uint32_t change = ((value ^ status) & lasting) | (value & (VTD_SET_ROOT | VTD_FLUSH_WRITES | VTD_SET_INTERRUPTS));

	/* To be told again what the format's state is already is no change. */
	CHECK(!(change & (change - 1)));
	if (change == VTD_QUEUE && (value & VTD_QUEUE)) {
		CHECK(!*reg64(m, VTD_IQT) && !(*reg64(m, VTD_IQA) & 0xfff) && !(*reg(m, VTD_FSTS) & 0x70));
		m->queue = *reg64(m, VTD_IQA);
		m->head = 0;
	} else if (change == VTD_SET_ROOT) {
		m->root = *reg64(m, VTD_RTADDR);
	} else if (change == VTD_FLUSH_WRITES) {
		m->write_flushes++;
		return;
	} else if (change == VTD_SET_INTERRUPTS) {
		m->interrupts = *reg64(m, VTD_IRTA);
		m->entries_all = 0;
		status |= VTD_SET_INTERRUPTS;
	} else if (change == VTD_REMAP_INTERRUPTS && (value & VTD_REMAP_INTERRUPTS)) {
		/* Lines of the old format are on their way. */
		CHECK(m->interrupts && m->entries_all && (m->no_format || (status & VTD_PASS_COMPATIBLE)));
	} else if (change == VTD_TRANSLATE && (value & VTD_TRANSLATE)) {
		CHECK(m->root == ROOT_PA && m->contexts && m->iotlb_all);
	}
	if (m->no_format)
		value &= ~VTD_PASS_COMPATIBLE;
	*reg(m, VTD_GSTS) = (status & ~lasting) | (value & lasting) | (value & VTD_SET_ROOT);
}

static void hardware_runs(void)
{
	unsigned n;

	for (n = 0; n < UNITS; n++) {
		struct model *m = &models[n];
		l4_uint32_t value = *reg(m, VTD_GCMD);

		if (m->dead)
			continue;
		/* Written ones clear errors. */
		*reg(m, VTD_FSTS) = 0;
		*reg(m, VTD_GCMD) = NO_COMMAND;
		if (value != NO_COMMAND)
			command_runs(m, value);
		queue_runs(m);
		if (!(*reg(m, VTD_PMEN) & VTD_PMEN_ENABLE))
			*reg(m, VTD_PMEN) = 0;
	}
}

/* --- scenarios */

#define CAP 0x00c0000000000002UL /* 256 domains, drains */
#define CAP_FAULTS(offset, count) ((l4_uint64_t)((offset) / 16) << 24 | (l4_uint64_t)((count) - 1) << 40)

static void power_on(unsigned n)
{
	unsigned i;

	memset(units, 0, sizeof(units));
	memset(models, 0, sizeof(models));
	memset(memory, 0, sizeof(memory));
	memset(&facts, 0, sizeof(facts));
	count = 0;
	facts.drhd_count = n;
	for (i = 0; i < n; i++) {
		facts.drhds[i].base = BASE(i);
		*reg64(&models[i], VTD_CAP) = CAP | VTD_CAP_LEVELS_3 | VTD_CAP_LARGE | CAP_FAULTS(0x200, 1);
		*reg64(&models[i], VTD_ECAP) = VTD_ECAP_QUEUE;
	}
	for (i = 0; i < UNITS; i++)
		*reg(&models[i], VTD_GCMD) = NO_COMMAND;
}

static int start(void)
{
	CHECK(!vtd_find(&facts, &features));
	return vtd_start(ROOT_PA, memory, MEMORY_PA);
}

static void check_running(unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		CHECK((*reg(&models[i], VTD_GSTS) & (VTD_TRANSLATE | VTD_QUEUE)) == (VTD_TRANSLATE | VTD_QUEUE));
}

/* Every unit hears of every change, however often the queue wraps. */
static void check_flush(void)
{
	unsigned i, n, expect[16] = { 0 }, contexts;

	power_on(3);
	*reg64(&models[1], VTD_CAP) |= VTD_CAP_WRITE_BUFFER;
	CHECK(start() == 0 && vtd_count() == 3);
	check_running(3);
	contexts = models[0].contexts;
	for (i = 0; i < 2000; i++) {
		unsigned d = random_below(16), context = random_below(2);

		CHECK(vtd_flush(d, context) == 0);
		expect[d]++;
		contexts += context;
		for (n = 0; n < 3; n++)
			CHECK(models[n].iotlb[d] == expect[d] && models[n].contexts == contexts && models[n].waits == i + 2);
		CHECK(models[1].write_flushes == i + 2 && !models[0].write_flushes);
	}
}

/* Whatever state firmware or a manager before left. */
static void check_before(void)
{
	power_on(2);
	*reg64(&models[0], VTD_CAP) |= VTD_CAP_PROTECTED;
	*reg(&models[0], VTD_PMEN) = VTD_PMEN_ENABLE | VTD_PMEN_STATUS;
	*reg(&models[0], VTD_GSTS) = VTD_REMAP_INTERRUPTS | VTD_QUEUE;
	*reg(&models[1], VTD_GSTS) = VTD_TRANSLATE | VTD_QUEUE | VTD_SET_ROOT;
	*reg64(&models[1], VTD_IQT) = models[1].head = 0;
	*reg(&models[1], VTD_FSTS) = 0x10;
	CHECK(start() == 0);
	check_running(2);
	CHECK(!*reg(&models[0], VTD_PMEN) && models[0].root == ROOT_PA && models[1].root == ROOT_PA);
}

/* One that does not answer: an error after a while, and the others can be stopped. */
static void check_dead(void)
{
	unsigned n, i;

	for (n = 0; n < 3; n++) {
		power_on(3);
		models[n].dead = 1;
		*reg(&models[n], VTD_GSTS) = n ? VTD_TRANSLATE : 0;
		CHECK(start() == -L4_EIO);
		CHECK(vtd_stop() == (n ? -L4_EIO : 0));
		for (i = 0; i < 3; i++)
			CHECK(i == n || !(*reg(&models[i], VTD_GSTS) & VTD_TRANSLATE));
	}
	power_on(2);
	CHECK(start() == 0);
	models[1].dead = 1;
	CHECK(vtd_flush(1, 0) == -L4_EIO && models[0].iotlb[1] == 1);
	CHECK(vtd_flush(1, 1) == -L4_EIO && models[0].iotlb[1] == 2);
}

/* What all of them can do, and why there is nothing to be done. */
static void check_features(void)
{
	power_on(2);
	*reg64(&models[1], VTD_CAP) = (CAP & ~7UL) | VTD_CAP_LEVELS_3 | VTD_CAP_LEVELS_4 | CAP_FAULTS(0x200, 1);
	CHECK(!vtd_find(&facts, &features) && features.levels == 3 && !features.large && features.domains == 16);
	power_on(1);
	*reg64(&models[0], VTD_CAP) = CAP | VTD_CAP_LEVELS_4 | VTD_CAP_LARGE;
	CHECK(!vtd_find(&facts, &features) && features.levels == 4 && features.large && features.domains == 256);
	power_on(2);
	*reg64(&models[1], VTD_CAP) = CAP | VTD_CAP_LEVELS_4;
	CHECK(vtd_find(&facts, &features));
	power_on(1);
	*reg64(&models[0], VTD_ECAP) = 0;
	CHECK(vtd_find(&facts, &features));
	power_on(2);
	facts.drhds[1].base = BASE(0);
	CHECK(vtd_find(&facts, &features));
	/* It has not been looked at: who knows what it does. */
	CHECK(vtd_stop() == -L4_EIO);
	power_on(1);
	facts.drhds[0].segment = 1;
	CHECK(vtd_find(&facts, &features));
	power_on(1);
	*reg64(&models[0], VTD_CAP) |= CAP_FAULTS(0x3ff0, 256);
	CHECK(vtd_find(&facts, &features));
}

/* Who translates by the tables of somebody before is stopped, also where not all units can be used. */
static void check_unusable(void)
{
	power_on(2);
	*reg64(&models[0], VTD_ECAP) = 0;
	*reg(&models[0], VTD_GSTS) = *reg(&models[1], VTD_GSTS) = VTD_TRANSLATE;
	CHECK(vtd_find(&facts, &features) && vtd_stop() == 0);
	CHECK(!((*reg(&models[0], VTD_GSTS) | *reg(&models[1], VTD_GSTS)) & VTD_TRANSLATE));
	/* Its registers are beyond reach. */
	power_on(2);
	*reg64(&models[0], VTD_CAP) |= CAP_FAULTS(0x3ff0, 256);
	*reg(&models[1], VTD_GSTS) = VTD_TRANSLATE;
	CHECK(vtd_find(&facts, &features) && vtd_stop() == -L4_EIO);
	CHECK(!(*reg(&models[1], VTD_GSTS) & VTD_TRANSLATE));
}

static void fault_set(struct model *m, unsigned offset, unsigned n, unsigned source, l4_uint64_t address, unsigned reason, int read)
{
	*reg64(m, offset + n * 16) = address;
	*reg64(m, offset + n * 16 + 8) = VTD_FAULT_PRESENT | (read ? VTD_FAULT_IS_READ : 0) | (l4_uint64_t)reason << 32 | source;
	*reg(m, VTD_FSTS) |= VTD_FSTS_PENDING;
}

/* The unit's part: a record that was written is free. */
static void faults_cleared(struct model *m, unsigned offset, unsigned records)
{
	unsigned n, left = 0;

	for (n = 0; n < records; n++) {
		if (*reg64(m, offset + n * 16 + 8) == VTD_FAULT_PRESENT)
			*reg64(m, offset + n * 16 + 8) = 0;
		left += *reg64(m, offset + n * 16 + 8) != 0;
	}
	if (!left)
		*reg(m, VTD_FSTS) &= ~VTD_FSTS_PENDING;
}

/* Records behind the first page of registers; each is told once, from wherever the unit began. */
static void check_faults(void)
{
	struct vtd_fault f;
	unsigned n, k;
	int lost;

	power_on(1);
	*reg64(&models[0], VTD_CAP) = CAP | VTD_CAP_LEVELS_3 | CAP_FAULTS(0x1ff0, 20);
	CHECK(start() == 0 && models[0].mapped == 3 * 4096);
	vtd_fault_event(0x1fee01000UL, 0x41);
	CHECK(*reg(&models[0], VTD_FEDATA) == 0x41 && *reg(&models[0], VTD_FEADDR) == 0xfee01000 &&
	      *reg(&models[0], VTD_FEUADDR) == 1 && !*reg(&models[0], VTD_FECTL));
	CHECK(!vtd_fault_next(&f, &lost) && !lost);
	for (k = 0; k < 50; k++) {
		unsigned first = random_below(20), many = random_below(21);

		for (n = 0; n < many; n++)
			fault_set(&models[0], 0x1ff0, (first + n) % 20, n, 0x1000UL * n + (7UL << 40), 5 + n % 2, n % 2);
		if (many == 20)
			*reg(&models[0], VTD_FSTS) |= VTD_FSTS_OVERFLOW;
		for (n = 0; n < many; n++) {
			CHECK(vtd_fault_next(&f, &lost) == 1 && lost == (many == 20 && !n));
			CHECK(f.source < many && f.address == 0x1000UL * f.source + (7UL << 40) &&
			      f.reason == 5 + f.source % 2u && f.is_read == f.source % 2);
			/* A written one cleared the overflow, and nothing else. */
			*reg(&models[0], VTD_FSTS) = VTD_FSTS_PENDING;
			faults_cleared(&models[0], 0x1ff0, 20);
		}
		CHECK(!vtd_fault_next(&f, &lost));
	}
	vtd_fault_mask();
	CHECK(*reg(&models[0], VTD_FECTL) == VTD_FECTL_MASK);
}

/* --- interrupts */

static void check_remapping(unsigned n, l4_uint64_t table)
{
	unsigned i;

	for (i = 0; i < n; i++)
		CHECK((*reg(&models[i], VTD_GSTS) & VTD_REMAP_INTERRUPTS) && models[i].interrupts == table && models[i].entries_all == 1 &&
		      !(*reg(&models[i], VTD_GSTS) & VTD_PASS_COMPATIBLE));
}

static void check_interrupts(void)
{
	unsigned i, n;

	power_on(2);
	*reg64(&models[1], VTD_CAP) |= VTD_CAP_WRITE_BUFFER;
	CHECK(start() == 0 && !vtd_has_interrupts());
	power_on(2);
	for (n = 0; n < 2; n++)
		*reg64(&models[n], VTD_ECAP) |= VTD_ECAP_INTERRUPTS;
	CHECK(start() == 0 && vtd_has_interrupts() && vtd_interrupts_start(0x5000, 8) == 0);
	/* So long lines are not yet in the new format. */
	CHECK(*reg(&models[0], VTD_GSTS) & VTD_PASS_COMPATIBLE);
	CHECK(vtd_interrupts_block());
	check_remapping(2, 0x5008);
	for (i = 1; i < 500; i++) {
		CHECK(vtd_interrupts_flush(i) == 0);
		for (n = 0; n < 2; n++)
			CHECK(models[n].entries == i && models[n].entry == i && models[n].entries_all == 1);
	}
	models[0].dead = 1;
	CHECK(vtd_interrupts_flush(7) == -L4_EIO && models[1].entries == 500);
	CHECK(vtd_interrupts_stop() == -L4_EIO && !(*reg(&models[1], VTD_GSTS) & VTD_REMAP_INTERRUPTS));
	CHECK(*reg(&models[1], VTD_GSTS) & VTD_TRANSLATE);
}

/* A successor's table takes the place of the old one, with no moment in which nothing is remapped. */
static void check_interrupts_again(void)
{
	power_on(1);
	*reg64(&models[0], VTD_ECAP) |= VTD_ECAP_INTERRUPTS;
	*reg(&models[0], VTD_GSTS) = VTD_REMAP_INTERRUPTS | VTD_QUEUE | VTD_TRANSLATE | VTD_SET_INTERRUPTS;
	models[0].interrupts = 0x9008;
	CHECK(start() == 0 && (*reg(&models[0], VTD_GSTS) & VTD_REMAP_INTERRUPTS) && models[0].interrupts == 0x9008);
	CHECK(vtd_interrupts_start(0x5000, 8) == 0 && vtd_interrupts_block());
	check_remapping(1, 0x5008);
	CHECK(vtd_interrupts_stop() == 0 && !(*reg(&models[0], VTD_GSTS) & VTD_REMAP_INTERRUPTS));
}

/* Some let every old request pass: that is known, and said. Some do not answer. */
static void check_interrupts_odd(void)
{
	power_on(2);
	models[1].no_format = 1;
	CHECK(start() == 0 && vtd_interrupts_start(0x5000, 8) == 0 && !vtd_interrupts_block());
	check_remapping(2, 0x5008);
	power_on(2);
	CHECK(start() == 0);
	models[1].dead = 1;
	CHECK(vtd_interrupts_start(0x5000, 8) == -L4_EIO);
	CHECK(vtd_interrupts_stop() == 0 && !(*reg(&models[0], VTD_GSTS) & VTD_REMAP_INTERRUPTS));
	power_on(1);
	models[0].registers[0] = 0;
	facts.drhds[0].base = 0x1000;
	CHECK(vtd_find(&facts, &features) && vtd_interrupts_stop() == -L4_EIO);
}

/* What a request did wrong: its handle, and that it is one. */
static void check_interrupt_faults(void)
{
	struct vtd_fault f;
	int lost;

	power_on(1);
	CHECK(start() == 0);
	fault_set(&models[0], 0x200, 0, 0x28, 7UL << 48 | 0x123, 0x26, 0);
	CHECK(vtd_fault_next(&f, &lost) == 1 && f.is_interrupt && f.address == 7 && f.source == 0x28 && f.reason == 0x26);
	fault_set(&models[0], 0x200, 0, 0x28, 7UL << 48 | 0x1000, 0x30, 0);
	CHECK(vtd_fault_next(&f, &lost) == 1 && !f.is_interrupt && f.address == (7UL << 48 | 0x1000));
}

int main(void)
{
	run_check("flush", check_flush);
	run_check("before", check_before);
	run_check("dead", check_dead);
	run_check("features", check_features);
	run_check("unusable", check_unusable);
	run_check("faults", check_faults);
	run_check("interrupts", check_interrupts);
	run_check("interrupts-again", check_interrupts_again);
	run_check("interrupts-odd", check_interrupts_odd);
	run_check("interrupt-faults", check_interrupt_faults);
	return 0;
}
