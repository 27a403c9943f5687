/* SPDX-License-Identifier: MIT */
/* loader_check.c - what a file and its table must be before the host lets a battery in. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include <executus/port/audit.h>
#include <executus/port/budget.h>
#include <executus/port/checkpoint.h>
#include <executus/port/critic.h>
#include <executus/port/delivery.h>
#include <executus/port/model.h>
#include <executus/port/store.h>
#include <executus/port/tool.h>

#include "base/auto.h"
#include "base/text.h"
#include "conf/options.h"
#include "host/elf.h"
#include "host/loader.h"

#define REBUILD "rebuild it with EXS_BATTERY of the installed headers"

/* What ABI 1.0 had: later members stand behind these for ever. */
#define BATTERY_BYTES_1 (offsetof(exs_battery, port) + sizeof(((exs_battery *)0)->port))
#define OPTION_BYTES_1	(offsetof(exs_option, choices) + sizeof(((exs_option *)0)->choices))

static const char *const port_ids[] = {
	EXS_PORT_STORE,	 EXS_PORT_CHECKPOINT, EXS_PORT_AUDIT,
	EXS_PORT_BUDGET, EXS_PORT_CRITIC,     EXS_PORT_DELIVERY,
	EXS_PORT_MODEL,	 EXS_PORT_TOOL,	      NULL,
};

const char *const *loader_port_ids(void)
{
	return port_ids;
}

static unsigned major_of(uint32_t abi)
{
	return abi >> 16;
}

static unsigned minor_of(uint32_t abi)
{
	return abi & 0xffffu;
}

static exs_status check_abi(const struct loader_head *head, const char *file, exs_err *err)
{
	unsigned major = major_of(head->abi), minor = minor_of(head->abi);

	if (major < EXS_ABI_MAJOR)
		return err_set(err, EXS_UNSUPPORTED, 0,
			       "'%s' was built for ABI %u.%u, this host speaks %u.%u: rebuild the "
			       "battery with this host's headers",
			       file, major, minor, EXS_ABI_MAJOR, EXS_ABI_MINOR);
	if (major > EXS_ABI_MAJOR)
		return err_set(err, EXS_UNSUPPORTED, 0,
			       "'%s' was built for ABI %u.%u, this host speaks %u.%u: update the "
			       "host, or take a battery of its age",
			       file, major, minor, EXS_ABI_MAJOR, EXS_ABI_MINOR);
	if (minor > EXS_ABI_MINOR)
		return err_set(err, EXS_UNSUPPORTED, 0,
			       "'%s' needs ABI %u.%u, this host has only %u.%u: update the host, "
			       "or rebuild the battery with its headers",
			       file, major, minor, EXS_ABI_MAJOR, EXS_ABI_MINOR);
	return EXS_OK;
}

static exs_status check_sizes(const struct loader_head *head, const char *file, exs_err *err)
{
	if (head->size < BATTERY_BYTES_1 || head->size > LOADER_RECORD_MAX)
		return err_set(err, EXS_INVALID, 0,
			       "'%s' says that its table has %u bytes, ABI %u has %zu: " REBUILD,
			       file, head->size, EXS_ABI_MAJOR, BATTERY_BYTES_1);
	if (head->option_size < OPTION_BYTES_1 || head->option_size > LOADER_RECORD_MAX ||
	    head->option_size % _Alignof(exs_option) != 0)
		return err_set(err, EXS_INVALID, 0,
			       "'%s' says that one option has %u bytes, ABI %u has %zu: " REBUILD,
			       file, head->option_size, EXS_ABI_MAJOR, OPTION_BYTES_1);
	return EXS_OK;
}

static exs_status check_symbol(const struct elf_symbol *symbol, const char *file, exs_err *err)
{
	if (symbol->type != STT_OBJECT)
		return err_set(err, EXS_INVALID, 0,
			       "'%s' exports " EXS_BATTERY_SYMBOL
			       " as %s, wanted constant data: " REBUILD,
			       file, symbol->type == STT_FUNC ? "a function" : "no data object");
	if (symbol->held < sizeof(struct loader_head))
		return err_set(err, EXS_INVALID, 0,
			       "'%s' holds %llu bytes of " EXS_BATTERY_SYMBOL
			       ", wanted at least %zu of constant data: " REBUILD,
			       file, (unsigned long long)symbol->held, sizeof(struct loader_head));
	return EXS_OK;
}

static exs_status check_image(exs_str image, const char *file, struct loader_head *out,
			      exs_err *err)
{
	struct elf_symbol symbol;
	struct loader_head head;
	exs_status status;

	if (elf_check(image, file, err))
		return err->status;
	status = elf_find(image, file, EXS_BATTERY_SYMBOL, &symbol, err);
	if (status == EXS_NOTFOUND)
		return err_set(err, EXS_INVALID, 0,
			       "'%s' is not a battery: it exports no symbol " EXS_BATTERY_SYMBOL
			       ", wanted exactly that one; end its source with EXS_BATTERY(...)",
			       file);
	if (status)
		return status;
	if (check_symbol(&symbol, file, err))
		return err->status;
	memcpy(&head, image.p + symbol.offset, sizeof head);
	/* The number first: of another major ABI not even the size may mean what it means here. */
	if (check_abi(&head, file, err) || check_sizes(&head, file, err))
		return err->status;
	if (symbol.size < head.size || symbol.held < head.size)
		return err_set(err, EXS_INVALID, 0,
			       "'%s' holds %llu bytes of " EXS_BATTERY_SYMBOL
			       " but its table says %u: " REBUILD,
			       file, (unsigned long long)symbol.held, head.size);
	*out = head;
	return EXS_OK;
}

