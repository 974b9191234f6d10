/* SPDX-License-Identifier: MIT */
/* Minimal reader of ACPI tables. */
#include "acpi.h"
#include "../../l4re/lib/string.h"

#include <l4/sys/err.h>

#define HEADER_BYTES 36U
#define RSDP_BYTES 20U
#define RSDP_LONG_BYTES 36U
#define TABLES_MAX 64U

static l4_uint16_t get16(const l4_uint8_t *p) { return p[0] | p[1] << 8; }
static l4_uint32_t get32(const l4_uint8_t *p) { return get16(p) | (l4_uint32_t)get16(p + 2) << 16; }
static l4_uint64_t get64(const l4_uint8_t *p) { return get32(p) | (l4_uint64_t)get32(p + 4) << 32; }

static int sum_is_zero(const l4_uint8_t *p, unsigned bytes)
{
	l4_uint8_t sum = 0;

	while (bytes--)
		sum += *p++;
	return !sum;
}

/* MCFG: entries of 16 bytes behind a header of 44. */
static void read_mcfg(struct acpi_facts *f, const l4_uint8_t *t, unsigned bytes)
{
	unsigned at;

	for (at = 44; at + 16 <= bytes && f->segment_count < ACPI_SEGMENTS; at += 16) {
		struct acpi_segment s = { get64(t + at), get16(t + at + 8), t[at + 10], t[at + 11] };

		/* 2^46 is more than any physical address here; beyond it nothing can be mapped. */
		if (!(s.base & 0xfffff) && s.base && s.base < 1UL << 46 && s.bus_first <= s.bus_last)
			f->segments[f->segment_count++] = s;
	}
}

static void madt_override(struct acpi_facts *f, const l4_uint8_t *e)
{
	unsigned flags = get16(e + 8);
	struct acpi_override o = { e[3], get32(e + 4), (flags >> 2 & 3) == 3, (flags & 3) == 3 };

	if (o.irq < 16 && o.line < 256 && f->override_count < ACPI_OVERRIDES)
		f->overrides[f->override_count++] = o;
}

/* One more than there is room for counts: who has to know all of them sees that it does not. */
static void madt_io_apic(struct acpi_facts *f, const l4_uint8_t *e)
{
	if (f->io_apic_count < ACPI_IO_APICS)
		f->io_apics[f->io_apic_count] = (struct acpi_io_apic){ e[2], get32(e + 8) };
	if (f->io_apic_count <= ACPI_IO_APICS)
		f->io_apic_count++;
}

static void read_madt(struct acpi_facts *f, const l4_uint8_t *t, unsigned bytes)
{
	unsigned at, length;

	for (at = 44; at + 2 <= bytes; at += length) {
		length = t[at + 1];
		if (length < 2 || at + length > bytes)
			return;
		if (t[at] == 1 && length >= 12)
			madt_io_apic(f, t + at);
		else if (t[at] == 2 && length >= 10)
			madt_override(f, t + at);
	}
}

/* Device scopes: type, length, two reserved, id, bus, then the path in pairs. False: one cannot be understood. */
static int read_scopes(struct acpi_scope *list, unsigned *count, const l4_uint8_t *p, unsigned bytes)
{
	unsigned at, length, i;

	for (at = 0; at < bytes; at += length) {
		struct acpi_scope *s = &list[*count];

		length = bytes - at < 8 ? 0 : p[at + 1];
		if (length < 8 || length % 2 || length > bytes - at || (length - 6) / 2 > ACPI_PATH || *count == ACPI_SCOPES)
			return 0;
		*s = (struct acpi_scope){ p[at], p[at + 4], p[at + 5], (length - 6) / 2, { 0 } };
		for (i = 0; i < s->depth; i++)
			s->path[i] = (p[at + 6 + 2 * i] & 31) << 3 | (p[at + 7 + 2 * i] & 7);
		++*count;
	}
	return 1;
}

static void read_drhd(struct acpi_facts *f, const l4_uint8_t *e, unsigned length)
{
	struct acpi_drhd *d = &f->drhds[f->drhd_count];

	if (length < 16 || f->drhd_count == ACPI_DRHDS || !get64(e + 8) || (get64(e + 8) & ~L4_PAGEMASK) ||
	    get64(e + 8) >= 1UL << 46) {
		f->dmar_damaged = 1;
		return;
	}
	*d = (struct acpi_drhd){ .base = get64(e + 8), .segment = get16(e + 6), .all = e[4] & 1 };
	f->dmar_damaged |= !read_scopes(d->scopes, &d->scope_count, e + 16, length - 16);
	f->drhd_count++;
}

