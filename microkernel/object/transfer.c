// SPDX-License-Identifier: GPL-2.0-only
/*
 * Message transfer: words, and typed items that map memory, capabilities and I/O ports.
 *
 * UTCBs are shared with user code that may change them at any time: every word is
 * read once and then checked.
 */
#include "arch.h"
#include "object.h"
#include "transfer.h"
#include "asm_consts.h"

/* Position in the receiver's buffer registers. */
struct buffers {
	const l4_buf_regs_t *regs; /* NULL: a fault, which takes memory and I/O anywhere */
	unsigned int next;
};

/* One item, read from the sender. */
struct item {
	l4_umword_t base;
	l4_fpage_t fpage;
};

static bool next_word(struct buffers *b, l4_umword_t *word)
{
	if (b->next >= L4_UTCB_GENERIC_BUFFERS_SIZE)
		return false;
	*word = *(volatile const l4_umword_t *)&b->regs->br[b->next++];
	return true;
}

/* The receive window for an item that is not a single capability. */
static bool window(struct buffers *b, unsigned int type, l4_fpage_t *out)
{
	l4_umword_t first;

	if (!b->regs) {
		out->raw = (type << L4_FPAGE_TYPE_SHIFT) | (L4_WHOLE_ADDRESS_SPACE << L4_FPAGE_ORDER_SHIFT);
		return true;
	}
	return next_word(b, &first) && (first & L4_ITEM_MAP) && next_word(b, &out->raw) &&
	       fpage_type(*out) == type;
}

static int map_cap(struct thread *from, struct thread *to, struct item *it, struct buffers *b)
{
	u64 src = fpage_number(it->fpage), dst;
	l4_umword_t word;
	unsigned int rights;
	int err;

	if (fpage_order(it->fpage) != 0 || !b->regs || !next_word(b, &word) ||
	    !(word & L4_RCV_ITEM_SINGLE_CAP))
		return L4_IPC_SEMSGCUT;
	dst = word >> L4_CAP_SHIFT;
	if (!cap_lookup(&from->task->caps, src, &rights) || cap_reserve(&to->task->caps, dst))
		return L4_IPC_SEMAPFAILED;
	if (to->task == from->task && src == dst)
		return 0;
	err = cap_replace(&to->task->caps, dst, &from->task->caps, src, fpage_rights(it->fpage),
			  it->base & L4_MAP_ITEM_GRANT);
	return err == -E_PREEMPTED || !err ? err : L4_IPC_SEMAPFAILED;
}

static int map_memory(struct thread *from, struct thread *to, struct item *it, struct buffers *b)
{
	unsigned int order = fpage_order(it->fpage);
	u64 dst = it->base & L4_PAGEMASK, count = 0, mask;
	l4_fpage_t win;
	int err;

	if (!window(b, L4_FPAGE_MEMORY, &win))
		return L4_IPC_SEMSGCUT;
	if (order < L4_PAGESHIFT || order > 47 || (it->base & L4_MAP_ITEM_GRANT))
		return L4_IPC_SEMAPFAILED;
	if (fpage_order(win) < L4_WHOLE_ADDRESS_SPACE) {
		if (fpage_order(win) < order)
			return L4_IPC_SEMSGCUT;
		mask = BIT(fpage_order(win)) - 1;
		dst = (fpage_addr(win) & ~mask) | (dst & mask);
	}
	dst &= ~(BIT(order) - 1);
	err = space_map(&to->task->space, dst, &from->task->space,
			fpage_addr(it->fpage) & ~(BIT(order) - 1), order, fpage_rights(it->fpage),
			&from->item_cursor, &count);
	return err == -E_PREEMPTED || !err ? err : L4_IPC_SEMAPFAILED;
}

static int map_io(struct thread *from, struct thread *to, struct item *it, struct buffers *b)
{
	l4_fpage_t win;
	int err;

	if (!window(b, L4_FPAGE_IO, &win))
		return L4_IPC_SEMSGCUT;
	if (fpage_order(it->fpage) > 16)
		return L4_IPC_SEMAPFAILED;
	err = iospace_map(&to->task->io, &from->task->io, fpage_number(it->fpage) & 0xffff,
			  fpage_order(it->fpage), &from->item_cursor);
	return err == -E_PREEMPTED || !err ? err : L4_IPC_SEMAPFAILED;
}

static int map_item(struct thread *from, struct thread *to, struct item *it, struct buffers *b)
{
	switch (fpage_type(it->fpage)) {
	case L4_FPAGE_OBJ:
		return map_cap(from, to, it, b);
	case L4_FPAGE_MEMORY:
		return map_memory(from, to, it, b);
	case L4_FPAGE_IO:
		return map_io(from, to, it, b);
	default:
		/* a void item takes no buffer and maps nothing */
		return it->fpage.raw == 0 ? 0 : L4_IPC_SEMAPFAILED;
	}
}

