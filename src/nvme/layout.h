/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fields of nvme-core's private structures, at the offsets that its own BTF
 * gave at build time (scripts/nvme-layout). That the loaded nvme-core is of
 * the same layout is what symbol versions guarantee: the CRC of nvme_put_ns()
 * covers struct nvme_ns and all it points to, and module.c imports it.
 *
 * Every accessor needs a path whose disk we hold open: that keeps the ns, its
 * controller, ns head and subsystem.
 */
#ifndef MPN_LAYOUT_H
#define MPN_LAYOUT_H

#include <linux/blk-mq.h>
#include <linux/cdev.h>
#include <linux/compiler.h>
#include <linux/device.h>
#include <linux/io_uring/cmd.h>
#include <linux/nvme.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "nvme_layout.h"

struct nvme_ns;
struct nvme_ctrl;
struct nvme_ns_head;
struct nvme_subsystem;

#define MPN_AT(obj, off)		((void *)((char *)(obj) + (off)))
#define MPN_PTR(type, obj, off)		(*(type **)MPN_AT(obj, off))

static_assert(NVME_LAYOUT_NVME_NS__CDEV_SIZE == sizeof(struct cdev));
static_assert(NVME_LAYOUT_NVME_NS__CDEV_DEVICE_SIZE == sizeof(struct device));
static_assert(NVME_LAYOUT_NVME_CTRL__STATE_SIZE == sizeof(u32));
static_assert(NVME_LAYOUT_NVME_CTRL__STATE_WQ_SIZE == sizeof(wait_queue_head_t));
static_assert(NVME_LAYOUT_NVME_CTRL__NUMA_NODE_SIZE == sizeof(int));
static_assert(NVME_LAYOUT_NVME_CTRL__FLAGS_SIZE == sizeof(unsigned long));
static_assert(NVME_LAYOUT_NVME_SUBSYSTEM__DEV_SIZE == sizeof(struct device));
static_assert(NVME_LAYOUT_NVME_SUBSYSTEM__CMIC_SIZE == sizeof(u8));
static_assert(NVME_LAYOUT_NVME_NS_HEAD__NS_ID_SIZE == sizeof(u32));
static_assert(NVME_LAYOUT_NVME_NS_HEAD__MS_SIZE == sizeof(u16));
static_assert(NVME_LAYOUT_NVME_NS_HEAD__PI_TYPE_SIZE == sizeof(u8));
static_assert(NVME_LAYOUT_NVME_NS_HEAD__PI_SIZE_SIZE == sizeof(u16));
static_assert(NVME_LAYOUT_NVME_NS_HEAD__FEATURES_SIZE == sizeof(unsigned long));
static_assert(NVME_LAYOUT_NVME_REQUEST__STATUS_SIZE == sizeof(u16));
static_assert(NVME_LAYOUT_NVME_REQUEST__FLAGS_SIZE == sizeof(u8));
static_assert(NVME_LAYOUT_NVME_URING_CMD_PDU__RESULT_SIZE == sizeof(u64));
static_assert(NVME_LAYOUT_NVME_URING_CMD_PDU__STATUS_SIZE == sizeof(int));
static_assert(NVME_LAYOUT_NVME_NS_HEAD__LBA_SHIFT_SIZE == sizeof(u8));

static inline struct nvme_ctrl *mpn_ns_ctrl(struct nvme_ns *ns)
{
	return MPN_PTR(struct nvme_ctrl, ns, NVME_LAYOUT_NVME_NS__CTRL);
}

static inline struct nvme_ns_head *mpn_ns_head(struct nvme_ns *ns)
{
	return MPN_PTR(struct nvme_ns_head, ns, NVME_LAYOUT_NVME_NS__HEAD);
}

static inline struct cdev *mpn_ns_cdev(struct nvme_ns *ns)
{
	return MPN_AT(ns, NVME_LAYOUT_NVME_NS__CDEV);
}

static inline struct device *mpn_ns_cdev_device(struct nvme_ns *ns)
{
	return MPN_AT(ns, NVME_LAYOUT_NVME_NS__CDEV_DEVICE);
}