exs_status loader_check_file(int fd, const char *file, struct loader_head *out, exs_err *err)
{
	auto_free char *bytes = NULL;
	size_t n;

	if (elf_read(fd, file, &bytes, &n, err))
		return err->status;
	return check_image(str_n(bytes, n), file, out, err);
}

static exs_status check_text(const char *text, const char *what, const char *file, exs_err *err)
{
	size_t n = text ? strnlen(text, LOADER_TEXT_MAX) : 0;

	if (n == 0)
		return err_set(err, EXS_INVALID, 0, "'%s' has no %s: " REBUILD " and fill it", file,
			       what);
	if (n == LOADER_TEXT_MAX)
		return err_set(err, EXS_INVALID, 0, "'%s' has a %s of %u bytes or more: shorten it",
			       file, what, LOADER_TEXT_MAX);
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return err_set(err, EXS_INVALID, 0,
				       "'%s' has a control character in its %s: take it out", file,
				       what);
	}
	if (utf8_bad(text, n) < n)
		return err_set(err, EXS_INVALID, 0, "'%s' has a %s that is not UTF-8: correct it",
			       file, what);
	return EXS_OK;
}

/* The known id that differs in its revision only, or NULL. */
static const char *other_revision(const char *id)
{
	const char *slash = strrchr(id, '/');
	size_t stem = slash ? (size_t)(slash - id) + 1 : 0;

	for (size_t i = 0; stem && port_ids[i]; i++) {
		if (strncmp(port_ids[i], id, stem) == 0)
			return port_ids[i];
	}
	return NULL;
}

static exs_status check_port_id(const char *id, const char *file, exs_err *err)
{
	const char *known = other_revision(id), *near = suggest(id, port_ids);

	for (size_t i = 0; port_ids[i]; i++) {
		if (strcmp(id, port_ids[i]) == 0)
			return EXS_OK;
	}
	if (known)
		return err_set(err, EXS_UNSUPPORTED, 0,
			       "'%s' fills the port '%.48s', this host knows '%s': take a host and "
			       "a battery of the same age",
			       file, id, known);
	if (near)
		return err_set(err, EXS_UNSUPPORTED, 0,
			       "'%s' fills the port '%.48s', which this host does not know; the "
			       "nearest is '%s'",
			       file, id, near);
	return err_set(err, EXS_UNSUPPORTED, 0,
		       "'%s' fills the port '%.48s', which this host does not know; it knows "
		       "%s and others",
		       file, id, port_ids[0]);
}

static exs_status check_ports(const char *const *ports, const char *file, exs_err *err)
{
	size_t n;

	if (!ports || !ports[0])
		return err_set(err, EXS_INVALID, 0, "'%s' fills no port: list at least one port id",
			       file);
	for (n = 0; ports[n]; n++) {
		if (n == LOADER_PORTS_MAX)
			return err_set(err, EXS_INVALID, 0,
				       "'%s' lists more than %u ports: end the list with NULL",
				       file, LOADER_PORTS_MAX);
		if (check_text(ports[n], "port id", file, err) ||
		    check_port_id(ports[n], file, err))
			return err->status;
		for (size_t i = 0; i < n; i++) {
			if (strcmp(ports[i], ports[n]) == 0)
				return err_set(err, EXS_INVALID, 0,
					       "'%s' lists the port '%s' twice: once is enough",
					       file, ports[n]);
		}
	}
	return EXS_OK;
}

static exs_status check_options(const exs_battery *battery, const char *file, exs_err *err)
{
	exs_err inner = EXS_ERR_INIT;

	if (!battery->options)
		return err_set(
			err, EXS_INVALID, 0,
			"'%s' has no table of options: give one that holds only the NULL key",
			file);
	if (options_check(battery->options, battery->option_size, &inner))
		return err_set(err, inner.status, inner.sys, "'%s': %s", file, inner.text);
	return EXS_OK;
}

exs_status loader_check_table(const exs_battery *battery, const char *file, exs_err *err)
{
	const struct {
		const char *what, *text;
	} texts[] = {
		{ "id", battery->id },
		{ "version", battery->version },
		{ "summary", battery->summary },
		{ "license", battery->license },
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (check_text(texts[i].text, texts[i].what, file, err))
			return err->status;
	}
	if (!battery->open || !battery->close || !battery->port)
		return err_set(err, EXS_INVALID, 0, "'%s' has no function '%s': " REBUILD, file,
			       !battery->open	 ? "open"
			       : !battery->close ? "close"
						 : "port");
	if (check_ports(battery->ports, file, err))
		return err->status;
	return check_options(battery, file, err);
}
