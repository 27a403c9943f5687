# SPDX-License-Identifier: MIT
# headers.awk - reads one header of the contract and prints every law of it that is broken.
# The last line is "count STRUCTS FUNCTION_POINTERS". Run by headers.sh.

function broken(what)
{
	print FILENAME ": " (name == "" ? "" : name ": ") what
}

# Comments become one @ for each thread tag in them; one behind a declaration on its line moves into it.
function without_comments(text,	   out, at, end, comment, tags)
{
	out = ""
	while ((at = index(text, "/*")) > 0) {
		out = out substr(text, 1, at - 1)
		text = substr(text, at)
		end = index(text, "*/")
		if (end == 0)
			end = length(text)
		comment = substr(text, 1, end + 1)
		text = substr(text, end + 2)
		tags = gsub(/\[(main|worker|timer|any)-thread\]/, "", comment)
		out = out " " substr("@@@@@@@@", 1, tags) " "
	}
	return out text
}

# The place of the parenthesis that closes the one at `from`; 0: none.
function closing(text, from,	depth, i, c)
{
	depth = 0
	for (i = from; i <= length(text); i++) {
		c = substr(text, i, 1)
		depth += (c == "(") - (c == ")")
		if (depth == 0)
			return i
	}
	return 0
}

function count(text, what)
{
	return gsub(what, "&", text)
}

# One declaration that holds function pointers.
function check_pointers(decl,	 at, open, end, inner, outer, n, words)
{
	match(decl, POINTER)
	at = RSTART
	open = at + RLENGTH - 1
	end = closing(decl, open)
	inner = substr(decl, open + 1, end - open - 1)
	outer = substr(decl, 1, at - 1) substr(decl, end + 1)
	n = count(inner, POINTER)
	pointers += 1 + n
	if (count(outer, "@") == 0)
		broken("function pointer without a thread tag: " substr(decl, at, 60))
	if (count(inner, "@") < n)
		broken("callback without a thread tag: " substr(decl, at, 60))
	if (index(decl, "..."))
		broken("varargs cross the border: " substr(decl, at, 60))
	words = decl
	gsub(/[^A-Za-z0-9_]+/, " ", words)
	if (match(" " words " ", / (bool|_Bool|long|short|int|unsigned|signed|float|enum|FILE|va_list) /))
		broken("'" substr(" " words " ", RSTART + 1, RLENGTH - 2) "' crosses the border: " substr(decl, at, 60))
}

function check_data(decl,    pointed, sized)
{
	sized = "^(u?int(8|16|32|64)_t|char) [a-z0-9_]+ ?\\[[A-Za-z0-9_]+\\]$|^u?int(8|16|32|64)_t [a-z0-9_]+$|^exs_[a-z_]+ [a-z0-9_]+$"
	pointed = "^(const )?(char|void|u?int(8|16|32|64)_t|(struct )?exs_[a-z_]+) \\*+(const \\*)*[a-z0-9_]+$"
	if (decl ~ sized || decl ~ pointed)
		return
	if (decl ~ /^size_t [a-z, ]+$/ && (name == "exs_str" || name == "exs_membuf"))
		return
	broken("a member must be of fixed width or a pointer: " decl)
}

# The rule of the first member, and its exceptions.
function check_first(decl)
{
	members++
	if (name == "exs_str" || name == "exs_done" || name == "exs_option" || name == "exs_membuf")
		return
	if (name == "exs_battery" && members == 1 && decl !~ /^uint32_t abi$/)
		broken("'uint32_t abi' must be its first member, not: " decl)
	if (members == (name == "exs_battery" ? 2 : 1) && decl !~ /^uint32_t size$/)
		broken("'uint32_t size' must be its first member, not: " decl)
}

function tidy(decl)
{
	gsub(/[ \t\n]+/, " ", decl)
	sub(/^ /, "", decl)
	sub(/ $/, "", decl)
	return decl
}

function check_member(decl,    bare)
{
	bare = decl
	gsub(/@/, "", bare)
	bare = tidy(bare)
	if (bare == "")
		return
	check_first(bare)
	if (decl ~ POINTER)
		check_pointers(decl)
	else
		check_data(bare)
}

function struct_name(decl)
{
	gsub(/@/, "", decl)
	if (!match(decl, /struct [A-Za-z0-9_]+ *$/))
		return "(no name)"
	decl = substr(decl, RSTART + 7, RLENGTH - 7)
	sub(/ +$/, "", decl)
	return decl
}

# `depth` counts braces; `in_struct` is 1 directly inside a struct's body.
function walk(text,    i, c, decl, depth, in_struct)
{
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "{") {
			decl = tidy(decl)
			if (in_struct)
				broken("a struct or union inside a struct")
			else if (depth == 0 && decl ~ /(^|[ @])(struct|union)( [A-Za-z0-9_]+)?$/) {
				name = struct_name(decl)
				in_struct = 1
				members = 0
				structs++
				if (decl ~ /union/)
					broken("a union crosses the border")
			} else if (depth == 0 && decl ~ /typedef enum/)
				broken("an enum crosses the border: " decl)
			depth++
			decl = ""
		} else if (c == "}") {
			depth--
			if (depth == 0)
				in_struct = 0
			decl = ""
		} else if (c == ";") {
			if (in_struct && depth == 1)
				check_member(tidy(decl))
			else if (depth == 0 && decl ~ POINTER)
				check_pointers(tidy(decl))
			if (depth == 0)
				name = ""
			decl = ""
		} else
			decl = decl c
	}
	if (depth != 0)
		broken("braces do not match")
}

BEGIN { POINTER = "\\( ?\\*[A-Za-z0-9_ ]*\\) ?\\(" }

{ all = all $0 "\n" }

END {
	all = without_comments(all)
	n = split(all, lines, "\n")
	text = ""
	for (i = 1; i <= n; i++) {
		line = lines[i]
		directive = continued || line ~ /^[ \t]*#/
		continued = directive && line ~ /\\$/
		if (directive || line ~ /^EXS_(BEGIN|END)$/)
			continue
		if (match(line, /;[ \t]*@+[ \t]*$/))
			line = substr(line, 1, RSTART - 1) " @;"
		text = text line "\n"
	}
	walk(text)
	print "count " structs + 0 " " pointers + 0
}
