/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and their parts: which of them look like values of a type, and when
 * a part that varies becomes a slot.
 */
#include "learner/learn.h"
#include "schema/ascii.h"

/* Tokens in one component; the pattern language allows eight wildcards. */
#define TYPED_MAX 6

static struct sm_str rest_of(struct sm_str s, uint32_t at)
{
	return (struct sm_str){ s.p + at, s.len - at };
}

/* Length of a hex word at the start of s: letters and digits, 8 or more. */
static uint32_t hex_word(struct sm_str s)
{
	uint32_t n = 0, digits = 0;

	while (n < s.len && sm_is_hex(s.p[n]))
		digits += sm_is_digit(s.p[n++]);
	if (n < 8 || !digits || digits == n ||
	    (n < s.len && sm_is_alnum(s.p[n])))
		return 0;
	return n;
}

/* `0x` in front of an address; 0: there is none. */
static uint32_t address_start(struct sm_str name, uint32_t at)
{
	struct sm_str digits = rest_of(name, at);

	if (!sm_str_starts(digits, SM_STR("0x")) ||
	    (at && sm_is_alnum(name.p[at - 1])))
		return 0;
	digits = rest_of(digits, 2);
	return sm_token_match(SM_TOKEN_HEX, digits) ? 2 : 0;
}

bool sm_has_address(struct sm_str name)
{
	for (uint32_t i = 0; i < name.len; i++)
		if (address_start(name, i))
			return true;
	return false;
}

/*
 * The type at name[at], and its length. Dates only with dashes: eight digits
 * in a row are more often a number, and <int> holds both.
 */
static uint32_t typed_at(struct sm_str name, uint32_t at, enum sm_token *token)
{
	struct sm_str rest = rest_of(name, at);
	bool starts_word = !at || !sm_is_alnum(name.p[at - 1]);
	size_t n;

	*token = SM_TOKEN_HEX;
	if (at >= 2 && address_start(name, at - 2))
		return (uint32_t)sm_token_match(SM_TOKEN_HEX, rest);
	if (address_start(name, at))
		return 0;

	if (starts_word) {
		*token = SM_TOKEN_UUID;
		n = sm_token_match(SM_TOKEN_UUID, rest);
		if (n && (n == rest.len || !sm_is_alnum(rest.p[n])))
			return (uint32_t)n;
		*token = SM_TOKEN_DATE;
		n = sm_token_match(SM_TOKEN_DATE, rest);
		if (n == 10 && (n == rest.len || !sm_is_digit(rest.p[n])))
			return (uint32_t)n;
		*token = SM_TOKEN_HEX;
		n = hex_word(rest);
		if (n)
			return (uint32_t)n;
	}
	if (!sm_is_digit(rest.p[0]) || (at && sm_is_digit(name.p[at - 1])))
		return 0;
	*token = SM_TOKEN_INT;
	return (uint32_t)sm_token_match(SM_TOKEN_INT, rest);
}

uint32_t sm_typed_start(struct sm_str name, uint32_t at)
{
	enum sm_token token;
	uint32_t i = 0;

	while (i < at) {
		uint32_t length = typed_at(name, i, &token);

		if (i + length > at)
			return i;
		i += length ? length : 1;
	}
	return at;
}

struct sm_str sm_skeleton(struct sm_learn *l, struct sm_str name,
			  unsigned *typed)
{
	char *p = sm_learn_take(l, 8 * (size_t)name.len + 1);
	uint32_t n = 0, i = 0;

	*typed = 0;
	while (i < name.len) {
		enum sm_token token;
		uint32_t length = typed_at(name, i, &token);

		if (length) {
			const char *text = sm_token_name(token);
			size_t bytes = strlen(text);

			p[n++] = '<';
			memcpy(p + n, text, bytes);
			n += (uint32_t)bytes;
			p[n++] = '>';
			i += length;
			++*typed;
			continue;
		}
		if (name.p[i] && strchr("*<\\$", name.p[i]))
			p[n++] = '\\';
		p[n++] = name.p[i++];
	}
	if (*typed > TYPED_MAX) {
		*typed = 0;
		return sm_escape(l, name);
	}
	return (struct sm_str){ p, n };
}

bool sm_is_pattern(struct sm_str text)
{
	for (uint32_t i = 0; i < text.len; i++) {
		if (text.p[i] == '\\')
			i++;
		else if (text.p[i] == '<' || text.p[i] == '*')
			return true;
	}
	return false;
}

bool sm_is_joint(char c)
{
	return c && strchr(".-_~#+@ ", c);
}

struct sm_str sm_stem_of(struct sm_str name)
{
	name.len -= sm_extension(name).len;
	return name;
}

bool sm_is_code_suffix(struct sm_str extension)
{
	static const char *const list[] = { ".py",  ".pyc", ".pyo", ".pyw",
					    ".pyi", ".pyd", ".so",  ".pth",
					    ".egg", NULL };

	return sm_is_among(extension, list);
}

/* What files of data are called; from the common media types and languages of
 * templates. */
