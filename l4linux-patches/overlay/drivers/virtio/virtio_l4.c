// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtio sessions of the Skerry microkernel (docs/virtio-l4.md of its tree): a transport for upstream's virtio drivers.
 *
 * The first page of the window stands in for a device's registers, two IRQ objects for
 * doorbell and interrupt. When the server dies, its successor goes on with the rings as they are: here
 * that is a pause. Status changes are acknowledged, so they wait for it.
 *
 * Nothing that the server writes is believed: what matters is copied before it is checked, the ring's code does
 * the same, and buffers are copies (virtio_l4_pool.c). But for a server that the description lets have all memory: buffers are then
 * where they are, and nothing of them is used again before the server has said that its device is done.
 */

#include <linux/dma-mapping.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_map.h>
#include <linux/virtio_ring.h>
#include <linux/wait.h>
#include <uapi/linux/virtio_blk.h>
#include <uapi/linux/virtio_ids.h>

#include <asm/l4.h>
#include <asm/l4_device.h>

#include <l4/skerry/virtio.h>

#include "virtio_l4.h"

/* How long a server may take to come up or back: a restart with its back-off, not a machine's whole life. */
#define ANSWER_TIMEOUT (120 * HZ)
/* A power of two above MAX_SKB_FRAGS + 2. */
#define NET_QUEUE_MIN 32UL
#define NET_RECEIVE 0 /* its first queue, the other one sends */

struct vl4 {
	struct virtio_device vdev;
	struct l4_session session;
	struct l4vio_page *page;
	struct vl4_pool pool;
	int irq;
	wait_queue_head_t answered;
	struct work_struct stop;
	/* Copies of what the page has: the server could write there. */
	u32 request;
	u8 status;
	u32 generation; /* of the configuration, as the driver was last told */
	bool broken;
};

static struct vl4 *to_vl4(struct virtio_device *vdev)
{
	return container_of(vdev, struct vl4, vdev);
}

static bool is_gone(struct vl4 *v)
{
	return READ_ONCE(v->page->server) == L4VIO_SERVER_GONE;
}

/* --- status */

static bool is_answered(struct vl4 *v)
{
	return virt_load_acquire(&v->page->response) == v->request;
}

static bool is_stopped(struct vl4 *v)
{
	return is_gone(v) || (READ_ONCE(v->page->device_status) & L4VIO_S_NEEDS_RESET);
}

/* --- a session that has ended */

/* Bytes at a bus address; null if they are not shared. */
static void *shared(struct vl4 *v, u64 at, u64 bytes)
{
	u64 most = v->session.bytes;
	void *base = v->session.window;

	if (at >= L4VIO_MEMORY) {
		at -= L4VIO_MEMORY;
		most = v->session.memory;
		base = __va(0);
	}
	return at <= most && bytes <= most - at ? base + at : NULL;
}

/*
 * The status of a block request is the last byte of its chain. The server could have changed the chain, so it is followed
 * inside what is shared only, and not for ever.
 */
static void fail_chain(struct vl4 *v, const struct vring_desc *table, unsigned int size, u16 at)
{
	unsigned int n;

	/* One more than the table has: the way to it. */
	for (n = 0; table && n <= size && at < size; n++) {
		u64 addr = READ_ONCE(table[at].addr);
		u32 len = READ_ONCE(table[at].len);
		u16 flags = READ_ONCE(table[at].flags);

		if (flags & VRING_DESC_F_INDIRECT) {
			table = shared(v, addr, len);
			size = len / sizeof(*table);
			at = 0;
		} else if (flags & VRING_DESC_F_NEXT) {
			at = READ_ONCE(table[at].next);
		} else {
			u8 *last = (flags & VRING_DESC_F_WRITE) && len ? shared(v, addr + len - 1, 1) : NULL;

			if (last)
				WRITE_ONCE(*last, VIRTIO_BLK_S_IOERR);
			return;
		}
	}
}

/*
 * Nobody else uses the queue's buffers any more: report each request that is out, as the server should have, as failed. The driver
 * below has no other way to learn of it.
 */
