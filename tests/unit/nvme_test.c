// SPDX-License-Identifier: MIT
/*
 * The NVMe driver with a device of this program's: it comes up or is refused, requests split in any way arrive whole, and a
 * device that reports anything or stays silent is found out.
 * sources: drivers/nvme/controller.c drivers/nvme/disk.c drivers/nvme/queue.c
 * cflags: -Il4re/include -iquote drivers/nvme
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/sys/err.h>

#include "controller.h"
#include "support/named.h"

#define DMA 0x7000000UL
#define WINDOW_DMA 0x9000000UL
#define WINDOW 0x100000UL
#define BLOCKS 4096UL

static struct nvme_memory *memory;
static struct nvme_disk disk;
static struct block_request requests[BLOCK_REQUESTS_MAX];
static struct block_session session;
static l4_uint8_t *window, *contents;

/* --- a device that keeps to the rules */

struct queues {
	unsigned int id, size, head, tail, cq_head, phase;
	struct nvme_command *sq;
	struct nvme_completion *cq;
};

static l4_uint32_t regs[0x2000 / 4];
static struct queues admin, io;
static l4_uint8_t id_controller[4096], id_namespace[4096];
static unsigned int block_shift;

static void *at(l4_uint64_t dma, l4_uint64_t bytes)
{
	if (dma >= DMA && dma + bytes <= DMA + sizeof(*memory))
		return (char *)memory + (dma - DMA);
	check(dma >= WINDOW_DMA + 0x1000 && dma + bytes <= WINDOW_DMA + WINDOW, "address");
	return window + (dma - WINDOW_DMA);
}

static void facts_default(unsigned int shift, unsigned int mdts)
{
	block_shift = shift;
	memset(id_controller, 0, sizeof(id_controller));
	memset(id_namespace, 0, sizeof(id_namespace));
	id_controller[NVME_ID_MDTS] = mdts;
	id_controller[NVME_ID_SQES] = 0x66;
	id_controller[NVME_ID_CQES] = 0x44;
	id_controller[NVME_ID_ONCS] = NVME_ONCS_DATASET | NVME_ONCS_WRITE_ZEROES;
	id_controller[NVME_ID_VWC] = 1;
	memcpy(id_namespace, &(l4_uint64_t){ BLOCKS }, 8);
	id_namespace[NVME_NS_TABLE + 2] = shift;
}

static void complete(struct queues *q, unsigned int id, unsigned int status, l4_uint32_t result)
{
	struct nvme_completion *c = &q->cq[q->cq_head];

	*c = (struct nvme_completion){ .result = result, .sq_head = q->head, .sq_id = q->id, .id = id,
				       .status = status << 1 | q->phase };
	q->cq_head = (q->cq_head + 1) % q->size;
	q->phase ^= !q->cq_head;
}

/* Move data between blocks and what the command's PRP entries name. */
static void transfer(const struct nvme_command *c)
{
	l4_uint64_t first = c->dw10 | (l4_uint64_t)c->dw11 << 32, left = ((c->dw12 & 0xffff) + 1UL) << block_shift, page = c->prp1;
	const l4_uint64_t *list = 0;
	l4_uint8_t *here = contents + (first << block_shift);
	unsigned int n = 0;

	check(first < BLOCKS && left <= (BLOCKS - first) << block_shift && left <= disk.facts.transfer_max, "blocks");
	while (left) {
		l4_uint64_t piece = NVME_PAGE - page % NVME_PAGE;

		check(n == 0 ? page % 4 == 0 : page % NVME_PAGE == 0, "alignment");
		piece = left < piece ? left : piece;
		if (c->opcode == NVME_READ)
			memcpy(at(page, piece), here, piece);
		else
			memcpy(here, at(page, piece), piece);
		here += piece;
		left -= piece;
		if (!left)
			break;
		if (n == 0 && left <= NVME_PAGE) {
			page = c->prp2;
		} else {
			if (n == 0)
				list = at(c->prp2, 8);
			check((c->prp2 & 7) == 0 && c->prp2 % NVME_PAGE + 8UL * (n + 1) <= NVME_PAGE, "list across pages");
			page = list[n];
		}
		n++;
	}
}

