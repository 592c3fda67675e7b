// SPDX-License-Identifier: GPL-2.0
/* Words of a command into structs of longs. */
#include <linux/kstrtox.h>
#include <linux/string.h>

#include "fake.h"

static const struct {
	const char *name;
	blk_status_t status;
} fake_statuses[] = {
	{ "ok",		BLK_STS_OK },
	{ "notsupp",	BLK_STS_NOTSUPP },
	{ "timeout",	BLK_STS_TIMEOUT },
	{ "nospc",	BLK_STS_NOSPC },
	{ "transport",	BLK_STS_TRANSPORT },
	{ "target",	BLK_STS_TARGET },
	{ "resv",	BLK_STS_RESV_CONFLICT },
	{ "medium",	BLK_STS_MEDIUM },
	{ "protection",	BLK_STS_PROTECTION },
	{ "resource",	BLK_STS_RESOURCE },
	{ "again",	BLK_STS_AGAIN },
	{ "offline",	BLK_STS_OFFLINE },
	{ "io",		BLK_STS_IOERR },
};

int fake_parse_status(const char *value, long *result)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(fake_statuses); i++) {
		if (!strcmp(value, fake_statuses[i].name)) {
			*result = (__force u8)fake_statuses[i].status;
			return 0;
		}
	}
	return -EINVAL;
}

static const struct {
	const char *name;
	int value;
} fake_errnos[] = {
	{ "EIO", EIO }, { "ENXIO", ENXIO }, { "EAGAIN", EAGAIN },
	{ "ENOMEM", ENOMEM }, { "EBUSY", EBUSY }, { "ENODEV", ENODEV },
	{ "EINVAL", EINVAL }, { "ENOTTY", ENOTTY },
	{ "ESHUTDOWN", ESHUTDOWN }, { "EOPNOTSUPP", EOPNOTSUPP },
};

/* A name gives the negative number, as a driver returns it. */
int fake_parse_errno(const char *value, long *result)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(fake_errnos); i++) {
		if (!strcmp(value, fake_errnos[i].name)) {
			*result = -fake_errnos[i].value;
			return 0;
		}
	}
	return kstrtol(value, 0, result);
}

/**
 * fake_options_parse() - one word "NAME=VALUE", or "NAME" for 1
 * @options: ends with a NULL name
 * @base: the struct that their offsets are of
 * @word: is not changed
 * @which: the one it was
 */
int fake_options_parse(const struct fake_option *options, void *base,
		       const char *word, const struct fake_option **which)
{
	const char *value = strchr(word, '=');
	size_t len = value ? value - word : strlen(word);
	const struct fake_option *o;
	long n = 1;
	int ret = 0;

	for (o = options; o->name; o++)
		if (strlen(o->name) == len && !strncmp(o->name, word, len))
			break;
	if (!o->name)
		return -EINVAL;
	if (value)
		ret = o->parse ? o->parse(value + 1, &n) :
				 kstrtol(value + 1, 0, &n);
	if (ret)
		return ret;
	WRITE_ONCE(*(long *)(base + o->offset), n);
	if (which)
		*which = o;
	return 0;
}