/* NVME_CTRL_*, as the driver's own nvme_ctrl_state() reads it. */
static inline u32 mpn_ctrl_state(struct nvme_ctrl *ctrl)
{
	return READ_ONCE(*(u32 *)MPN_AT(ctrl, NVME_LAYOUT_NVME_CTRL__STATE));
}

static inline wait_queue_head_t *mpn_ctrl_state_wq(struct nvme_ctrl *ctrl)
{
	return MPN_AT(ctrl, NVME_LAYOUT_NVME_CTRL__STATE_WQ);
}

static inline struct nvme_effects_log *mpn_ctrl_effects(struct nvme_ctrl *ctrl)
{
	return MPN_PTR(struct nvme_effects_log, ctrl,
		       NVME_LAYOUT_NVME_CTRL__EFFECTS);
}

static inline int mpn_ctrl_numa_node(struct nvme_ctrl *ctrl)
{
	return *(int *)MPN_AT(ctrl, NVME_LAYOUT_NVME_CTRL__NUMA_NODE);
}

/* It has been connecting for longer than fast_io_fail_tmo. */
static inline bool mpn_ctrl_fails_fast(struct nvme_ctrl *ctrl)
{
	return test_bit(NVME_CTRL_FAILFAST_EXPIRED,
			(unsigned long *)MPN_AT(ctrl, NVME_LAYOUT_NVME_CTRL__FLAGS));
}

/* "pcie", "tcp", ... */
static inline const char *mpn_ctrl_transport(struct nvme_ctrl *ctrl)
{
	void *ops = MPN_PTR(void, ctrl, NVME_LAYOUT_NVME_CTRL__OPS);

	return MPN_PTR(const char, ops, NVME_LAYOUT_NVME_CTRL_OPS__NAME);
}

static inline bool mpn_ctrl_is_pcie(struct nvme_ctrl *ctrl)
{
	return !strcmp(mpn_ctrl_transport(ctrl), "pcie");
}

static inline struct device *mpn_ctrl_device(struct nvme_ctrl *ctrl)
{
	return MPN_PTR(struct device, ctrl, NVME_LAYOUT_NVME_CTRL__DEVICE);
}

static inline struct request_queue *mpn_ctrl_admin_q(struct nvme_ctrl *ctrl)
{
	return MPN_PTR(struct request_queue, ctrl,
		       NVME_LAYOUT_NVME_CTRL__ADMIN_Q);
}

static inline struct nvme_subsystem *mpn_head_subsys(struct nvme_ns_head *head)
{
	return MPN_PTR(struct nvme_subsystem, head,
		       NVME_LAYOUT_NVME_NS_HEAD__SUBSYS);
}

static inline u32 mpn_head_nsid(struct nvme_ns_head *head)
{
	return *(u32 *)MPN_AT(head, NVME_LAYOUT_NVME_NS_HEAD__NS_ID);
}

static inline int mpn_head_instance(struct nvme_ns_head *head)
{
	return *(int *)MPN_AT(head, NVME_LAYOUT_NVME_NS_HEAD__INSTANCE);
}

static inline u16 mpn_head_ms(struct nvme_ns_head *head)
{
	return READ_ONCE(*(u16 *)MPN_AT(head, NVME_LAYOUT_NVME_NS_HEAD__MS));
}

/* Of all paths: the driver goes by it, whatever their queues still say. */
static inline u8 mpn_head_lba_shift(struct nvme_ns_head *head)
{
	return READ_ONCE(*(u8 *)MPN_AT(head, NVME_LAYOUT_NVME_NS_HEAD__LBA_SHIFT));
}

/* 0: its metadata is not protection information. */
static inline u8 mpn_head_pi_type(struct nvme_ns_head *head)
{
	return READ_ONCE(*(u8 *)MPN_AT(head, NVME_LAYOUT_NVME_NS_HEAD__PI_TYPE));
}

static inline u16 mpn_head_pi_size(struct nvme_ns_head *head)
{
	return READ_ONCE(*(u16 *)MPN_AT(head, NVME_LAYOUT_NVME_NS_HEAD__PI_SIZE));
}