static void fail_requests(struct vl4 *v, struct virtqueue *vq)
{
	unsigned int size = virtqueue_get_vring_size(vq);
	struct vring_desc *desc = v->session.window + virtqueue_get_desc_addr(vq);
	struct vring_avail *avail = v->session.window + virtqueue_get_avail_addr(vq);
	struct vring_used *used = v->session.window + virtqueue_get_used_addr(vq);
	u16 at = READ_ONCE(used->idx), end;

	do {
		end = virt_load_acquire(&avail->idx);
		if ((u16)(end - at) > size) {
			virtio_break_device(&v->vdev);
			return;
		}
		for (; at != end; at++) {
			u16 head = READ_ONCE(avail->ring[at % size]);

			fail_chain(v, desc, size, head);
			WRITE_ONCE(used->ring[at % size].id, head);
			WRITE_ONCE(used->ring[at % size].len, 0);
			virt_store_release(&used->idx, at + 1);
		}
		/* Be told of the next one, in either of the two ways to say so. */
		WRITE_ONCE(used->flags, 0);
		WRITE_ONCE(*(u16 *)&used->ring[size], at);
		virt_mb();
	} while (READ_ONCE(avail->idx) != at);
	vring_interrupt(v->irq, vq);
}

/* The server is to act on it. One that is gone does when it is started again. */
static void request_status(struct vl4 *v, u8 status)
{
	WRITE_ONCE(v->page->status, status);
	virt_store_release(&v->page->request, ++v->request);
	l4_irq_trigger(v->session.kick);
}

/*
 * The server is gone, or has stopped this session: nothing more will be done. Should it be started again, it finds a session
 * that was reset.
 */
static void give_up(struct vl4 *v)
{
	if (v->broken)
		return;
	v->broken = true;
	dev_err(&v->vdev.dev, "%s: the server %s\n", v->session.name,
		is_gone(v) ? "does not come back" : is_stopped(v) ? "has stopped this session" :
		"does not answer");
	if (!is_stopped(v) || v->vdev.id.device != VIRTIO_ID_BLOCK)
		virtio_break_device(&v->vdev);
	WRITE_ONCE(v->page->status, 0);
	virt_store_release(&v->page->request, ++v->request);
	l4_irq_trigger(v->session.kick);
}

static void stop_work(struct work_struct *work)
{
	struct vl4 *v = container_of(work, struct vl4, stop);
	struct virtqueue *vq;

	give_up(v);
	if (v->vdev.id.device != VIRTIO_ID_BLOCK)
		return;
	/* A device may still write to the buffers that are out. */
	while (v->session.memory &&
	       !wait_event_timeout(v->answered, is_answered(v) || is_gone(v), HZ))
		; /* its interrupt may be off */
	list_for_each_entry(vq, &v->vdev.vqs, list)
		fail_requests(v, vq);
}

static int wait_answer(struct vl4 *v)
{
	if (!wait_event_timeout(v->answered, is_answered(v) || is_gone(v), ANSWER_TIMEOUT))
		return -ETIMEDOUT;
	return is_answered(v) ? 0 : -ENODEV;
}

static int change_status(struct vl4 *v, u8 status)
{
	v->status = status;
	request_status(v, status);
	return wait_answer(v);
}

static u8 vl4_get_status(struct virtio_device *vdev)
{
	return READ_ONCE(to_vl4(vdev)->page->device_status);
}

static void vl4_set_status(struct virtio_device *vdev, u8 status)
{
	struct vl4 *v = to_vl4(vdev);

	if (!v->broken && change_status(v, status))
		give_up(v);
}

static void vl4_reset(struct virtio_device *vdev)
{
	vl4_set_status(vdev, 0);
	synchronize_irq(to_vl4(vdev)->irq);
}

/* --- features and configuration */

