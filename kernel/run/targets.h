/* SPDX-License-Identifier: MIT */
/*
 * targets.h - how the models of the conf are doing, for all runs of this process together: which one
 * rests after failures, which one asked for a pause, and how many tokens its bytes are.
 *
 * A target is "BATTERY/MODEL". Nothing here is stored: whether a server is well is news of this
 * process. What a run did because of it stands in its facts. Any thread; a leaf lock.
 */
#ifndef RUN_TARGETS_H
#define RUN_TARGETS_H

#include <executus/status.h>

#define TARGETS_MAX	   512u	  /* as many as tiers can name; of further ones nothing is known */
#define TARGET_FAILURES	   2	  /* transient ones in a row after which it rests */
#define TARGET_REST_MS	   5000	  /* the first rest; each further one is twice as long, up to */
#define TARGET_REST_MAX_MS 300000 /* this */
#define TARGET_TRY_MS	   5000	  /* behind a rest one run tries it, for so long others ask another */
#define TARGET_PASS_MS	   5000	 /* a longer pause is not waited for while another target is there */
#define TARGET_PAUSE_MAX_MS 60000 /* a longer one never: it is a rest */

struct targets;
struct log;

struct targets *targets_new(struct log *log); /* NULL: no memory */
void targets_free(struct targets *t);	      /* takes NULL */

/*
 * Which of the names to ask now, from `from` on: the first that neither rests nor has asked for a
 * long pause; without such a one that with the shortest pause. Of a model whose rest is over only one run
 * gets to hear, until it answered or TARGET_TRY_MS are over. now_ms: monotonic, as everywhere here.
 */
uint32_t targets_choose(struct targets *t, char *const *names, uint32_t n, uint32_t from,
			int64_t now_ms);
/* How long nobody is to ask it, as it said to any run; 0: now. */
int64_t targets_pause_ms(struct targets *t, const char *name, int64_t now_ms);

/* It answered. in_tokens as it reported them for a request of so many bytes; 0: not known. */
void targets_answered(struct targets *t, const char *name, int64_t bytes, int64_t in_tokens);
/* It did not, but may later. after_ms: the pause that it asked for, 0: none. */
void targets_failed(struct targets *t, const char *name, int64_t after_ms, int64_t now_ms);

/* Tokens of a request of so many bytes, as far as that is known of this target. */
int64_t targets_tokens(struct targets *t, const char *name, int64_t bytes);

#endif
