/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of the library, group "mpath". head and path are disk names;
 * sectors are of 512 bytes; status is a block status as in blk_types.h.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mpath

#if !defined(MPATH_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MPATH_TRACE_H

#include <linux/blk_types.h>
#include <linux/blkdev.h>
#include <linux/multipath.h>
#include <linux/tracepoint.h>

#ifndef MPATH_TRACE_ONCE
#define MPATH_TRACE_ONCE
/* What a path was chosen for. */
enum mpath_trace_kind {
	MPATH_TRACE_BIO,
	MPATH_TRACE_IOCTL,
	MPATH_TRACE_URING_CMD,
	MPATH_TRACE_CALL,
};
#endif

/* A path was chosen. */
TRACE_EVENT(mpath_select,
	TP_PROTO(struct mpath_device *dev, int kind),
	TP_ARGS(dev, kind),
	TP_STRUCT__entry(
		__array(char, path, DISK_NAME_LEN)
		__field(int, kind)
		__field(u32, access)
		__field(int, in_flight)
	),
	TP_fast_assign(
		strscpy(__entry->path, dev->disk->disk_name, DISK_NAME_LEN);
		__entry->kind = kind;
		__entry->access = READ_ONCE(dev->access_state);
		__entry->in_flight = atomic_read(dev->nr_active);
	),
	TP_printk("path %s for %s, access %s, in flight %d", __entry->path,
		  __print_symbolic(__entry->kind,
				   { MPATH_TRACE_BIO, "bio" },
				   { MPATH_TRACE_IOCTL, "ioctl" },
				   { MPATH_TRACE_URING_CMD, "uring_cmd" },
				   { MPATH_TRACE_CALL, "call" }),
		  __print_symbolic(__entry->access,
				   { MPATH_STATE_OPTIMIZED, "optimized" },
				   { MPATH_STATE_NONOPTIMIZED, "non-optimized" },
				   { MPATH_STATE_OTHER, "other" }),
		  __entry->in_flight)
);

/* A bio on a path. */
DECLARE_EVENT_CLASS(mpath_bio,
	TP_PROTO(struct mpath_device *dev, struct bio *bio, blk_status_t status),
	TP_ARGS(dev, bio, status),
	TP_STRUCT__entry(
		__array(char, path, DISK_NAME_LEN)
		__field(sector_t, sector)
		__field(u32, sectors)
		__field(u32, op)
		__field(int, status)
	),
	TP_fast_assign(
		strscpy(__entry->path, dev->disk->disk_name, DISK_NAME_LEN);
		__entry->sector = bio->bi_iter.bi_sector;
		__entry->sectors = bio_sectors(bio);
		__entry->op = bio_op(bio);
		__entry->status = (__force int)status;
	),
	TP_printk("path %s op %u sector %llu + %u status %d", __entry->path,
		  __entry->op, (unsigned long long)__entry->sector,
		  __entry->sectors, __entry->status)
);

/* It is sent there, for the first time or again. */
DEFINE_EVENT(mpath_bio, mpath_submit,
	TP_PROTO(struct mpath_device *dev, struct bio *bio, blk_status_t status),
	TP_ARGS(dev, bio, status)
);
/* It failed there, and that is final. */
DEFINE_EVENT(mpath_bio, mpath_fail,
	TP_PROTO(struct mpath_device *dev, struct bio *bio, blk_status_t status),
	TP_ARGS(dev, bio, status)
);
/* It failed there and will be sent again. */
DEFINE_EVENT(mpath_bio, mpath_failover,
	TP_PROTO(struct mpath_device *dev, struct bio *bio, blk_status_t status),
	TP_ARGS(dev, bio, status)
);

/* No path is usable: the bio waits. */
TRACE_EVENT(mpath_requeue,
	TP_PROTO(struct mpath_head *h, struct bio *bio),
	TP_ARGS(h, bio),
	TP_STRUCT__entry(
		__array(char, head, DISK_NAME_LEN)
		__field(sector_t, sector)
		__field(u32, sectors)
		__field(u32, op)
	),
	TP_fast_assign(
		strscpy(__entry->head, h->disk->disk_name, DISK_NAME_LEN);
		__entry->sector = bio->bi_iter.bi_sector;
		__entry->sectors = bio_sectors(bio);
		__entry->op = bio_op(bio);
	),
	TP_printk("head %s op %u sector %llu + %u", __entry->head, __entry->op,
		  (unsigned long long)__entry->sector, __entry->sectors)
);

/* A path is in another state than was reported last. */
TRACE_EVENT(mpath_path_state,
	TP_PROTO(const char *h, const char *path, const char *state,
		 const char *access),
	TP_ARGS(h, path, state, access),
	TP_STRUCT__entry(
		__array(char, head, DISK_NAME_LEN)
		__array(char, path, DISK_NAME_LEN)
		__string(state, state)
		__string(access, access)
	),
	TP_fast_assign(
		strscpy(__entry->head, h, DISK_NAME_LEN);
		strscpy(__entry->path, path, DISK_NAME_LEN);
		__assign_str(state);
		__assign_str(access);
	),
	TP_printk("head %s path %s %s %s", __entry->head, __entry->path,
		  __get_str(state), __get_str(access))
);

/* One step of a head's life. */
TRACE_EVENT(mpath_head_state,
	TP_PROTO(const char *h, const char *from, const char *to),
	TP_ARGS(h, from, to),
	TP_STRUCT__entry(
		__array(char, head, DISK_NAME_LEN)
		__string(from, from)
		__string(to, to)
	),
	TP_fast_assign(
		strscpy(__entry->head, h, DISK_NAME_LEN);
		__assign_str(from);
		__assign_str(to);
	),
	TP_printk("head %s %s -> %s", __entry->head, __get_str(from),
		  __get_str(to))
);

#endif /* MPATH_TRACE_H */

/* From a directory that the compiler searches (src/bridge) to this one. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH ../../src/lib
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
