/* SPDX-License-Identifier: MIT */
/* test_services_store.c - the store as a battery sees it: a name space of its own, with bounds. */
#include "services_kit.h"

static exs_status commit_one(struct box *b, struct instance *in, int32_t kind, const char *key,
			     exs_str value, int64_t bound)
{
	exs_op op = { sizeof op, kind, S(key), value, 1, bound };
	const exs_op *ops[] = { &op };

	b->err = (exs_err)EXS_ERR_INIT;
	return in->store_svc.commit(&in->store_svc, ops, 1, &b->err);
}

static exs_status get(struct box *b, struct instance *in, exs_str key, char out[64])
{
	exs_membuf value;
	exs_status status;

	exs_membuf_init(&value, 63);
	b->err = (exs_err)EXS_ERR_INIT;
	status = in->store_svc.get(&in->store_svc, key, &value.sink, &b->err);
	snprintf(out, 64, "%s", value.p ? value.p : "");
	exs_membuf_release(&value);
	return status;
}

static void two_instances_never_meet(void **state)
{
	struct box *b = *state;
	char value[64];

	assert_int_equal(commit_one(b, b->in, EXS_OP_PUT, "name", S("re's"), INT64_MAX), EXS_OK);
	assert_int_equal(get(b, b->other, S("name"), value), EXS_NOTFOUND);
	assert_int_equal(commit_one(b, b->other, EXS_OP_PUT, "name", S("other's"), INT64_MAX),
			 EXS_OK);
	assert_int_equal(get(b, b->in, S("name"), value), EXS_OK);
	assert_string_equal(value, "re's");
	assert_int_equal(commit_one(b, b->other, EXS_OP_DEL, "name", S(NULL), INT64_MAX), EXS_OK);
	assert_int_equal(get(b, b->in, S("name"), value), EXS_OK);
	assert_int_equal(commit_one(b, b->other, EXS_OP_CHECK, "name", S(NULL), INT64_MAX), EXS_OK);
	assert_int_equal(commit_one(b, b->in, EXS_OP_CHECK, "name", S(NULL), INT64_MAX),
			 EXS_CONFLICT);
	assert_int_equal(b->err.at, 0);
	assert_int_equal(commit_one(b, b->in, EXS_OP_CHECK, "name", S("re's"), INT64_MAX), EXS_OK);
}

struct seen {
	char keys[256];
	int rows;
	exs_status answer;
};

static exs_status see(void *arg, exs_str key, exs_str value)
{
	struct seen *s = arg;
	size_t n = strlen(s->keys);

	snprintf(s->keys + n, sizeof s->keys - n, "%.*s=%.*s ", (int)key.n, key.p, (int)value.n,
		 value.n ? value.p : "");
	s->rows++;
	return s->answer;
}

static void a_scan_gives_keys_without_the_prefix_and_stays_in_the_name_space(void **state)
{
	struct box *b = *state;
	const exs_store_svc *svc = &b->other->store_svc;
	struct seen s = { .rows = 0 };

	assert_int_equal(commit_one(b, b->other, EXS_OP_PUT, "a", S("1"), INT64_MAX), EXS_OK);
	assert_int_equal(commit_one(b, b->other, EXS_OP_PUT, "b1", S("2"), INT64_MAX), EXS_OK);
	assert_int_equal(commit_one(b, b->other, EXS_OP_PUT, "b2", S("3"), INT64_MAX), EXS_OK);
	assert_int_equal(svc->scan(svc, S(""), S(""), 0, see, &s, &b->err), EXS_OK);
	assert_string_equal(s.keys, "a=1 b1=2 b2=3 ");
	s = (struct seen){ .rows = 0 };
	assert_int_equal(svc->scan(svc, S("b"), S("b2"), 0, see, &s, &b->err), EXS_OK);
	assert_string_equal(s.keys, "b2=3 ");
	s = (struct seen){ .rows = 0 };
	assert_int_equal(svc->scan(svc, S(""), S("b1"), EXS_SCAN_REVERSE, see, &s, &b->err),
			 EXS_OK);
	assert_string_equal(s.keys, "b1=2 a=1 ");
	s = (struct seen){ .answer = EXS_DENIED };
	assert_int_equal(svc->scan(svc, S(""), S(""), EXS_SCAN_KEYS, see, &s, &b->err), EXS_DENIED);
	assert_int_equal(s.rows, 1);
	s = (struct seen){ .answer = 999 };
	assert_int_equal(svc->scan(svc, S(""), S(""), 0, see, &s, &b->err), EXS_INTERNAL);
	assert_int_equal(b->host->store->failures, 0);
}