static u64 vl4_get_features(struct virtio_device *vdev)
{
	struct vl4 *v = to_vl4(vdev);
	/* Mappings are for split rings. */
	u64 not = BIT_ULL(VIRTIO_F_RING_PACKED);

	/* A network driver stops when no descriptors are left: then there are as many as it may use of the window. */
	if (v->vdev.id.device == VIRTIO_ID_NET)
		not |= BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC);
	return READ_ONCE(v->page->device_features) & ~not;
}

static int vl4_finalize_features(struct virtio_device *vdev)
{
	vring_transport_features(vdev);
	if (!__virtio_test_bit(vdev, VIRTIO_F_VERSION_1) ||
	    !__virtio_test_bit(vdev, VIRTIO_F_ACCESS_PLATFORM)) {
		dev_err(&vdev->dev, "not a session that this driver can use\n");
		return -EINVAL;
	}
	WRITE_ONCE(to_vl4(vdev)->page->driver_features, vdev->features);
	return 0;
}

static void vl4_get(struct virtio_device *vdev, unsigned int offset, void *buf, unsigned int len)
{
	struct l4vio_page *page = to_vl4(vdev)->page;
	u8 *to = buf;
	unsigned int i;

	for (i = 0; i < len; i++)
		to[i] = offset + i < sizeof(page->config) ? READ_ONCE(page->config[offset + i]) : 0;
}

/* No device type here has a field that the driver writes. */
static void vl4_set(struct virtio_device *vdev, unsigned int offset, const void *buf, unsigned int len)
{
	dev_warn_once(&vdev->dev, "the configuration is read-only\n");
}

static u32 vl4_generation(struct virtio_device *vdev)
{
	return virt_load_acquire(&to_vl4(vdev)->page->config_generation);
}

static const char *vl4_bus_name(struct virtio_device *vdev)
{
	return to_vl4(vdev)->session.name;
}

/* --- queues */

static bool vl4_notify(struct virtqueue *vq)
{
	struct vl4 *v = to_vl4(vq->vdev);

	if (READ_ONCE(v->broken))
		schedule_work(&v->stop);
	else
		l4_irq_trigger(v->session.kick);
	return true;
}

/*
 * A network driver fills its receive queue, with at most a page for each buffer: three eighths of the window. It drops what it cannot map
 * for sending, so the rest is for as many pieces of a frame as are out, each of the page allocator's common largest order. It
 * cannot work with less than NET_QUEUE_MIN: a frame in pieces has to fit into the queue.
 */
static unsigned int queue_size(struct vl4 *v, unsigned int index, unsigned int most)
{
	unsigned long pages = v->pool.large.count / 8;

	if (v->vdev.id.device != VIRTIO_ID_NET)
		return most;
	pages = index == NET_RECEIVE ? pages * 3 : pages * 5 >> PAGE_ALLOC_COSTLY_ORDER;
	return min(most, rounddown_pow_of_two(max(pages, NET_QUEUE_MIN)));
}

static struct virtqueue *create_queue(struct vl4 *v, unsigned int index, struct virtqueue_info *info)
{
	struct virtio_device *vdev = &v->vdev;
	struct l4vio_queue *q;
	struct virtqueue *vq;
	unsigned int most;

	if (index >= L4VIO_QUEUES_MAX || index >= READ_ONCE(v->page->queue_count))
		return ERR_PTR(-ENOENT);
	most = READ_ONCE(v->page->queue_max[index]);
	if (!is_power_of_2(most) || most > L4VIO_QUEUE_SIZE_MAX)
		return ERR_PTR(-ENOENT);
	most = queue_size(v, index, most);
	vq = vring_create_virtqueue(index, most, PAGE_SIZE, vdev, true, true, info->ctx, vl4_notify,
				    info->callback, info->name);
	if (!vq)
		return ERR_PTR(-ENOMEM);
	vq->num_max = most;
	q = &v->page->queue[index];
	WRITE_ONCE(q->desc, virtqueue_get_desc_addr(vq));
	WRITE_ONCE(q->avail, virtqueue_get_avail_addr(vq));
	WRITE_ONCE(q->used, virtqueue_get_used_addr(vq));
	WRITE_ONCE(q->size, virtqueue_get_vring_size(vq));
	return vq;
}