static unsigned int perform(const struct nvme_command *c)
{
	const struct nvme_range *r;

	check(c->nsid == 1 && !c->flags && !c->metadata, "command");
	switch (c->opcode) {
	case NVME_READ:
	case NVME_WRITE:
		transfer(c);
		return 0;
	case NVME_FLUSH:
		return 0;
	case NVME_WRITE_ZEROES:
		memset(contents + ((l4_uint64_t)c->dw10 << block_shift), 0, ((c->dw12 & 0xffff) + 1UL) << block_shift);
		return 0;
	case NVME_DATASET:
		r = at(c->prp1, 16);
		check(c->dw10 == 0 && c->dw11 == NVME_DATASET_DEALLOCATE && r->first + r->blocks <= BLOCKS, "range");
		memset(contents + (r->first << block_shift), 0, (l4_uint64_t)r->blocks << block_shift);
		return 0;
	default:
		return 1;
	}
}

/* Work off what the submission queue has, as far as `tail`. */
static void work(struct queues *q, unsigned int tail, unsigned int (*what)(const struct nvme_command *c))
{
	check(tail < q->size, "doorbell");
	while (q->head != tail) {
		const struct nvme_command c = q->sq[q->head];
		unsigned int status;

		q->head = (q->head + 1) % q->size;
		status = what(&c);
		complete(q, c.id, status, 0);
	}
}

/* --- requests */

static void start(unsigned int shift, unsigned int mdts)
{
	struct nvme_facts f;

	facts_default(shift, mdts);
	check(!nvme_identify(id_controller, id_namespace, &f), "identify");
	memset(memory, 0, sizeof(*memory));
	nvme_disk_init(&disk, memory, DMA, &f, requests);
	io = (struct queues){ .id = 1, .size = NVME_DEPTH, .phase = 1, .sq = memory->sq, .cq = memory->cq };
	memset(requests, 0, sizeof(requests));
}

/* Segments of all kinds: whole pages, blocks, odd bytes; one behind the other in the window, so that they do not overlap. */
static void add_segments(struct block_request *r, unsigned int kind, l4_uint64_t bytes)
{
	l4_uint64_t addr = WINDOW_DMA + 0x1000 + random_below(0x1000), left = bytes;

	while (left) {
		l4_uint32_t len = kind == 0 ? NVME_PAGE * (1 + random_below(8)) : kind == 1 ? 512 * (1 + random_below(9)) :
				  1 + random_below(3000);

		if (kind < 2)
			addr = (addr + (kind ? 511 : NVME_PAGE - 1)) & ~(kind ? 511UL : NVME_PAGE - 1);
		if (len > left || r->count == BLOCK_SEGS_MAX - 1)
			len = left;
		r->seg[r->count++] = (struct block_segment){ addr, (char *)window + (addr - WINDOW_DMA), len };
		addr += len + (random_below(3) ? 0 : random_below(2000));
		left -= len;
	}
	check(addr < WINDOW_DMA + WINDOW, "window");
}

static struct block_request *make(unsigned int i)
{
	static const enum virtio_blk_type types[] = { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_FLUSH,
						      VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_T_WRITE_ZEROES };
	struct block_request *r = &requests[i];
	unsigned int blocks = 1 + random_below(random_below(4) ? 16 : 200 >> (block_shift - 9)), first = random_below(BLOCKS - blocks);

	memset(r, 0, sizeof(*r));
	r->session = &session;
	r->type = types[random_below(6)];
	r->sector = (l4_uint64_t)first << (block_shift - 9);
	if (r->type == VIRTIO_BLK_T_DISCARD || r->type == VIRTIO_BLK_T_WRITE_ZEROES) {
		r->sectors = blocks << (block_shift - 9);
	} else if (r->type != VIRTIO_BLK_T_FLUSH) {
		r->bytes = (l4_uint64_t)blocks << block_shift;
		add_segments(r, random_below(3), r->bytes);
	}
	return r;
}

