/* SPDX-License-Identifier: MIT */
/*
 * status.h - the closed list of outcomes, and the record that explains one to a person.
 *
 * A function that can fail returns exs_status and takes an exs_err last. The caller owns the record
 * and sets `size` (EXS_ERR_INIT does); the callee fills it only on failure, with one sentence for the
 * person who edits the conf: what is wrong, where, and what to do. `err` is never NULL in the contract.
 * The list is closed: a newer host never hands an unknown status to an older battery.
 */
#ifndef EXECUTUS_STATUS_H
#define EXECUTUS_STATUS_H

#include <executus/abi.h>

EXS_BEGIN

typedef int32_t exs_status;

/* name, number, word, what it means */
#define EXS_STATUS_LIST(X)                                                                         \
	X(OK, 0, "ok", "it worked")                                                                \
	X(INVALID, 1, "invalid", "an argument or setting is wrong; the same call fails again")     \
	X(NOMEM, 2, "no memory", "memory could not be had")                                        \
	X(IO, 3, "i/o", "the world did not answer as it should; sys holds errno")                  \
	X(NOTFOUND, 4, "not found", "there is no such thing")                                      \
	X(DENIED, 5, "denied", "a rule forbids it")                                                \
	X(CANCELLED, 6, "cancelled", "the token fired")                                            \
	X(AGAIN, 7, "try again", "not now; retry_after_ms says when")                              \
	X(UNSUPPORTED, 8, "unsupported", "this side cannot do that")                               \
	X(CONFLICT, 9, "conflict", "a condition did not hold; at names the operation")             \
	X(CORRUPT, 10, "corrupt", "stored bytes are not what was written")                         \
	X(TOOBIG, 11, "too big", "over a named bound")                                             \
	X(LOST, 12, "lost", "the other side is gone")                                              \
	X(INTERNAL, 13, "internal", "a promise of our own code was broken")

enum {
#define EXS_X(name, number, word, meaning) EXS_##name = number,
	EXS_STATUS_LIST(EXS_X)
#undef EXS_X
		EXS_STATUS_COUNT = 14
};

/* Classes of a failure: what the kernel may do about it. */
enum {
	EXS_CLASS_NONE = 0,      /* judged by the status alone */
	EXS_CLASS_TRANSIENT = 1, /* the same call may work later */
	EXS_CLASS_PERMANENT = 2, /* the same call fails again */
	EXS_CLASS_NO_MODEL = 3,  /* that model is not there: try the next one of the tier */
	EXS_CLASS_LIMIT = 4,     /* a quota or rate limit; retry_after_ms may say when */
	EXS_CLASS_TRUNCATED = 5, /* the answer broke off; nothing of it may be believed */
	EXS_CLASS_NOT_DONE = 6   /* nothing left this process: no effect happened */
};

typedef struct exs_err {
	uint32_t size;
	exs_status status;
	int32_t sys;            /* errno, or 0 */
	int32_t klass;          /* EXS_CLASS_ */
	int64_t retry_after_ms; /* 0: not said */
	int64_t at;             /* CONFLICT: index of the operation; a byte or line elsewhere; -1: none */
	char text[240];         /* one sentence, NUL-terminated, UTF-8 */
} exs_err;

#define EXS_ERR_INIT                                                                               \
	{                                                                                          \
		(uint32_t)sizeof(exs_err), 0, 0, 0, 0, -1,                                         \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}

EXS_END

#endif
