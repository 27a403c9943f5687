/* SPDX-License-Identifier: MIT */
/*
 * cancel.h - tokens. The first cause wins and never changes.
 *
 * A token may have a parent: when the parent fires, the child fires with the parent's cause. A
 * child holds a reference to its parent, and its left_ms answers with the nearest deadline of its
 * line. Listeners run on the thread that fires, outside every lock, before any child fires.
 * Reference counted; the public record is the first member, so a `const exs_cancel *` is a struct
 * cancel. No descriptor is made until fd() is asked for one.
 */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

#include <stdbool.h>
#include <executus/cancel.h>

#define CANCEL_LISTENERS_MAX 4u

struct cancel;

struct cancel *cancel_new(struct cancel *parent); /* NULL: no memory; parent may be NULL */
struct cancel *cancel_ref(struct cancel *c);	  /* returns c */
void cancel_unref(struct cancel *c);		  /* takes NULL */

exs_cancel *cancel_public(struct cancel *c);
/* true: this call fired it. The caller holds a reference; `cause` is one of EXS_CAUSE_ but NONE. */
bool cancel_fire(struct cancel *c, int32_t cause);
int32_t cancel_cause(const struct cancel *c);
/* For left_ms only: firing is a timer's job. */
void cancel_set_deadline(struct cancel *c, int64_t mono_ms);
/* As exs_cancel.notify. */
exs_status cancel_notify(struct cancel *c, void (*fn)(void *), void *arg);
const char *cause_word(int32_t cause); /* "caller", "timeout", ... */

#endif