/* The request's data in the window: compared with, or taken over to, what the disk should have. */
static void gather(const struct block_request *r, l4_uint8_t *flat)
{
	for (unsigned int i = 0; i < r->count; i++) {
		memcpy(flat, window + (r->seg[i].addr - WINDOW_DMA), r->seg[i].len);
		flat += r->seg[i].len;
	}
}

static void expect(const struct block_request *r, l4_uint8_t *should)
{
	static l4_uint8_t flat[WINDOW];
	l4_uint8_t *there = should + r->sector * 512;

	gather(r, flat);
	if (r->type == VIRTIO_BLK_T_IN)
		check(!memcmp(flat, there, r->bytes), "data read");
	else if (r->type == VIRTIO_BLK_T_OUT)
		memcpy(there, flat, r->bytes);
	else if (r->type != VIRTIO_BLK_T_FLUSH)
		memset(there, 0, r->sectors * 512UL);
	check(!memcmp(should, contents, BLOCKS << block_shift), "data on the disk");
}

static void transfers(void)
{
	static l4_uint8_t should[BLOCKS << 12];
	enum virtio_blk_status status;
	struct block_request *r, *back;

	test = "transfers";
	for (int round = 0; round < 12; round++) {
		start(round % 3 ? 9 : 12, random_below(6));
		memset(contents, 0, BLOCKS << 12);
		memset(should, 0, sizeof(should));
		for (int i = 0; i < 150; i++) {
			r = make(random_below(BLOCK_REQUESTS_MAX));
			for (unsigned int k = 0; k < WINDOW; k += 8)
				*(l4_uint64_t *)(window + k) = random_below(1UL << 31) << 32 | k;
			nvme_disk_submit(&disk, r);
			do
				work(&io, disk.queue.tail, perform);
			while (!(nvme_disk_next(&disk, &back, &status)));
			check(back == r && status == VIRTIO_BLK_S_OK, "back");
			check(nvme_disk_next(&disk, &back, &status) == 0, "no more");
			expect(r, should);
		}
	}
	printf("ok transfers\n");
}

/* Errors of the device become errors of the request, once. */
static unsigned int refuse(const struct nvme_command *c)
{
	return c->opcode == NVME_WRITE ? 0x281 : 2;
}

static void errors(void)
{
	enum virtio_blk_status status;
	struct block_request *r, *back;

	test = "errors";
	start(9, 0);
	for (int i = 0; i < 1000; i++) {
		r = make(i % BLOCK_REQUESTS_MAX);
		nvme_disk_submit(&disk, r);
		work(&io, disk.queue.tail, refuse);
		check(nvme_disk_next(&disk, &back, &status) == 1 && back == r && status == VIRTIO_BLK_S_IOERR, "error");
		check(nvme_disk_next(&disk, &back, &status) == 0, "no more");
	}
	printf("ok errors\n");
}

/* Completions of all kinds: each request comes back at most once, or the device is found out. */
static void hostile(void)
{
	unsigned int good = 0, refused = 0;

	test = "hostile";
	for (int round = 0; round < 4000; round++) {
		static char out[BLOCK_REQUESTS_MAX];

		start(9, 1);
		memset(out, 0, sizeof(out));
		for (unsigned int i = 0; i < 20; i++) {
			nvme_disk_submit(&disk, make(i));
			out[i] = 1;
		}
		io.head = disk.queue.tail;
		for (int i = 0; i < 200; i++) {
			enum virtio_blk_status status;
			struct block_request *r;
			int got;

			if (!random_below(40))
				io.head = random_below(random_below(4) ? NVME_DEPTH : 0x10000);
			if (!random_below(40))
				io.id = random_below(3);
			complete(&io, random_below(16) ? random_below(20) : random_below(0x10000), random_below(3) ? 0 : random_below(0x8000), 0);
			if (!random_below(10))
				((l4_uint8_t *)memory->cq)[random_below(sizeof(memory->cq))] = random_below(256);
			((l4_uint8_t *)memory->sq)[random_below(sizeof(memory->sq))] = random_below(256);
			got = nvme_disk_next(&disk, &r, &status);
			check(got == 0 || got == 1 || got == -L4_EIO, "result");
			refused += got < 0;
			if (got < 0)
				break;
			if (!got)
				continue;
			good++;
			check(r >= requests && r < requests + 20 && out[r - requests], "request");
			out[r - requests] = 0;
		}
	}
	check(good > 1000 && refused > 1000, "one-sided");
	printf("ok hostile\n");
}