/* Items [from->item_index, n): progress survives preemption. */
static int map_items(struct thread *from, l4_mword_t tag, struct thread *to)
{
	unsigned int words = tag_words(tag), n = tag_items(tag);
	bool kernel_msg = to->flags & (TF_KFAULT | TF_KEXC);
	struct buffers b = { kernel_msg ? NULL : &to->utcb->buf, 0 };
	int err;

	for (unsigned int i = 0; i < n; i++) {
		volatile l4_umword_t *mr = &from->utcb->msg.mr[words + 2 * i];
		struct item it = { mr[0], { mr[1] } };

		if (i < from->item_index) {
			/* done before: only skip its buffer */
			b.next += fpage_type(it.fpage) == L4_FPAGE_OBJ ? 1 : it.fpage.raw ? 2 : 0;
			continue;
		}
		err = map_item(from, to, &it, &b);
		if (err)
			return err;
		from->item_index = i + 1;
		from->item_cursor = 0;
		if (!kernel_msg) {
			to->utcb->msg.mr[words + 2 * i] = it.base | L4_ITEM_MAP;
			to->utcb->msg.mr[words + 2 * i + 1] = it.fpage.raw;
		}
	}
	return 0;
}

/* --- words */

static void exception_words(const struct thread *t, l4_exc_regs_t *r)
{
	const struct frame *f = &t->frame;

	*r = (l4_exc_regs_t){
		.r15 = f->r15, .r14 = f->r14, .r13 = f->r13, .r12 = f->r12, .r11 = f->r11,
		.r10 = f->r10, .r9 = f->r9, .r8 = f->r8, .rdi = f->di, .rsi = f->si, .rbp = f->bp,
		.pfa = t->pfa, .rbx = f->bx, .rdx = f->dx, .rcx = f->cx, .rax = f->ax,
		.trapno = f->trapno, .err = f->err, .ip = f->ip, .cs = f->cs, .flags = f->flags,
		.sp = f->sp, .ss = f->ss, .fs_base = t->fs_base, .gs_base = t->gs_base,
	};
}

static bool is_canonical(u64 address)
{
	return (u64)((s64)(address << 16) >> 16) == address;
}

/* The handler's reply: registers are taken, whatever could harm the kernel is not. */
static void exception_reply(struct thread *t, const l4_exc_regs_t *r)
{
	struct frame *f = &t->frame;

	f->r15 = r->r15; f->r14 = r->r14; f->r13 = r->r13; f->r12 = r->r12;
	f->r11 = r->r11; f->r10 = r->r10; f->r9 = r->r9; f->r8 = r->r8;
	f->di = r->rdi; f->si = r->rsi; f->bp = r->rbp; f->bx = r->rbx;
	f->dx = r->rdx; f->cx = r->rcx; f->ax = r->rax;
	f->sp = r->sp;
	f->flags = (r->flags & USER_FLAGS_MASK) | 0x202;
	if (user_ip_valid(r->ip))
		f->ip = r->ip;
	if (is_canonical(r->fs_base))
		t->fs_base = r->fs_base;
	if (is_canonical(r->gs_base))
		t->gs_base = r->gs_base;
	if (f->trapno >= FRAME_SYSCALL)
		f->trapno = 0;
}

static void copy_words(struct thread *from, unsigned int words, struct thread *to)
{
	const l4_umword_t *src = from->utcb->msg.mr;
	l4_exc_regs_t regs;

	if (from->flags & TF_KFAULT) {
		src = from->fault;
	} else if (from->flags & TF_KEXC) {
		if (from == current_thread())
			arch_user_bases_read(&from->fs_base, &from->gs_base);
		exception_words(from, &regs);
		src = (const l4_umword_t *)&regs;
	}
	if (to->flags & TF_KFAULT)
		return;
	if (to->flags & TF_KEXC) {
		if (words >= L4_UTCB_EXCEPTION_REGS_SIZE) {
			__builtin_memcpy(&regs, src, sizeof(regs));
			exception_reply(to, &regs);
		}
		return;
	}
	arch_copy_words(to->utcb->msg.mr, src, words);
}

int transfer_message(struct thread *from, l4_mword_t tag, struct thread *to)
{
	unsigned int words = tag_words(tag), items = tag_items(tag);
	int err = 0;

	if (from->item_to != to->kobj.id) {
		/* what a preempted transfer has done was for another receiver */
		from->item_to = to->kobj.id;
		from->item_index = 0;
		from->item_cursor = 0;
	}
	if (words + 2 * items > L4_UTCB_GENERIC_DATA_SIZE)
		return L4_IPC_SEMSGCUT;
	if (items && !(from->flags & (TF_KFAULT | TF_KEXC)))
		err = map_items(from, tag, to);
	if (err)
		return err;
	copy_words(from, words, to);
	return 0;
}
