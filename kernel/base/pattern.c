/* SPDX-License-Identifier: MIT */
/* pattern.c - see pattern.h. */
#include "base/pattern.h"

#include "base/log.h"

exs_status pattern_compile(const char *pattern, regex_t *out, exs_err *err)
{
	int code = regcomp(out, pattern, REG_EXTENDED | REG_NEWLINE);
	char why[128];

	if (code == REG_ESPACE)
		return err_set(err, EXS_NOMEM, 0, "no memory for a pattern");
	if (code) {
		regerror(code, out, why, sizeof why);
		return err_set(err, EXS_INVALID, 0, "is no extended regular expression: %s", why);
	}
	code = regexec(out, "", 0, NULL, 0);
	if (code == REG_NOMATCH)
		return EXS_OK;
	regfree(out);
	if (code)
		return err_set(err, EXS_NOMEM, 0, "no memory to try a pattern");
	return err_set(err, EXS_INVALID, 0, "fits the empty text and would be found everywhere");
}