/* --- identify */

static int identified(struct nvme_facts *f)
{
	return nvme_identify(id_controller, id_namespace, f);
}

static void identify(void)
{
	struct block_geometry g;
	struct nvme_facts f;

	test = "identify";
	facts_default(12, 5);
	check(!identified(&f) && f.blocks == BLOCKS && f.transfer_max == 4096 << 5 && f.cache && f.deallocate && f.write_zeroes, "good");
	nvme_geometry(&f, &g);
	check(g.sectors == 8 * BLOCKS && g.unit_bytes == 4096 && (g.features & VIRTIO_BLK_F_FLUSH), "geometry");
	facts_default(9, 0);
	check(!identified(&f) && f.transfer_max == NVME_LIST * NVME_PAGE, "no limit");
	facts_default(9, 255);
	check(!identified(&f) && f.transfer_max == NVME_LIST * NVME_PAGE, "a limit beyond all numbers");
	id_controller[NVME_ID_ONCS] = id_controller[NVME_ID_VWC] = 0;
	check(!identified(&f), "nothing optional");
	nvme_geometry(&f, &g);
	check(!g.features && !g.discard_max && !g.write_zeroes_max, "nothing optional");
	id_controller[NVME_ID_SQES] = 0x77;
	check(identified(&f) == -L4_ENODEV, "entries");
	facts_default(8, 0);
	check(identified(&f) == -L4_ENODEV, "small blocks");
	facts_default(13, 0);
	check(identified(&f) == -L4_ENODEV, "large blocks");
	facts_default(9, 0);
	id_namespace[NVME_NS_FORMAT] = 1;
	check(identified(&f) == -L4_ENODEV, "a format that is not there");
	facts_default(9, 0);
	id_namespace[NVME_NS_TABLE] = 8;
	check(identified(&f) == -L4_ENODEV, "metadata");
	for (unsigned int i = 0; i < 2; i++) {
		facts_default(9, 0);
		memset(id_namespace, i ? 0xff : 0, 8);
		check(identified(&f) == -L4_ENODEV, "size");
	}
	for (int i = 0; i < 100000; i++) {
		for (unsigned int k = 0; k < 200; k++)
			id_namespace[k] = random_below(256);
		if (!identified(&f))
			check(f.blocks && f.blocks << f.block_shift >> f.block_shift == f.blocks && f.transfer_max >= 4096, "random");
	}
	printf("ok identify\n");
}

/* --- the controller: at each of its steps the device may be silent or answer wrongly */

enum wrong { WRONG_NOTHING, WRONG_STAYS_READY, WRONG_NOT_READY, WRONG_FATAL, WRONG_GONE, WRONG_SILENT, WRONG_REFUSES, WRONG_ID };
static enum wrong wrong;
static unsigned int step, wrong_step;

static unsigned int administer(const struct nvme_command *c)
{
	if (c->opcode == NVME_IDENTIFY)
		memcpy(at(c->prp1, 4096), c->dw10 == NVME_CNS_CONTROLLER ? id_controller : id_namespace, 4096);
	return 0;
}

static void admin_step(void)
{
	const struct nvme_command *c = &admin.sq[admin.head];
	unsigned int status;

	while (admin.head != regs[NVME_DOORBELLS / 4]) {
		if (step == wrong_step && wrong == WRONG_SILENT)
			return;
		c = &admin.sq[admin.head];
		admin.head = (admin.head + 1) % admin.size;
		status = administer(c);
		complete(&admin, c->id + (step == wrong_step && wrong == WRONG_ID), step == wrong_step && wrong == WRONG_REFUSES ? 1 : status, 0);
		step++;
	}
}

static unsigned int pauses;

