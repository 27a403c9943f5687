/* SPDX-License-Identifier: MIT */
/* live.c - see live.h. */
#include "cli/live.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "fact/message.h"

#define ERASE	  "\r\033[K"
#define FAILED	  "the model failed, trying again"
#define WIDTH	  80u
#define ARGS_SHOW 60u /* bytes of a call's arguments */

static bool can_draw(int fd)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	return isatty(fd) == 1 && term && term[0] && strcmp(term, "dumb") != 0 && !(no && no[0]);
}

void live_init(struct live *l, struct log *log, uint32_t flags)
{
	memset(l, 0, sizeof *l);
	pthread_mutex_init(&l->lock, NULL);
	l->log = log;
	l->on = !(flags & LIVE_QUIET) && can_draw(log->fd);
	l->started_ms = clock_mono_ms();
}

void live_release(struct live *l)
{
	live_end(l);
	pthread_mutex_destroy(&l->lock);
}

void live_count(char *out, size_t size, int64_t n)
{
	if (n < 1000)
		snprintf(out, size, "%" PRId64, n);
	else if (n < 1000000)
		snprintf(out, size, "%" PRId64 ".%dk", n / 1000, (int)(n % 1000 / 100));
	else
		snprintf(out, size, "%" PRId64 ".%dm", n / 1000000, (int)(n % 1000000 / 100000));
}

void live_time(char *out, size_t size, int64_t ms)
{
	int64_t s = ms / 1000;

	if (s < 60)
		snprintf(out, size, "%" PRId64 "s", s);
	else if (s < 3600)
		snprintf(out, size, "%" PRId64 "m%02ds", s / 60, (int)(s % 60));
	else
		snprintf(out, size, "%" PRId64 "h%02dm", s / 3600, (int)(s % 3600 / 60));
}

/* ---- noting ---- */

static void note(struct live *l, exs_str text)
{
	struct buf b;

	buf_init(&b, sizeof l->what - 1);
	text_one_line(&b, text, sizeof l->what - 1);
	memcpy(l->what, b.p, b.n);
	l->what[b.n] = '\0';
	buf_release(&b);
}

/* "grep {"pattern":"TODO"} and 2 more" */
static void note_calls(struct live *l, exs_str message)
{
	struct message_calls calls;
	struct message_call call;
	struct buf b, args;
	uint32_t n = 0;

	buf_init(&b, CLI_STAT_MAX);
	buf_init(&args, EXS_TOOL_ARGS_MAX);
	for (message_calls_init(&calls, message); message_calls_next(&calls, &call); n++) {
		if (n)
			continue;
		json_text(call.name, &b);
		json_text(call.arguments, &args);
		buf_puts(&b, " ");
		text_one_line(&b, buf_view(&args), ARGS_SHOW);
	}
	if (n > 1)
		buf_printf(&b, " and %u more", n - 1);
	if (n)
		note(l, buf_view(&b));
	buf_release(&args);
	buf_release(&b);
}

void live_fact(struct live *l, const exs_fact *f)
{
	exs_str message;

	pthread_mutex_lock(&l->lock);
	if (f->usage)
		l->tokens += f->usage->in_tokens + f->usage->out_tokens;
	if (f->step > l->step)
		l->step = f->step;
	if (f->kind == EXS_FACT_CALL_ENDED)
		l->calls++;
	if (f->kind == EXS_FACT_TURN_STARTED)
		note(l, f->name);
	if (f->kind == EXS_FACT_TURN_FAILED)
		note(l, str_of(FAILED));
	if (f->kind == EXS_FACT_TURN_ENDED && json_get_object(f->body, "message", &message))
		note_calls(l, message);
	pthread_mutex_unlock(&l->lock);
	if (f->kind == EXS_FACT_RUN_ENDED || f->kind == EXS_FACT_RUN_PARKED)
		live_end(l);
}

/* The end of the line that the model writes, as much of it as is shown. */
static void add_said(struct live *l, exs_str text)
{
	const char *newline = memrchr(text.p, '\n', text.n);
	size_t from;
	struct buf b;

	buf_init(&b, l->said_n + text.n + 1);
	if (!newline)
		buf_put(&b, l->said, l->said_n);
	else
		text = str_n(newline + 1, text.n - (size_t)(newline + 1 - text.p));
	buf_str(&b, text);
	from = b.n > sizeof l->said ? b.n - sizeof l->said : 0;
	while (from < b.n && from > 0 && ((unsigned char)b.p[from] & 0xc0) == 0x80)
		from++;
	l->said_n = b.n - from;
	memcpy(l->said, b.p + from, l->said_n);
	buf_release(&b);
}

void live_delta(struct live *l, int32_t step, exs_str text)
{
	pthread_mutex_lock(&l->lock);
	if (step != l->said_step || !text.n)
		l->said_n = 0;
	l->said_step = step;
	add_said(l, text);
	if (!text.n)
		note(l, str_of(FAILED));
	else if (str_trim(str_n(l->said, l->said_n)).n)
		note(l, str_n(l->said, l->said_n));
	pthread_mutex_unlock(&l->lock);
}

/* ---- drawing ---- */

static void compose(struct live *l, struct buf *line)
{
	char tokens[32], seconds[32];
	struct buf text;

	live_count(tokens, sizeof tokens, l->tokens);
	live_time(seconds, sizeof seconds, clock_mono_ms() - l->started_ms);
	buf_init(&text, LIVE_LINE_MAX);
	buf_printf(&text, "step %" PRId32, l->step);
	if (l->what[0])
		buf_printf(&text, " · %s", l->what);
	buf_printf(&text, " · %" PRId64 " call%s · %s tokens · %s", l->calls,
		   l->calls == 1 ? "" : "s", tokens, seconds);
	buf_puts(line, ERASE);
	/* In bytes, of which there are at least as many as columns: never more than one line. */
	text_one_line(line, buf_view(&text), out_width(l->log->fd, WIDTH) - 1);
	buf_release(&text);
}

void live_draw(struct live *l)
{
	struct buf line;

	pthread_mutex_lock(&l->lock);
	if (l->on) {
		buf_init(&line, LIVE_LINE_MAX * 2);
		compose(l, &line);
		if (write(l->log->fd, line.p, line.n) < 0)
			l->on = false;
		atomic_store(&l->log->live_line, 1);
		buf_release(&line);
	}
	pthread_mutex_unlock(&l->lock);
}

void live_end(struct live *l)
{
	pthread_mutex_lock(&l->lock);
	if (l->on && atomic_exchange(&l->log->live_line, 0) &&
	    write(l->log->fd, ERASE, sizeof ERASE - 1) < 0)
		l->log->live_line = 0;
	l->on = false;
	pthread_mutex_unlock(&l->lock);
}