static void vl4_del_vqs(struct virtio_device *vdev)
{
	struct vl4 *v = to_vl4(vdev);
	struct virtqueue *vq, *next;
	unsigned int i;

	disable_irq(v->irq);
	cancel_work_sync(&v->stop);
	list_for_each_entry_safe(vq, next, &vdev->vqs, list)
		vring_del_virtqueue(vq);
	for (i = 0; i < L4VIO_QUEUES_MAX; i++)
		WRITE_ONCE(v->page->queue[i].size, 0);
	enable_irq(v->irq);
}

static int vl4_find_vqs(struct virtio_device *vdev, unsigned int count, struct virtqueue *vqs[],
			struct virtqueue_info infos[], struct irq_affinity *affinity)
{
	struct vl4 *v = to_vl4(vdev);
	unsigned int i, index = 0;
	int err = 0;

	disable_irq(v->irq);
	for (i = 0; i < count && !err; i++) {
		vqs[i] = infos[i].name ? create_queue(v, index++, &infos[i]) : NULL;
		err = PTR_ERR_OR_ZERO(vqs[i]);
	}
	enable_irq(v->irq);
	if (err)
		vl4_del_vqs(vdev);
	return err;
}

static void vl4_synchronize_cbs(struct virtio_device *vdev)
{
	synchronize_irq(to_vl4(vdev)->irq);
}

/* --- memory */

static void *vl4_alloc(struct virtio_device *vdev, size_t size, dma_addr_t *handle)
{
	struct vl4_pool *p = &to_vl4(vdev)->pool;

	*handle = vl4_pool_alloc(p, size);
	return *handle == DMA_MAPPING_ERROR ? NULL : p->window + *handle;
}

static void vl4_free(struct virtio_device *vdev, size_t size, void *vaddr, dma_addr_t handle)
{
	vl4_pool_free(&to_vl4(vdev)->pool, handle, size);
}

static dma_addr_t vl4_map(struct virtio_device *vdev, void *addr, size_t size,
			  enum dma_data_direction dir)
{
	struct vl4 *v = to_vl4(vdev);

	if (v->session.memory)
		return L4VIO_MEMORY + __pa(addr);
	return vl4_pool_map(&v->pool, addr, size, dir);
}

static void vl4_unmap(struct virtio_device *vdev, dma_addr_t addr, size_t size,
		      enum dma_data_direction dir)
{
	struct vl4 *v = to_vl4(vdev);

	if (!v->session.memory)
		vl4_pool_unmap(&v->pool, addr, size, dir);
}

static size_t vl4_max_size(const struct virtio_device *vdev)
{
	const struct vl4 *v = container_of_const(vdev, struct vl4, vdev);

	return v->session.memory ? SZ_256K : v->pool.segment_max;
}

static const struct virtio_map_ops vl4_map_ops = {
	.alloc = vl4_alloc,
	.free = vl4_free,
	.map = vl4_map,
	.unmap = vl4_unmap,
	.max_size = vl4_max_size,
};

static const struct virtio_config_ops vl4_config_ops = {
	.get = vl4_get,
	.set = vl4_set,
	.generation = vl4_generation,
	.get_status = vl4_get_status,
	.set_status = vl4_set_status,
	.reset = vl4_reset,
	.find_vqs = vl4_find_vqs,
	.del_vqs = vl4_del_vqs,
	.synchronize_cbs = vl4_synchronize_cbs,
	.get_features = vl4_get_features,
	.finalize_features = vl4_finalize_features,
	.bus_name = vl4_bus_name,
	.map = &vl4_map_ops,
};

/* --- interrupt: it does not say what for */

static void look_at_config(struct vl4 *v)
{
	u32 generation = virt_load_acquire(&v->page->config_generation);

	if (generation == v->generation || (generation & 1))
		return;
	v->generation = generation;
	virtio_config_changed(&v->vdev);
}

