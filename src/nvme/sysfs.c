// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of the head's disk: those of a native head, in the same words
 * (source: drivers/nvme/host/sysfs.c), and mpath_policy.
 *
 * What identifies the namespace is the head's own copy; its subsystem is valid in
 * every show: the disk's files are removed before the last path lets go of it.
 */
#include <linux/nvme.h>
#include <linux/slab.h>
#include <linux/uuid.h>

#include "mpn.h"

/* Utilization is read from the controller no more often than this. */
#define MPN_NUSE_INTERVAL	(5 * HZ)

static struct mpn_head *mpn_dev_head(struct device *dev)
{
	return mpn_head_of(mpath_bd_device_to_head(dev));
}

/* A field of the namespace's identifiers, see mpn_head_id(). */
#define mpn_own_id(head, FIELD)	((head)->ids + NVME_LAYOUT_NVME_NS_IDS__##FIELD)

static bool mpn_id_set(const u8 *id, size_t len)
{
	return memchr_inv(id, 0, len);
}

/* Length without trailing spaces and NULs. */
static int mpn_trimmed(const char *text, int len)
{
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\0'))
		len--;
	return len;
}

static ssize_t wwid_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct mpn_head *head = mpn_dev_head(dev);
	struct nvme_subsystem *subsys = head->subsys;
	const char *serial = mpn_subsys_serial(subsys);
	const char *model = mpn_subsys_model(subsys);
	const u8 *uuid = mpn_own_id(head, UUID);
	const u8 *nguid = mpn_own_id(head, NGUID);
	const u8 *eui = mpn_own_id(head, EUI64);

	if (mpn_id_set(uuid, NVME_LAYOUT_NVME_NS_IDS__UUID_SIZE))
		return sysfs_emit(buf, "uuid.%pU\n", uuid);
	if (mpn_id_set(nguid, NVME_LAYOUT_NVME_NS_IDS__NGUID_SIZE))
		return sysfs_emit(buf, "eui.%16phN\n", nguid);
	if (mpn_id_set(eui, NVME_LAYOUT_NVME_NS_IDS__EUI64_SIZE))
		return sysfs_emit(buf, "eui.%8phN\n", eui);
	return sysfs_emit(buf, "nvme.%04x-%*phN-%*phN-%08x\n",
		mpn_subsys_vendor(subsys),
		mpn_trimmed(serial, NVME_LAYOUT_NVME_SUBSYSTEM__SERIAL_SIZE),
		serial,
		mpn_trimmed(model, NVME_LAYOUT_NVME_SUBSYSTEM__MODEL_SIZE),
		model, head->nsid);
}
static DEVICE_ATTR_RO(wwid);

static ssize_t nguid_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%pU\n",
			  mpn_own_id(mpn_dev_head(dev), NGUID));
}
static DEVICE_ATTR_RO(nguid);

/* The native file falls back to the NGUID, for old readers. */
static ssize_t uuid_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct mpn_head *head = mpn_dev_head(dev);
	const u8 *uuid = mpn_own_id(head, UUID);

	if (!mpn_id_set(uuid, NVME_LAYOUT_NVME_NS_IDS__UUID_SIZE))
		uuid = mpn_own_id(head, NGUID);
	return sysfs_emit(buf, "%pU\n", uuid);
}
static DEVICE_ATTR_RO(uuid);

static ssize_t eui_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%8ph\n",
			  mpn_own_id(mpn_dev_head(dev), EUI64));
}
static DEVICE_ATTR_RO(eui);

static ssize_t nsid_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  mpn_dev_head(dev)->nsid);
}
static DEVICE_ATTR_RO(nsid);

static ssize_t csi_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  *mpn_own_id(mpn_dev_head(dev), CSI));
}
static DEVICE_ATTR_RO(csi);

static ssize_t metadata_bytes_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(mpn_dev_head(dev)->ms));
}
static DEVICE_ATTR_RO(metadata_bytes);

/* The caller's file keeps the head. */
static int mpn_read_nuse(struct mpath_device *mdev)
{
	struct mpn_head *head = mpn_head_of(mdev->mpath_head);
	struct nvme_id_ns *id;
	int ret;

	id = kmalloc(sizeof(*id), GFP_KERNEL);
	if (!id)
		return -ENOMEM;
	ret = mpn_identify_ns(mpn_path_of(mdev)->ctrl->ctrl, head->nsid, id);
	if (!ret)
		WRITE_ONCE(head->nuse, le64_to_cpu(id->nuse));
	kfree(id);
	return ret;
}