static void device_pause(void)
{
	l4_uint32_t *status = &regs[NVME_CSTS / 4];
	int enabled = regs[NVME_CC / 4] & NVME_CC_ENABLE;

	check(++pauses < 1000000, "waits without an end");
	if (wrong == WRONG_GONE)
		*status = ~0U;
	else if (!enabled)
		*status = wrong == WRONG_STAYS_READY ? *status : 0;
	else if (wrong == WRONG_FATAL)
		*status = NVME_CSTS_FATAL;
	else if (wrong != WRONG_NOT_READY && !(*status & NVME_CSTS_READY)) {
		check(regs[NVME_AQA / 4] == ((NVME_ADMIN_DEPTH - 1) << 16 | (NVME_ADMIN_DEPTH - 1)), "admin queue");
		admin = (struct queues){ .size = NVME_ADMIN_DEPTH, .phase = 1,
			.sq = at(regs[NVME_ASQ / 4] | (l4_uint64_t)regs[NVME_ASQ / 4 + 1] << 32, 64 * NVME_ADMIN_DEPTH),
			.cq = at(regs[NVME_ACQ / 4] | (l4_uint64_t)regs[NVME_ACQ / 4 + 1] << 32, 16 * NVME_ADMIN_DEPTH) };
		*status = NVME_CSTS_READY;
	}
	if (enabled && *status == NVME_CSTS_READY)
		admin_step();
}

static int bring_up(l4_uint64_t cap, enum wrong what, unsigned int when)
{
	struct nvme n = { .regs = (l4_uint8_t *)regs, .regs_bytes = sizeof(regs), .pause = device_pause };
	struct nvme_facts f;
	int err;

	memset(regs, 0, sizeof(regs));
	memset(memory, 0, sizeof(*memory));
	regs[0] = cap;
	regs[1] = cap >> 32;
	regs[NVME_CC / 4] = NVME_CC_ENABLE;
	regs[NVME_CSTS / 4] = NVME_CSTS_READY;
	wrong = what;
	wrong_step = when;
	step = pauses = 0;
	err = nvme_reset(&n);
	return err ? err : nvme_start(&n, memory, DMA, &f);
}

static void controller(void)
{
	const l4_uint64_t cap = 1023 | 2UL << 24 | NVME_CAP_NVM;
	unsigned int i;

	test = "controller";
	facts_default(9, 5);
	check(!bring_up(cap, WRONG_NOTHING, 0) && step == 5, "good");
	check(bring_up(cap, WRONG_STAYS_READY, 0) == -L4_EIO, "no reset");
	check(bring_up(cap, WRONG_NOT_READY, 0) == -L4_EIO, "never ready");
	check(bring_up(cap, WRONG_FATAL, 0) == -L4_EIO, "fatal");
	check(bring_up(cap, WRONG_GONE, 0) == -L4_EIO, "gone");
	check(bring_up(~0UL, WRONG_NOTHING, 0) == -L4_EIO, "not there");
	for (i = 0; i < 5; i++) {
		check(bring_up(cap, WRONG_SILENT, i) == -L4_EIO && step == i, "silent");
		check(bring_up(cap, WRONG_REFUSES, i) == -L4_EIO, "refuses");
		check(bring_up(cap, WRONG_ID, i) == -L4_EIO, "another command's answer");
	}
	check(bring_up(cap & ~NVME_CAP_NVM, WRONG_NOTHING, 0) == -L4_ENODEV, "command set");
	check(bring_up(cap | 1UL << 48, WRONG_NOTHING, 0) == -L4_ENODEV, "page size");
	check(bring_up((cap & ~0xffffUL) | 62, WRONG_NOTHING, 0) == -L4_ENODEV, "short queues");
	check(bring_up(cap | 15UL << 32, WRONG_NOTHING, 0) == -L4_ENODEV, "doorbells far away");
	facts_default(8, 0);
	check(bring_up(cap, WRONG_NOTHING, 0) == -L4_ENODEV, "no good namespace");
	printf("ok controller\n");
}

int main(void)
{
	memory = aligned_alloc(4096, sizeof(*memory));
	window = aligned_alloc(4096, WINDOW);
	contents = malloc(BLOCKS << 12);
	identify();
	controller();
	transfers();
	errors();
	hostile();
	free(memory);
	free(window);
	free(contents);
	return 0;
}