static irqreturn_t vl4_interrupt(int irq, void *data)
{
	struct vl4 *v = data;
	struct virtqueue *vq;

	wake_up(&v->answered);
	if (!(v->status & VIRTIO_CONFIG_S_DRIVER_OK))
		return IRQ_HANDLED;
	if (is_stopped(v))
		schedule_work(&v->stop);
	else
		look_at_config(v);
	list_for_each_entry(vq, &v->vdev.vqs, list)
		vring_interrupt(irq, vq);
	return IRQ_HANDLED;
}

/* --- the device */

static void vl4_release(struct device *dev)
{
	struct vl4 *v = to_vl4(dev_to_virtio(dev));

	free_irq(v->irq, v);
	cancel_work_sync(&v->stop);
	vl4_pool_destroy(&v->pool);
	kfree(v);
}

/* How many pieces a request may have, as the server's configuration says. */
static unsigned int segments(struct vl4 *v)
{
	struct virtio_blk_config config;

	if (READ_ONCE(v->page->device_id) != VIRTIO_ID_BLOCK)
		return 1;
	vl4_get(&v->vdev, 0, &config, sizeof(config));
	return clamp(config.seg_max, 1U, (u32)L4VIO_QUEUE_SIZE_MAX);
}

/* What the page holds before the first reset is a predecessor's, and may want an answer still, or even the kick for it. */
static int first_reset(struct vl4 *v)
{
	int err;

	l4_irq_trigger(v->session.kick);
	err = wait_answer(v);
	if (!err)
		err = change_status(v, 0);
	if (err)
		return err;
	if (READ_ONCE(v->page->magic) != L4VIO_MAGIC || READ_ONCE(v->page->version) != L4VIO_VERSION)
		return -ENODEV;
	v->generation = READ_ONCE(v->page->config_generation);
	if (READ_ONCE(v->page->memory) >= v->session.memory)
		return 0;
	pr_err("%s: the description shares memory, which this server does not take\n", v->session.name);
	return -EOPNOTSUPP;
}

static int vl4_probe(struct platform_device *pdev)
{
	struct l4_session *s = dev_get_platdata(&pdev->dev);
	struct vl4 *v = kzalloc(sizeof(*v), GFP_KERNEL);
	int err;

	if (!v)
		return -ENOMEM;
	v->session = *s;
	v->page = s->window;
	init_waitqueue_head(&v->answered);
	INIT_WORK(&v->stop, stop_work);
	v->request = READ_ONCE(v->page->request);
	v->irq = l4_irq_attach(s->notify);
	err = v->irq < 0 ? v->irq : request_irq(v->irq, vl4_interrupt, 0, s->name, v);
	if (err)
		goto out;
	err = first_reset(v);
	if (!err)
		err = vl4_pool_init(&v->pool, s->window, L4VIO_PAGE_BYTES, s->bytes, segments(v));
	if (err)
		goto out_irq;
	v->vdev.dev.parent = &pdev->dev;
	v->vdev.dev.release = vl4_release;
	v->vdev.config = &vl4_config_ops;
	v->vdev.id.device = READ_ONCE(v->page->device_id);
	v->vdev.id.vendor = L4VIO_MAGIC;
	err = register_virtio_device(&v->vdev);
	if (err)
		put_device(&v->vdev.dev);
	return err;
out_irq:
	free_irq(v->irq, v);
out:
	dev_err(&pdev->dev, "no session %s: %d\n", s->name, err);
	kfree(v);
	return err;
}

static struct platform_driver vl4_driver = {
	.probe = vl4_probe,
	.driver = {
		.name = "virtio_l4",
		.suppress_bind_attrs = true, /* sessions do not come and go */
	},
};

static int __init vl4_init(void)
{
	struct l4_session s;
	unsigned int i;
	int err;

	if (!on_l4())
		return 0;
	err = platform_driver_register(&vl4_driver);
	for (i = 0; !err && l4_session(i, &s); i++)
		err = PTR_ERR_OR_ZERO(platform_device_register_data(NULL, "virtio_l4", i, &s, sizeof(s)));
	return err;
}
device_initcall(vl4_init);