static ssize_t nuse_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct mpn_head *head = mpn_dev_head(dev);
	unsigned long last = READ_ONCE(head->nuse_time);
	int ret;

	if (!last || time_after(jiffies, last + MPN_NUSE_INTERVAL)) {
		WRITE_ONCE(head->nuse_time, jiffies | 1);
		ret = mpath_call_for_device(&head->mpath, mpn_read_nuse);
		if (ret)
			return ret;
	}
	return sysfs_emit(buf, "%llu\n", READ_ONCE(head->nuse));
}
static DEVICE_ATTR_RO(nuse);

static ssize_t mpath_policy_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return mpath_iopolicy_show(&mpn_dev_head(dev)->policy, buf);
}

static ssize_t mpath_policy_store(struct device *dev,
				  struct device_attribute *attr,
				  const char *buf, size_t count)
{
	return mpath_head_iopolicy_store(&mpn_dev_head(dev)->mpath, buf, count);
}
static DEVICE_ATTR_RW(mpath_policy);

static ssize_t delayed_removal_secs_show(struct device *dev,
					 struct device_attribute *attr, char *buf)
{
	return mpath_delayed_removal_secs_show(&mpn_dev_head(dev)->mpath, buf);
}

static ssize_t delayed_removal_secs_store(struct device *dev,
					  struct device_attribute *attr,
					  const char *buf, size_t count)
{
	return mpath_delayed_removal_secs_store(&mpn_dev_head(dev)->mpath, buf,
						count);
}
static DEVICE_ATTR_RW(delayed_removal_secs);

/* Indexed by enum mpn_failover. */
static const char *const mpn_failover_names[] = { "off", "idempotent" };

static ssize_t passthru_failover_show(struct device *dev,
				      struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n",
		mpn_failover_names[READ_ONCE(mpn_dev_head(dev)->failover)]);
}

/* Commands that are out already go by what it says when they come back. */
static ssize_t passthru_failover_store(struct device *dev,
				       struct device_attribute *attr,
				       const char *buf, size_t count)
{
	int mode = sysfs_match_string(mpn_failover_names, buf);

	if (mode < 0)
		return mode;
	mpn_set_failover(mpn_dev_head(dev), mode);
	return count;
}
static DEVICE_ATTR_RW(passthru_failover);

/* "kept given_up": commands that failed with their path; those that ended so. */
static ssize_t passthru_failovers_show(struct device *dev,
				       struct device_attribute *attr, char *buf)
{
	struct mpn_head *head = mpn_dev_head(dev);

	return sysfs_emit(buf, "%lld %lld\n", atomic64_read(&head->failovers),
			  atomic64_read(&head->given_up));
}
static DEVICE_ATTR_RO(passthru_failovers);

static struct attribute *mpn_attrs[] = {
	&dev_attr_wwid.attr,
	&dev_attr_uuid.attr,
	&dev_attr_nguid.attr,
	&dev_attr_eui.attr,
	&dev_attr_csi.attr,
	&dev_attr_nsid.attr,
	&dev_attr_metadata_bytes.attr,
	&dev_attr_nuse.attr,
	&dev_attr_mpath_policy.attr,
	&dev_attr_delayed_removal_secs.attr,
	&dev_attr_passthru_failover.attr,
	&dev_attr_passthru_failovers.attr,
	NULL
};

static umode_t mpn_attr_visible(struct kobject *kobj, struct attribute *attr,
				int n)
{
	struct mpn_head *head = mpn_dev_head(kobj_to_dev(kobj));
	bool nguid = mpn_id_set(mpn_own_id(head, NGUID),
				NVME_LAYOUT_NVME_NS_IDS__NGUID_SIZE);

	if (attr == &dev_attr_uuid.attr && !nguid &&
	    !mpn_id_set(mpn_own_id(head, UUID),
			NVME_LAYOUT_NVME_NS_IDS__UUID_SIZE))
		return 0;
	if (attr == &dev_attr_nguid.attr && !nguid)
		return 0;
	if (attr == &dev_attr_eui.attr &&
	    !mpn_id_set(mpn_own_id(head, EUI64),
			NVME_LAYOUT_NVME_NS_IDS__EUI64_SIZE))
		return 0;
	return attr->mode;
}

static const struct attribute_group mpn_attr_group = {
	.attrs		= mpn_attrs,
	.is_visible	= mpn_attr_visible,
};

const struct attribute_group *mpn_disk_groups[] = {
	&mpn_attr_group,
	&mpath_attr_group,
	NULL
};