/* NVME_NS_* */
static inline unsigned long mpn_head_features(struct nvme_ns_head *head)
{
	return READ_ONCE(*(unsigned long *)
			 MPN_AT(head, NVME_LAYOUT_NVME_NS_HEAD__FEATURES));
}

static inline const u8 *mpn_head_ids(struct nvme_ns_head *head)
{
	return MPN_AT(head, NVME_LAYOUT_NVME_NS_HEAD__IDS);
}

/* A field of head->ids: eui64[8], nguid[16], uuid (16 bytes), csi (1 byte). */
#define mpn_head_id(head, FIELD)					\
	((const u8 *)MPN_AT(head, NVME_LAYOUT_NVME_NS_HEAD__IDS +	\
			    NVME_LAYOUT_NVME_NS_IDS__##FIELD))

/* --- struct nvme_request, what the driver keeps with a request of a path */

static inline u16 *mpn_req_status(struct request *req)
{
	return MPN_AT(blk_mq_rq_to_pdu(req), NVME_LAYOUT_NVME_REQUEST__STATUS);
}

/* NVME_REQ_* */
static inline u8 *mpn_req_flags(struct request *req)
{
	return MPN_AT(blk_mq_rq_to_pdu(req), NVME_LAYOUT_NVME_REQUEST__FLAGS);
}

static inline struct nvme_command **mpn_req_cmd(struct request *req)
{
	return MPN_AT(blk_mq_rq_to_pdu(req), NVME_LAYOUT_NVME_REQUEST__CMD);
}

/* --- struct nvme_uring_cmd_pdu, what it keeps with an io_uring command */

static inline struct request **mpn_pdu_req(struct io_uring_cmd *ioucmd)
{
	return MPN_AT(ioucmd->pdu, NVME_LAYOUT_NVME_URING_CMD_PDU__REQ);
}

/*
 * The same place, once we have the command: the driver does not look there any more
 * but to poll, which we do. NULL unless a request of the command is out on a path, which
 * is pinned then; pollers are in mpn_poll_srcu, which the path's disk stays open for.
 */
static inline struct blk_mq_hw_ctx **mpn_pdu_hctx(struct io_uring_cmd *ioucmd)
{
	return MPN_AT(ioucmd->pdu, NVME_LAYOUT_NVME_URING_CMD_PDU__REQ);
}

static inline struct bio **mpn_pdu_bio(struct io_uring_cmd *ioucmd)
{
	return MPN_AT(ioucmd->pdu, NVME_LAYOUT_NVME_URING_CMD_PDU__BIO);
}

static inline u64 *mpn_pdu_result(struct io_uring_cmd *ioucmd)
{
	return MPN_AT(ioucmd->pdu, NVME_LAYOUT_NVME_URING_CMD_PDU__RESULT);
}

static inline int *mpn_pdu_status(struct io_uring_cmd *ioucmd)
{
	return MPN_AT(ioucmd->pdu, NVME_LAYOUT_NVME_URING_CMD_PDU__STATUS);
}

static inline struct device *mpn_subsys_dev(struct nvme_subsystem *subsys)
{
	return MPN_AT(subsys, NVME_LAYOUT_NVME_SUBSYSTEM__DEV);
}

static inline const char *mpn_subsys_serial(struct nvme_subsystem *subsys)
{
	return MPN_AT(subsys, NVME_LAYOUT_NVME_SUBSYSTEM__SERIAL);
}

static inline const char *mpn_subsys_model(struct nvme_subsystem *subsys)
{
	return MPN_AT(subsys, NVME_LAYOUT_NVME_SUBSYSTEM__MODEL);
}

static inline u8 mpn_subsys_cmic(struct nvme_subsystem *subsys)
{
	return *(u8 *)MPN_AT(subsys, NVME_LAYOUT_NVME_SUBSYSTEM__CMIC);
}

static inline u16 mpn_subsys_vendor(struct nvme_subsystem *subsys)
{
	return *(u16 *)MPN_AT(subsys, NVME_LAYOUT_NVME_SUBSYSTEM__VENDOR_ID);
}

#endif /* MPN_LAYOUT_H */