bool sm_is_data_suffix(struct sm_str extension)
{
	static const char *const list[] = {
		".aac",	     ".avi",	 ".avif",     ".bib",	 ".bin",
		".bmp",	     ".bz2",	 ".cbor",     ".cfg",	 ".conf",
		".css",	     ".csv",	 ".dat",      ".db",	 ".doc",
		".docx",     ".ejs",	 ".eml",      ".epub",	 ".flac",
		".geojson",  ".gif",	 ".gml",      ".gpx",	 ".gz",
		".h5",	     ".haml",	 ".hbs",      ".htm",	 ".html",
		".ico",	     ".ics",	 ".ini",      ".j2",	 ".jinja",
		".jinja2",   ".jpeg",	 ".jpg",      ".js",	 ".json",
		".jsonl",    ".kml",	 ".liquid",   ".lock",	 ".log",
		".mako",     ".map",	 ".markdown", ".md",	 ".mkv",
		".mo",	     ".mov",	 ".mp3",      ".mp4",	 ".msg",
		".mustache", ".ndjson",	 ".npy",      ".odt",	 ".ogg",
		".parquet",  ".pdf",	 ".png",      ".po",	 ".pot",
		".ppm",	     ".pptx",	 ".pug",      ".rst",	 ".rtf",
		".sql",	     ".sqlite",	 ".sqlite3",  ".srt",	 ".svg",
		".tar",	     ".tar.bz2", ".tar.gz",   ".tar.xz", ".tar.zst",
		".tex",	     ".tgz",	 ".tif",      ".tiff",	 ".tmpl",
		".toml",     ".tpl",	 ".tsv",      ".ttf",	 ".twig",
		".txt",	     ".vcf",	 ".vtt",      ".wav",	 ".webm",
		".webp",     ".woff",	 ".woff2",    ".xhtml",	 ".xls",
		".xlsx",     ".xml",	 ".xsl",      ".xz",	 ".yaml",
		".yml",	     ".zip",	 ".zst",      NULL
	};

	return sm_is_among(extension, list);
}

/*
 * How many values open a slot, how many when none came back elsewhere, and how
 * many numbers that the program gave.
 */
static const struct {
	size_t always, when_fresh, numbered;
} needed[SM_LEVELS] = {
	[SM_LEVEL_BALANCED] = { 3, 2, 1 },
	[SM_LEVEL_TIGHT] = { 6, 4, 2 },
	[SM_LEVEL_LOOSE] = { 2, 2, 1 },
};

bool sm_is_open(const struct sm_learn *l, const struct sm_evidence *evidence)
{
	enum sm_level level = l->options.level;

	if (evidence->distinct >= needed[level].always ||
	    (evidence->is_numbered &&
	     evidence->distinct >= needed[level].numbered))
		return true;
	return evidence->distinct >= needed[level].when_fresh &&
	       !evidence->some_recur &&
	       (evidence->is_typed || evidence->is_made);
}

/* The token spelled at the start of text, and the bytes it is spelled with. */
static enum sm_token token_at(struct sm_str text, uint32_t *bytes)
{
	for (int t = 0; t < SM_TOKENS; t++) {
		struct sm_str name = sm_str_of(sm_token_name(t));

		if (text.len >= name.len + 2 && text.p[0] == '<' &&
		    !memcmp(text.p + 1, name.p, name.len) &&
		    text.p[name.len + 1] == '>') {
			*bytes = name.len + 2;
			return t;
		}
	}
	return SM_TOKENS;
}

bool sm_slot_holds(struct sm_str pattern, struct sm_str name)
{
	uint32_t bytes;
	enum sm_token token;
	size_t longest;

	while (pattern.len) {
		token = token_at(pattern, &bytes);
		if (token == SM_TOKENS) {
			if (pattern.p[0] == '\\' && pattern.len > 1)
				pattern = rest_of(pattern, 1);
			if (!name.len || name.p[0] != pattern.p[0])
				return false;
			pattern = rest_of(pattern, 1);
			name = rest_of(name, 1);
			continue;
		}
		pattern = rest_of(pattern, bytes);
		longest = sm_token_match(token, name);
		for (size_t n = longest; n > 0; n--)
			if (sm_token_match(
				    token,
				    (struct sm_str){ name.p, (uint32_t)n }) ==
				    n &&
			    sm_slot_holds(pattern, rest_of(name, (uint32_t)n)))
				return true;
		return false;
	}
	return !name.len;
}

struct sm_str sm_open_version(struct sm_learn *l, struct sm_str skeleton)
{
	const struct sm_str first = SM_STR("<int>.<int>"),
			    more = SM_STR(".<int>");
	struct sm_str head = skeleton, rest;

	for (head.len = 0; head.len < skeleton.len; head.len++) {
		rest = (struct sm_str){ skeleton.p + head.len,
					skeleton.len - head.len };
		if (sm_str_starts(rest, first))
			break;
	}
	if (!head.len || head.len == skeleton.len ||
	    strchr("/>=:", head.p[head.len - 1]))
		return skeleton;
	rest.p += first.len;
	rest.len -= first.len;
	while (sm_str_starts(rest, more)) {
		rest.p += more.len;
		rest.len -= more.len;
	}
	head = sm_learn_join(l, head, SM_STR("<name>"));
	return sm_learn_join(l, head, rest);
}
