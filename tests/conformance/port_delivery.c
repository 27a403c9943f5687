/* SPDX-License-Identifier: MIT */
/*
 * port_delivery.c - the contract of the delivery port, held against any battery that fills it.
 *
 * Words: @target=TEXT is the target of every parcel, @reached=no says that nobody is there to take
 * them, so that only the manner of failing is held to the contract.
 */
#include "conformance/subject.h"

#include <executus/port/delivery.h>

#include "base/cancel.h"

#define WAIT_MS 30000

static struct subject subject;

struct fixture {
	struct opened o;
	const exs_delivery *port;
	struct cancel *cancel;
	exs_run_info run;
	exs_parcel parcel;
	bool reached;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	subject_open(&subject, EXS_PORT_DELIVERY, &f->o);
	f->port = f->o.port;
	f->cancel = cancel_new(NULL);
	f->reached = strcmp(subject_word(&subject, "reached", "yes"), "yes") == 0;
	f->run = double_run_info("run-a");
	f->parcel = (exs_parcel){
		.size = sizeof f->parcel,
		.on = EXS_ENDED_OK,
		.attempt = 1,
		.run = &f->run,
		.kind = "subject",
		.target = subject_word(&subject, "target", ""),
		.id = "run-a.1",
		.status = "ok",
		.output = exs_cstr("It works.\n"),
		.error = exs_cstr(""),
		.result = exs_cstr("{\"status\":\"ok\",\"output\":\"It works.\\n\"}"),
	};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cancel_unref(f->cancel);
	subject_close(&f->o);
	free(f);
	return 0;
}

/* Delivers and holds the answer to the contract; returns its status. */
static exs_status deliver(struct fixture *f, struct double_done *d)
{
	double_done_init(d, 1u << 20);
	f->port->deliver(f->o.self, &f->parcel, cancel_public(f->cancel), d->done);
	assert_true(double_done_wait(d, WAIT_MS));
	assert_int_equal(d->ends, 1);
	assert_false(d->has_usage);
	if (d->status != EXS_OK)
		assert_string_not_equal(d->err.text, "");
	return d->status;
}

static void assert_delivered(struct fixture *f)
{
	struct double_done d;
	exs_status s = deliver(f, &d);

	if (f->reached && s != EXS_OK)
		fail_msg("deliver: %s", d.err.text);
	double_done_release(&d);
}

/* ---- claims ---- */

static void delivers_and_ends_once(void **state)
{
	assert_delivered(*state);
}

static void delivers_every_status(void **state)
{
	static const struct {
		int32_t on;
		const char *word;
	} ends[] = {
#define EXS_X(name, number, word) { number, word },
		EXS_RUN_STATUS_LIST(EXS_X)
#undef EXS_X
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 1; i < sizeof ends / sizeof *ends; i++) {
		f->parcel.on = ends[i].on;
		f->parcel.status = ends[i].word;
		if (ends[i].on != EXS_ENDED_OK)
			f->parcel.error = exs_cstr("the model did not answer");
		assert_delivered(f);
	}
}

static void delivers_an_empty_output(void **state)
{
	struct fixture *f = *state;

	f->parcel.output = exs_bytes(NULL, 0);
	assert_delivered(f);
	f->parcel.on = EXS_ENDED_CANCELLED;
	f->parcel.status = "cancelled";
	assert_delivered(f);
}

static void delivers_a_long_output_without_a_newline(void **state)
{
	struct fixture *f = *state;
	size_t n = 200000;
	char *text = malloc(n);

	assert_non_null(text);
	memset(text, 'x', n);
	f->parcel.output = exs_bytes(text, n);
	assert_delivered(f);
	free(text);
}

static void a_repeated_id_ends_as_the_first_did(void **state)
{
	struct fixture *f = *state;
	struct double_done first, again;
	exs_status s = deliver(f, &first);

	f->parcel.attempt = 2;
	assert_int_equal(deliver(f, &again), s);
	if (s == EXS_OK) {
		assert_int_equal(again.out.n, first.out.n);
		assert_true(first.out.n == 0 || !memcmp(again.out.p, first.out.p, first.out.n));
	}
	double_done_release(&first);
	double_done_release(&again);
}

static void ends_when_the_token_has_fired_before(void **state)
{
	struct fixture *f = *state;
	struct double_done d;
	exs_status s;

	cancel_fire(f->cancel, EXS_CAUSE_SHUTDOWN);
	s = deliver(f, &d);
	assert_true(s == EXS_CANCELLED || s == EXS_OK || !f->reached);
	double_done_release(&d);
}

int main(int argc, char **argv)
{
#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CLAIM(delivers_and_ends_once),
		CLAIM(delivers_every_status),
		CLAIM(delivers_an_empty_output),
		CLAIM(delivers_a_long_output_without_a_newline),
		CLAIM(a_repeated_id_ends_as_the_first_did),
		CLAIM(ends_when_the_token_has_fired_before),
	};
	int bad = subject_args(&subject, argc, argv);

	return bad ? bad : cmocka_run_group_tests(tests, NULL, NULL);
}