static void read_rmrr(struct acpi_facts *f, const l4_uint8_t *e, unsigned length)
{
	struct acpi_rmrr *r = &f->rmrrs[f->rmrr_count];

	if (length < 24 || f->rmrr_count == ACPI_RMRRS || get64(e + 8) >= get64(e + 16)) {
		f->dmar_damaged = 1;
		return;
	}
	*r = (struct acpi_rmrr){ .first = get64(e + 8), .last = get64(e + 16), .segment = get16(e + 6) };
	f->dmar_damaged |= !read_scopes(r->scopes, &r->scope_count, e + 24, length - 24);
	f->rmrr_count++;
}

static void read_dmar(struct acpi_facts *f, const l4_uint8_t *t, unsigned bytes)
{
	unsigned at, length;

	/* A second one, or one without its own fields, says nothing that could be relied on. */
	f->dmar_damaged = f->dmar || bytes < 48;
	f->dmar = 1;
	if (f->dmar_damaged)
		return;
	f->intr_remap = t[37] & 1;
	for (at = 48; at < bytes; at += length) {
		length = bytes - at < 4 ? 0 : get16(t + at + 2);
		if (length < 4 || length > bytes - at) {
			f->dmar_damaged = 1;
			return;
		}
		if (get16(t + at) == 0)
			read_drhd(f, t + at, length);
		else if (get16(t + at) == 1)
			read_rmrr(f, t + at, length);
	}
}

/* A whole table into t; its length, 0 if it is not valid. */
static unsigned table_copy(l4_uint8_t *t, l4_uint64_t pa, acpi_read_fn read)
{
	unsigned bytes;

	if (!pa || !read(pa, t, HEADER_BYTES))
		return 0;
	bytes = get32(t + 4);
	if (bytes < HEADER_BYTES || bytes > ACPI_TABLE_MAX || !read(pa, t, bytes))
		return 0;
	return get32(t + 4) == bytes && sum_is_zero(t, bytes) ? bytes : 0;
}

static void read_table(struct acpi_facts *f, l4_uint64_t pa, acpi_read_fn read)
{
	static l4_uint8_t t[ACPI_TABLE_MAX];
	l4_uint8_t name[4];
	unsigned bytes;

	/* Others are not copied: the largest (DSDT, SSDT) are of no use here. */
	if (!pa || !read(pa, name, sizeof(name)))
		return;
	if (memcmp(name, "MCFG", 4) && memcmp(name, "APIC", 4) && memcmp(name, "DMAR", 4))
		return;
	bytes = table_copy(t, pa, read);
	if (!bytes || memcmp(t, name, 4))
		return;
	if (!memcmp(t, "MCFG", 4))
		read_mcfg(f, t, bytes);
	else if (!memcmp(t, "APIC", 4))
		read_madt(f, t, bytes);
	else
		read_dmar(f, t, bytes);
}

int acpi_read(struct acpi_facts *facts, l4_uint64_t rsdp, acpi_read_fn read)
{
	static l4_uint8_t root[ACPI_TABLE_MAX];
	l4_uint8_t p[RSDP_LONG_BYTES];
	unsigned bytes, at, n, step;
	int wide;

	memset(facts, 0, sizeof(*facts));
	if (!rsdp || !read(rsdp, p, RSDP_BYTES) || memcmp(p, "RSD PTR ", 8) || !sum_is_zero(p, RSDP_BYTES))
		return -L4_ENOENT;
	wide = p[15] >= 2 && read(rsdp, p, RSDP_LONG_BYTES) && sum_is_zero(p, RSDP_LONG_BYTES) && get64(p + 24);
	bytes = table_copy(root, wide ? get64(p + 24) : get32(p + 16), read);
	if (!bytes || memcmp(root, wide ? "XSDT" : "RSDT", 4))
		return -L4_ENOENT;
	step = wide ? 8 : 4;
	for (at = HEADER_BYTES, n = 0; at + step <= bytes && n < TABLES_MAX; at += step, n++)
		read_table(facts, wide ? get64(root + at) : get32(root + at), read);
	return 0;
}
