/* SPDX-License-Identifier: MIT */
/* Requests of the block service as commands of an NVMe namespace. */
#include "disk.h"
#include "../../l4re/lib/string.h"

#include <l4/sys/err.h>

#define NSID 1
#define ZEROES_BLOCKS_MAX 0x10000U /* the field has 16 bits and counts from 0 */
#define DISCARD_SECTORS_MAX (1U << 22)

_Static_assert(NVME_DEPTH > BLOCK_REQUESTS_MAX, "queue");
_Static_assert(NVME_PAGE % (8 * NVME_LIST) == 0, "a list across a page's end");

static unsigned read16(const l4_uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static int is_namespace(const l4_uint8_t *ns, struct nvme_facts *f)
{
	const l4_uint8_t *format = ns + NVME_NS_TABLE + 4 * (ns[NVME_NS_FORMAT] & 0xf);

	memcpy(&f->blocks, ns + NVME_NS_SIZE, sizeof(f->blocks));
	f->block_shift = format[2];
	/* No metadata, and blocks that fit into a page. */
	return (ns[NVME_NS_FORMAT] & 0xf) <= ns[NVME_NS_FORMATS] && !read16(format) && f->block_shift >= 9 &&
	       f->block_shift <= 12 && f->blocks && f->blocks < 1UL << (63 - f->block_shift);
}

int nvme_identify(const l4_uint8_t *controller, const l4_uint8_t *ns, struct nvme_facts *f)
{
	unsigned oncs = read16(controller + NVME_ID_ONCS), mdts = controller[NVME_ID_MDTS];
	unsigned sq = controller[NVME_ID_SQES], cq = controller[NVME_ID_CQES];

	memset(f, 0, sizeof(*f));
	if ((sq & 0xf) > 6 || sq >> 4 < 6 || (cq & 0xf) > 4 || cq >> 4 < 4 || !is_namespace(ns, f))
		return -L4_ENODEV;
	f->transfer_max = NVME_LIST * NVME_PAGE;
	if (mdts && mdts < 16 && NVME_PAGE << mdts < f->transfer_max)
		f->transfer_max = NVME_PAGE << mdts;
	f->cache = controller[NVME_ID_VWC] & 1;
	f->deallocate = !!(oncs & NVME_ONCS_DATASET);
	f->write_zeroes = !!(oncs & NVME_ONCS_WRITE_ZEROES);
	return 0;
}

void nvme_geometry(const struct nvme_facts *f, struct block_geometry *g)
{
	*g = (struct block_geometry){ .sectors = f->blocks << (f->block_shift - 9), .block_bytes = 1U << f->block_shift,
				      .unit_bytes = 1U << f->block_shift, .segs_max = BLOCK_SEGS_MAX };
	if (f->cache)
		g->features |= VIRTIO_BLK_F_FLUSH;
	if (f->deallocate) {
		g->features |= VIRTIO_BLK_F_DISCARD;
		g->discard_max = DISCARD_SECTORS_MAX;
	}
	if (f->write_zeroes) {
		g->features |= VIRTIO_BLK_F_WRITE_ZEROES;
		g->write_zeroes_max = ZEROES_BLOCKS_MAX << (f->block_shift - 9);
		g->write_zeroes_unmap = 1;
	}
}

void nvme_disk_init(struct nvme_disk *d, struct nvme_memory *memory, l4_uint64_t dma, const struct nvme_facts *f,
		    const struct block_request *first_request)
{
	memset(d, 0, sizeof(*d));
	d->memory = memory;
	d->dma = dma;
	d->facts = *f;
	d->first_request = first_request;
	nvme_queue_init(&d->queue, 1, memory->sq, memory->cq, NVME_DEPTH);
}

static l4_uint64_t dma(const struct nvme_disk *d, const void *p)
{
	return d->dma + ((const char *)p - (const char *)d->memory);
}

static l4_uint64_t smaller(l4_uint64_t a, l4_uint64_t b)
{
	return a < b ? a : b;
}

/* --- data */

/* Go `bytes` on in the request's segments; with `with` they are copied on the way. */
static void pass(struct nvme_progress *p, l4_uint32_t bytes, l4_uint8_t *with, int to_client)
{
	const struct block_request *r = p->request;

	while (bytes) {
		const struct block_segment *s = &r->seg[p->segment];
		l4_uint32_t n = smaller(bytes, s->len - p->offset);

		if (with && to_client)
			memcpy(s->at + p->offset, with, n);
		else if (with)
			memcpy(with, s->at + p->offset, n);
		with = with ? with + n : 0;
		bytes -= n;
		p->offset += n;
		if (p->offset == s->len) {
			p->segment++;
			p->offset = 0;
		}
	}
}

/* The pages of one segment from offset on, behind n that are there; how many there are then. */
static unsigned add_pages(l4_uint64_t *page, unsigned n, l4_uint64_t addr, l4_uint64_t left)
{
	while (left && n <= NVME_LIST) {
		l4_uint64_t piece = smaller(left, NVME_PAGE - addr % NVME_PAGE);

		page[n++] = addr;
		addr += piece;
		left -= piece;
	}
	return n;
}

/*
 * As much of what is left as one list can describe, whole blocks; 0: not even one. Fills page[0..NVME_LIST].
 */
static l4_uint32_t direct(const struct nvme_disk *d, const struct nvme_progress *p, l4_uint64_t *page)
{
	const struct block_request *r = p->request;
	l4_uint64_t max = smaller(p->left, d->facts.transfer_max), bytes = 0, addr, left;
	l4_uint32_t offset = p->offset;
	unsigned i, n = 0;

	for (i = p->segment; i < r->count && bytes < max; i++, offset = 0) {
		addr = r->seg[i].addr + offset;
		left = smaller(r->seg[i].len - offset, max - bytes);
		if (n ? addr % NVME_PAGE : addr % 4)
			break;
		n = add_pages(page, n, addr, left);
		bytes += left;
		if ((addr + left) % NVME_PAGE)
			break;
	}
	/* transfer_max is no more than the list's pages, of which the first may be a part: one too many can be left out. */
	bytes = smaller(bytes, (NVME_LIST + 1) * NVME_PAGE - page[0] % NVME_PAGE);
	return n ? bytes >> d->facts.block_shift << d->facts.block_shift : 0;
}

/* Where the command's data is. */
static void set_pages(struct nvme_disk *d, struct nvme_command *c, const l4_uint64_t *page, l4_uint32_t bytes)
{
	unsigned n = (page[0] % NVME_PAGE + bytes + NVME_PAGE - 1) / NVME_PAGE;

	c->prp1 = page[0];
	c->prp2 = n > 1 ? page[1] : 0;
	if (n > 2) {
		memcpy(d->memory->list[c->id], page + 1, (n - 1) * sizeof(*page));
		c->prp2 = dma(d, d->memory->list[c->id]);
	}
}

/* --- commands */

static void send(struct nvme_disk *d, const struct nvme_command *c)
{
	if (nvme_queue_add(&d->queue, c))
		d->broken = 1;
}

static void set_first(const struct nvme_disk *d, struct nvme_command *c, l4_uint64_t sector)
{
	l4_uint64_t block = sector >> (d->facts.block_shift - 9);

	c->dw10 = block;
	c->dw11 = block >> 32;
}

/* The next command of a request that reads or writes. */
static void transfer(struct nvme_disk *d, struct nvme_progress *p, struct nvme_command *c)
{
	l4_uint64_t page[NVME_LIST + 1] = { 0 };
	l4_uint8_t *bounce = d->memory->bounce[c->id];
	int out = p->request->type == VIRTIO_BLK_T_OUT;
	struct nvme_progress from = *p;

	p->bytes = direct(d, p, page);
	p->bounced = !p->bytes;
	if (p->bounced) {
		p->bytes = smaller(p->left, NVME_PAGE);
		page[0] = dma(d, bounce);
		if (out)
			pass(&from, p->bytes, bounce, 0);
	}
	c->opcode = out ? NVME_WRITE : NVME_READ;
	set_first(d, c, p->sector);
	c->dw12 = (p->bytes >> d->facts.block_shift) - 1;
	set_pages(d, c, page, p->bytes);
}

static void deallocate(struct nvme_disk *d, const struct block_request *r, struct nvme_command *c)
{
	unsigned shift = d->facts.block_shift - 9;

	d->memory->range[c->id] = (struct nvme_range){ .blocks = r->sectors >> shift, .first = r->sector >> shift };
	c->opcode = NVME_DATASET;
	c->prp1 = dma(d, &d->memory->range[c->id]);
	c->dw11 = NVME_DATASET_DEALLOCATE;
}

static void write_zeroes(struct nvme_disk *d, const struct block_request *r, struct nvme_command *c)
{
	c->opcode = NVME_WRITE_ZEROES;
	set_first(d, c, r->sector);
	c->dw12 = ((r->sectors >> (d->facts.block_shift - 9)) - 1) | (r->flags & VIRTIO_BLK_UNMAP ? NVME_ZEROES_DEALLOCATE : 0);
}

static void next_command(struct nvme_disk *d, struct nvme_progress *p)
{
	const struct block_request *r = p->request;
	struct nvme_command c = { .id = r - d->first_request, .nsid = NSID, .opcode = NVME_FLUSH };

	if (r->type == VIRTIO_BLK_T_DISCARD)
		deallocate(d, r, &c);
	else if (r->type == VIRTIO_BLK_T_WRITE_ZEROES)
		write_zeroes(d, r, &c);
	else if (r->type != VIRTIO_BLK_T_FLUSH)
		transfer(d, p, &c);
	send(d, &c);
}

void nvme_disk_submit(struct nvme_disk *d, struct block_request *r)
{
	struct nvme_progress *p = &d->progress[r - d->first_request];
	int data = r->type == VIRTIO_BLK_T_IN || r->type == VIRTIO_BLK_T_OUT;

	*p = (struct nvme_progress){ .request = r, .sector = r->sector, .left = data ? r->bytes : 0 };
	next_command(d, p);
}

/* A command succeeded. Returns whether that was the request's last. */
static int advance(struct nvme_disk *d, struct nvme_progress *p)
{
	const struct block_request *r = p->request;
	int in = r->type == VIRTIO_BLK_T_IN;

	if (!p->left)
		return 1;
	pass(p, p->bytes, p->bounced && in ? d->memory->bounce[r - d->first_request] : 0, in);
	p->left -= p->bytes;
	p->sector += p->bytes / VIRTIO_BLK_SECTOR;
	if (!p->left)
		return 1;
	next_command(d, p);
	return 0;
}

int nvme_disk_next(struct nvme_disk *d, struct block_request **r, enum virtio_blk_status *status)
{
	struct nvme_completion c;
	struct nvme_progress *p;
	int got;

	while ((got = nvme_queue_next(&d->queue, &c)) > 0) {
		p = c.id < BLOCK_REQUESTS_MAX ? &d->progress[c.id] : 0;
		if (!p || !p->request)
			return -L4_EIO;
		*status = c.status & ~NVME_STATUS_PHASE ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
		if (*status == VIRTIO_BLK_S_OK && !advance(d, p))
			continue;
		*r = p->request;
		p->request = 0;
		return 1;
	}
	return d->broken ? -L4_EIO : got;
}
