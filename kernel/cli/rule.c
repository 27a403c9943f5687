/* SPDX-License-Identifier: MIT */
/* rule.c - see rule.h. */
#include "cli/rule.h"

#include <string.h>

#include "base/log.h"
#include "conf/conf.h"
#include "conf/units.h"

#define STATUS_MAX 32u

static exs_status take_number(const struct opts *o, enum option_id id,
			      exs_status (*read)(const char *, int64_t *, exs_err *), int64_t *out,
			      exs_err *err)
{
	const char *text = opts_value(o, id);
	exs_err why = EXS_ERR_INIT;

	if (!text)
		return EXS_OK;
	if (read(text, out, &why))
		return err_set(err, EXS_INVALID, 0, "--%s: %s", opts_options[id].name, why.text);
	if (*out > 0)
		return EXS_OK;
	return err_set(err, EXS_INVALID, 0, "--%s: it must be greater than 0",
		       opts_options[id].name);
}

/* "ok,error" */
static exs_status take_statuses(const char *text, uint32_t *out, exs_err *err)
{
	size_t n;

	for (; text && *text; text += n + (text[n] == ',')) {
		char word[STATUS_MAX] = "";
		uint32_t bit = 0;

		n = strcspn(text, ",");
		if (n < sizeof word) {
			memcpy(word, text, n);
			bit = conf_retention_status(word);
		}
		if (!bit)
			return err_set(err, EXS_INVALID, 0,
				       "--status: no run ends with '%.*s': write ok, error, "
				       "cancelled and so on, several with commas",
				       n > 40 ? 40 : (int)n, text);
		*out |= bit;
	}
	return EXS_OK;
}

exs_status rule_read(const struct opts *o, struct retain_rule *out, bool *given, exs_err *err)
{
	const char *status = opts_value(o, OPT_STATUS), *agent = opts_value(o, OPT_AGENT);

	*out = (struct retain_rule){ .agent = agent };
	if (take_number(o, OPT_OLDER_THAN, units_duration, &out->max_age_ms, err) ||
	    take_number(o, OPT_KEEP, units_int, &out->max_count, err) ||
	    take_number(o, OPT_MAX_BYTES, units_size, &out->max_bytes, err) ||
	    take_statuses(status, &out->statuses, err))
		return err->status;
	*given = out->max_age_ms || out->max_count || out->max_bytes;
	if (*given || (!status && !agent))
		return EXS_OK;
	return err_set(err, EXS_INVALID, 0,
		       "--status and --agent choose among runs: add --older-than, --keep or "
		       "--max-bytes");
}
