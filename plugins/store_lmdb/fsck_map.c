/* SPDX-License-Identifier: MIT */
/* fsck_map.c - one map of the file: its tree from the root, page by page, in the order of its keys. See fsck.h. */
#include <stdlib.h>
#include <unistd.h>

#include "fsck.h"

struct walk {
	struct fsck *f;
	const char *name;
	bool numbers; /* keys are, and values list free pages */
	struct fsck_map found;
	unsigned char last[FSCK_KEY_MAX]; /* the key that was passed last */
	size_t last_n;
	bool any;
};

struct node {
	const unsigned char *key, *value;
	size_t key_n, value_n;
	unsigned flags;
	uint64_t child; /* of a branch */
};

static uint16_t get16(const unsigned char *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static uint64_t get64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static bool read_page(struct walk *w, uint64_t page, unsigned char *to)
{
	off_t at = (off_t)(page * w->f->page_bytes);
	ssize_t n = pread(w->f->fd, to, w->f->page_bytes, at);

	if (n == (ssize_t)w->f->page_bytes)
		return true;
	fsck_damage(w->f, "page %llu of map '%s' cannot be read", (unsigned long long)page, w->name);
	return false;
}

static int compare(const struct walk *w, const unsigned char *a, size_t a_n, const unsigned char *b,
		   size_t b_n)
{
	size_t n = a_n < b_n ? a_n : b_n;
	int c;

	if (w->numbers && a_n == sizeof(uint64_t) && b_n == sizeof(uint64_t))
		return get64(a) < get64(b) ? -1 : get64(a) > get64(b);
	c = memcmp(a, b, n);
	return c ? c : (a_n > b_n) - (a_n < b_n);
}

/* ---- a page ---- */

static unsigned keys_of(const unsigned char *page)
{
	return (get16(page + 12) - PAGE_HEAD) / 2u;
}

static bool check_head(struct walk *w, uint64_t number, const unsigned char *page, unsigned flags)
{
	unsigned lower = get16(page + 12), upper = get16(page + 14);

	if (get64(page) == number && get16(page + 10) == flags && lower >= PAGE_HEAD &&
	    lower % 2 == 0 && lower <= upper && upper <= w->f->page_bytes)
		return true;
	fsck_damage(w->f, "page %llu of map '%s' is no %s page", (unsigned long long)number, w->name,
		    flags == PAGE_LEAF ? "leaf" : "branch");
	return false;
}

static bool get_node(struct walk *w, uint64_t number, const unsigned char *page, unsigned i,
		     bool leaf, struct node *out)
{
	size_t at = get16(page + PAGE_HEAD + 2u * i), room = w->f->page_bytes, n;
	const unsigned char *p = page + at;

	if (at < get16(page + 14) || at + NODE_HEAD > room)
		goto damaged;
	out->flags = leaf ? get16(p + 4) : 0;
	out->key_n = get16(p + 6);
	out->key = p + NODE_HEAD;
	out->value = out->key + out->key_n;
	out->value_n = get16(p) | (size_t)get16(p + 2) << 16;
	out->child = out->value_n | (uint64_t)get16(p + 4) << 32;
	n = !leaf ? 0 : out->flags & NODE_BIG ? sizeof(uint64_t) : out->value_n;
	if (out->key_n > FSCK_KEY_MAX || at + NODE_HEAD + out->key_n + n > room)
		goto damaged;
	return true;
damaged:
	fsck_damage(w->f, "row %u of page %llu of map '%s' does not fit its page", i,
		    (unsigned long long)number, w->name);
	return false;
}

/* ---- values ---- */

/* The first of the pages says how many there are. */
static bool take_overflow(struct walk *w, const struct node *node)
{
	uint64_t first = get64(node->value), i;
	uint64_t n = (PAGE_HEAD - 1 + node->value_n) / w->f->page_bytes + 1;
	unsigned char head[PAGE_HEAD];
	uint32_t said;

	for (i = 0; i < n; i++)
		if (!fsck_take(w->f, first + i, PAGE_USED, w->name))
			return false;
	w->found.overflows += n;
	if (pread(w->f->fd, head, sizeof head, (off_t)(first * w->f->page_bytes)) !=
	    (ssize_t)sizeof head)
		memset(head, 0, sizeof head);
	memcpy(&said, head + 12, sizeof said);
	if (get64(head) == first && get16(head + 10) == PAGE_OVERFLOW && said == n)
		return true;
	fsck_damage(w->f, "page %llu of map '%s' does not begin a value of %llu pages",
		    (unsigned long long)first, w->name, (unsigned long long)n);
	return false;
}

static void take_free(struct walk *w, const unsigned char *list, size_t n)
{
	uint64_t count = n >= sizeof count ? get64(list) : 0, i;

	if (n < sizeof count || count > n / sizeof count - 1) {
		fsck_damage(w->f, "a list of free pages says that it has %llu, and has no room for them",
			    (unsigned long long)count);
		return;
	}
	for (i = 1; i <= count; i++)
		(void)fsck_take(w->f, get64(list + i * sizeof count), PAGE_FREE, "free");
}

static void take_free_value(struct walk *w, const struct node *node)
{
	unsigned char *list;
	off_t at;

	if (!(node->flags & NODE_BIG)) {
		take_free(w, node->value, node->value_n);
		return;
	}
	list = malloc(node->value_n);
	at = (off_t)(get64(node->value) * w->f->page_bytes + PAGE_HEAD);
	if (list && pread(w->f->fd, list, node->value_n, at) == (ssize_t)node->value_n)
		take_free(w, list, node->value_n);
	else
		fsck_damage(w->f, "a list of free pages cannot be read");
	free(list);
}

static void walk_inner(struct walk *w, const struct node *node)
{
	struct fsck_map map;
	char name[64];

	if (node->value_n != sizeof map) {
		fsck_damage(w->f, "a map in map '%s' has no head", w->name);
		return;
	}
	memcpy(&map, node->value, sizeof map);
	snprintf(name, sizeof name, "%.*s", (int)(node->key_n < 40 ? node->key_n : 40),
		 (const char *)node->key);
	fsck_walk(w->f, &map, name, false);
}

/* ---- the tree ---- */

static void pass_key(struct walk *w, uint64_t number, const struct node *node)
{
	if (w->any && compare(w, w->last, w->last_n, node->key, node->key_n) >= 0)
		fsck_damage(w->f, "keys on page %llu of map '%s' are not in order",
			    (unsigned long long)number, w->name);
	memcpy(w->last, node->key, node->key_n);
	w->last_n = node->key_n;
	w->any = true;
}

static void walk_leaf(struct walk *w, uint64_t number, const unsigned char *page)
{
	unsigned i, n = keys_of(page);
	struct node node;

	w->found.leaves++;
	for (i = 0; i < n && w->f->status == EXS_OK; i++) {
		if (!get_node(w, number, page, i, true, &node))
			return;
		w->found.entries++;
		pass_key(w, number, &node);
		if (node.flags & NODE_BIG && !take_overflow(w, &node))
			continue;
		if (w->numbers)
			take_free_value(w, &node);
		else if (node.flags & NODE_MAP)
			walk_inner(w, &node);
	}
}

static void walk_page(struct walk *w, uint64_t number, unsigned levels);

/* Between two children stands a key: behind all of the one, and before or at the first of the other. */
static void walk_branch(struct walk *w, uint64_t number, const unsigned char *page, unsigned levels)
{
	unsigned i, n = keys_of(page);
	struct node node;

	w->found.branches++;
	for (i = 0; i < n && w->f->status == EXS_OK; i++) {
		if (!get_node(w, number, page, i, false, &node))
			return;
		if (i > 0 && w->any && compare(w, w->last, w->last_n, node.key, node.key_n) >= 0)
			fsck_damage(w->f, "page %llu of map '%s' leads to the wrong keys",
				    (unsigned long long)number, w->name);
		if (!w->f->roots)
			walk_page(w, node.child, levels - 1);
	}
}

static void walk_page(struct walk *w, uint64_t number, unsigned levels)
{
	unsigned char *page = malloc(w->f->page_bytes);

	if (!page) {
		w->f->status = EXS_NOMEM;
		return;
	}
	if (fsck_take(w->f, number, PAGE_USED, w->name) && read_page(w, number, page) &&
	    check_head(w, number, page, levels == 1 ? PAGE_LEAF : PAGE_BRANCH)) {
		if (levels == 1)
			walk_leaf(w, number, page);
		else
			walk_branch(w, number, page, levels);
	}
	free(page);
}

void fsck_walk(struct fsck *f, const struct fsck_map *map, const char *name, bool free)
{
	struct walk w = { .f = f, .name = name, .numbers = free };
	unsigned before = f->said;

	if (map->root == NO_PAGE && map->entries == 0)
		return;
	if (map->depth == 0 || map->depth > FSCK_DEPTH) {
		fsck_damage(f, "map '%s' says that it is %u pages deep", name, map->depth);
		return;
	}
	walk_page(&w, map->root, map->depth);
	if (f->said == before && !f->roots && (w.found.branches != map->branches || w.found.leaves != map->leaves ||
				  w.found.overflows != map->overflows || w.found.entries != map->entries))
		fsck_damage(f, "map '%s' says that it has %llu rows, and has %llu, or other pages than it says",
			    name, (unsigned long long)map->entries, (unsigned long long)w.found.entries);
}
