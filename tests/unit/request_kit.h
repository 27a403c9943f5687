/* SPDX-License-Identifier: MIT */
/*
 * request_kit.h - what every dialect's request is made from. It includes what dialects share, so that the test of one
 * is compiled with it; FIXTURE_OWN, when defined before, is what its fixture has besides.
 */
#ifndef TEST_REQUEST_KIT_H
#define TEST_REQUEST_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/json.h"

#include "../../plugins/common_json/scan.c"
#include "../../plugins/common_json/text.c"
#include "../../plugins/common_model/arguments.c"
#include "../../plugins/common_model/body.c"
#include "../../plugins/common_model/cache.c"
#include "../../plugins/common_model/image.c"
#include "../../plugins/common_model/messages.c"
#include "../../plugins/common_model/segments.c"
#include "../../plugins/common_model/settings.h"
#include "../../plugins/common_model/tools.c"

#define MESSAGES_MAX 12
#define USER(t)	     "{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"" t "\"}]}"

#ifndef FIXTURE_OWN
#define FIXTURE_OWN
#endif

struct fixture {
	struct cache cache;
	struct body body;
	struct text out; /* all of it in one piece */
	exs_str messages[MESSAGES_MAX];
	exs_turn turn;
	exs_err err;
	FIXTURE_OWN
};

/* The dialect's, of its own file. */
exs_status request_write(const struct settings *set, uint32_t flags, const exs_turn *turn,
			 struct body *body, exs_err *err);

/* One message of the user: "hi". */
static struct fixture *fixture_new(void)
{
	static struct fixture f;

	memset(&f, 0, sizeof f);
	cache_init(&f.cache);
	body_init(&f.body, &f.cache);
	text_init(&f.out, REQUEST_MAX);
	f.err.size = sizeof f.err;
	f.messages[0] = exs_cstr(USER("hi"));
	f.turn = (exs_turn){ sizeof f.turn,  1, NULL, "m", exs_cstr(""), f.messages, 1, 7,
			     exs_cstr("[]"), 0 };
	return &f;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	text_release(&f->out);
	body_release(&f->body);
	cache_release(&f->cache);
	return 0;
}

static exs_status write_of(struct fixture *f, const struct settings *set, uint32_t flags)
{
	exs_status status;
	size_t i;
	char c;

	text_clear(&f->out);
	status = request_write(set, flags, &f->turn, &f->body, &f->err);
	for (i = 0; i < body_size(&f->body); i++) {
		body_copy(&f->body, i, 1, &c);
		text_add(&f->out, &c, 1);
	}
	body_release(&f->body);
	return status;
}

/* The request that was written: it passes the gate. */
static const char *sound(struct fixture *f, exs_status status)
{
	assert_int_equal(status, EXS_OK);
	assert_int_equal(json_check_object(text_view(&f->out), JSON_DEPTH_MAX, &f->err), EXS_OK);
	return f->out.mem.p;
}

#endif
