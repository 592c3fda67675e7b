// SPDX-License-Identifier: GPL-2.0
/*
 * Notices of a controller that access states have changed (Asymmetric Namespace
 * Access Change, an asynchronous event of type Notice; NVMe base specification 2.0,
 * 5.2).
 *
 * The stock driver asks for them in any case, but with multipath=N it does not look
 * at them. Before that it passes each event to its tracepoint nvme_async_event,
 * which any module may attach to. A kernel without that tracepoint leaves us
 * the poll. Until the log page is read the controller sends no more of them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/nvme.h>
#include <linux/tracepoint.h>

#include "mpn.h"

static struct tracepoint *mpn_async_event;

/* As the tracepoint calls it; scripts/nvme-layout has compared that with BTF. */
static void mpn_on_async_event(void *data, struct nvme_ctrl *ctrl, u32 result)
{
	if ((result & 0x7) == NVME_AER_NOTICE &&
	    ((result >> 8) & 0xff) == NVME_AER_NOTICE_ANA)
		mpn_ctrl_notice(ctrl);
}

static struct tracepoint *mpn_find_tracepoint(struct module *mod,
					      const char *name)
{
#if defined(CONFIG_TRACEPOINTS) && NVME_LAYOUT_TRACE_NVME_ASYNC_EVENT
	unsigned int i;

	for (i = 0; mod && i < mod->num_tracepoints; i++) {
		struct tracepoint *tp =
			tracepoint_ptr_deref(&mod->tracepoints_ptrs[i]);

		if (!strcmp(tp->name, name))
			return tp;
	}
#endif
	return NULL;
}

/**
 * mpn_ana_notice_start() - listen
 * @nvme_core: the driver's module, which we keep; NULL: built in
 */
void mpn_ana_notice_start(struct module *nvme_core)
{
	struct tracepoint *tp = mpn_find_tracepoint(nvme_core,
						    "nvme_async_event");
	int ret = tp ? tracepoint_probe_register(tp, mpn_on_async_event, NULL) :
		       -ENOENT;

	if (ret)
		pr_info("no notices of ANA changes: %d; ana_poll_secs is how late they are seen\n",
			ret);
	else
		mpn_async_event = tp;
}

/* No controller hears of one after this. May sleep. */
void mpn_ana_notice_stop(void)
{
	if (!mpn_async_event)
		return;
	tracepoint_probe_unregister(mpn_async_event, mpn_on_async_event, NULL);
	tracepoint_synchronize_unregister();
}