static void refuses_keys_that_are_empty_or_too_long(void **state)
{
	struct box *b = *state;
	const exs_store_svc *svc = &b->other->store_svc;
	char long_key[EXS_STORE_KEY_MAX + 1], value[64];
	struct seen s = { .rows = 0 };

	memset(long_key, 'k', sizeof long_key);
	assert_int_equal(get(b, b->other, S(""), value), EXS_INVALID);
	assert_int_equal(get(b, b->other, str_n(long_key, 480), value), EXS_TOOBIG);
	assert_non_null(strstr(b->err.text, "480 bytes; 472 are possible"));
	assert_int_equal(get(b, b->other, str_n(long_key, 472), value), EXS_NOTFOUND);
	assert_int_equal(svc->scan(svc, str_n(long_key, 480), S(""), 0, see, &s, &b->err),
			 EXS_TOOBIG);
	assert_int_equal(svc->scan(svc, S(""), str_n(long_key, 480), 0, see, &s, &b->err),
			 EXS_TOOBIG);
	assert_int_equal(commit_one(b, b->other, EXS_OP_PUT, "", S("v"), INT64_MAX), EXS_INVALID);
	long_key[480] = '\0';
	assert_int_equal(commit_one(b, b->other, EXS_OP_CHECK, long_key, S("v"), INT64_MAX),
			 EXS_TOOBIG);
	assert_int_equal(b->err.at, 0);
}

static void a_commit_of_nothing_or_of_nonsense_is_refused(void **state)
{
	struct box *b = *state;
	const exs_store_svc *svc = &b->other->store_svc;

	assert_int_equal(svc->commit(svc, NULL, 0, &b->err), EXS_INVALID);
	assert_int_equal(commit_one(b, b->other, 9, "k", S("v"), INT64_MAX), EXS_INVALID);
	assert_non_null(strstr(b->err.text, "no operation has the kind 9"));
}

static void a_bounded_sum_of_its_own_conflicts_at_its_bound(void **state)
{
	struct box *b = *state;

	assert_int_equal(commit_one(b, b->other, EXS_OP_ADD, "n", S(NULL), 2), EXS_OK);
	assert_int_equal(commit_one(b, b->other, EXS_OP_ADD, "n", S(NULL), 2), EXS_OK);
	assert_int_equal(commit_one(b, b->other, EXS_OP_ADD, "n", S(NULL), 2), EXS_CONFLICT);
}

static void what_a_batch_holds_is_there_once_it_is_committed(void **state)
{
	struct box *b = *state;
	exs_trail *t = (exs_trail *)(void *)b->in->self;
	char value[64];

	b->facts.open_to = &b->other->store_svc;
	assert_int_equal(b->other->store_svc.batch_put(&b->other->store_svc,
						       batch_public(&b->facts), S("row"), S("7"),
						       &b->err),
			 EXS_OK);
	b->facts.open_to = NULL;
	assert_int_equal(call_audit_record(b->in, t, NULL, &b->facts, &b->err), EXS_OK);
	assert_int_equal(get(b, b->other, S("row"), value), EXS_NOTFOUND);
	assert_int_equal(call_store_commit(b->host->store, &b->facts, &b->err), EXS_OK);
	assert_int_equal(b->facts.n, 0);
	assert_int_equal(get(b, b->other, S("row"), value), EXS_OK);
	assert_string_equal(value, "7");
	assert_int_equal(get(b, b->in, S("sum"), value), EXS_OK);
}

static void a_store_that_is_lost_says_so_through_every_door(void **state)
{
	struct box *b = *state;
	struct seen s = { .rows = 0 };
	char value[64];

	b->host->store->lost = true;
	assert_int_equal(get(b, b->other, S("k"), value), EXS_LOST);
	assert_int_equal(
		b->other->store_svc.scan(&b->other->store_svc, S(""), S(""), 0, see, &s, &b->err),
		EXS_LOST);
	assert_int_equal(commit_one(b, b->other, EXS_OP_PUT, "k", S("v"), INT64_MAX), EXS_LOST);
	assert_non_null(strstr(b->err.text, "battery 'keep' is lost"));
	b->host->store->lost = false;
}

static void the_store_has_no_store_service(void **state)
{
	struct box *b = *state;
	const exs_host *pub = &b->host->store->pub;

	assert_null(pub->service(pub, EXS_SVC_STORE));
	assert_non_null(pub->service(pub, EXS_SVC_RUN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(two_instances_never_meet),
		CASE(a_scan_gives_keys_without_the_prefix_and_stays_in_the_name_space),
		CASE(refuses_keys_that_are_empty_or_too_long),
		CASE(a_commit_of_nothing_or_of_nonsense_is_refused),
		CASE(a_bounded_sum_of_its_own_conflicts_at_its_bound),
		CASE(what_a_batch_holds_is_there_once_it_is_committed),
		CASE(a_store_that_is_lost_says_so_through_every_door),
		CASE(the_store_has_no_store_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
