/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/path.h"
#include "schema/ascii.h"

/* What follows a `/` at p, up to end, is empty, `.` or `..`. */
static bool is_odd(const char *p, const char *end)
{
	if (p == end || *p == '/')
		return true;
	if (*p != '.')
		return false;
	p++;
	if (p < end && *p == '.')
		p++;
	return p == end || *p == '/';
}

#define EACH_BYTE(b) ((b)*UINT64_C(0x0101010101010101))

static inline uint64_t load(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/*
 * The high bits of word's bytes that are zero; and perhaps, above such a byte,
 * of bytes that are 1.
 */
static inline uint64_t find_zero(uint64_t word)
{
	return (word - EACH_BYTE(1)) & ~word & EACH_BYTE(0x80);
}

/*
 * Not zero when of eight bytes one is NUL, or behind a slash stands another or
 * a dot, which is the byte before it in ASCII: find_zero() marks both.
 */
static inline uint64_t find_odd(uint64_t word)
{
	uint64_t slashes = find_zero(word ^ EACH_BYTE('/'));

	return find_zero(word) | (slashes & slashes << 8);
}

/* Short and many: looked at in words that overlap by a byte. */
static bool has_nothing_odd(const char *p, const char *end)
{
	uint64_t odd = 0;

	for (; end - p > 8; p += 7)
		odd |= find_odd(load(p));
	return !(odd | find_odd(load(end - 8))) && end[-1] != '/';
}

SM_OFTEN bool sm_path_is_canonical(struct sm_str path)
{
	const char *p = path.p, *end;

	if (!path.len || *p != '/')
		return false;
	end = p + path.len;
	if (path.len == 1 || (path.len >= 8 && has_nothing_odd(p, end)))
		return true;
	for (; p < end; p++)
		if (!*p || (*p == '/' && is_odd(p + 1, end)))
			return false;
	return true;
}

/* Appends the components of text to out, which has no trailing slash. */
static bool append(char *out, uint32_t *len, struct sm_str text)
{
	for (uint32_t i = 0; i < text.len;) {
		uint32_t start, n;

		while (i < text.len && text.p[i] == '/')
			i++;
		start = i;
		while (i < text.len && text.p[i] != '/')
			i++;
		n = i - start;
		if (!n || (n == 1 && text.p[start] == '.'))
			continue;
		if (n == 2 && text.p[start] == '.' &&
		    text.p[start + 1] == '.') {
			while (*len && out[*len - 1] != '/')
				--*len;
			*len -= *len ? 1 : 0;
			continue;
		}
		if (*len + n + 1 > SM_PATH_MAX)
			return false;
		out[(*len)++] = '/';
		memcpy(out + *len, text.p + start, n);
		*len += n;
	}
	return true;
}

enum sm_status sm_path_canonical(struct sm_str base, struct sm_str path,
				 char out[SM_PATH_MAX], struct sm_str *result)
{
	uint32_t len = 0;

	*result = (struct sm_str){ out, 0 };
	if (!path.len || sm_str_has(path, '\0'))
		return SM_INVALID;
	if (path.p[0] != '/') {
		if (!base.len || base.p[0] != '/' || sm_str_has(base, '\0'))
			return SM_INVALID;
		if (!append(out, &len, base))
			return SM_LIMIT;
	}
	if (!append(out, &len, path))
		return SM_LIMIT;
	if (!len)
		out[len++] = '/';
	result->len = len;
	return SM_OK;
}

bool sm_path_is_under(struct sm_str path, struct sm_str dir)
{
	if (dir.len == 1 && dir.p[0] == '/')
		return path.len && path.p[0] == '/';
	return sm_str_starts(path, dir) &&
	       (path.len == dir.len || path.p[dir.len] == '/');
}

struct sm_str sm_path_name(struct sm_str path)
{
	uint32_t start = path.len;

	if (!start) /* p may be NULL, to which nothing can be added */
		return path;
	while (start && path.p[start - 1] != '/')
		start--;
	return (struct sm_str){ path.p + start, path.len - start };
}

/* Length of NAME in NAME.TAG[.opt-N].pyc[.NUMBER]; 0 when it is not that. */
static uint32_t cached_name_length(struct sm_str name)
{
	static const char suffix[] = ".pyc";
	uint32_t end = name.len, at;

	while (end && sm_is_digit(name.p[end - 1]))
		end--;
	if (end == name.len || !end || name.p[end - 1] != '.')
		end = name.len;
	else
		end--;
	if (end < sizeof(suffix) || memcmp(name.p + end - 4, suffix, 4) != 0)
		return 0;
	end -= 4;
	/* The tag ("cpython-311") and an optional "opt-N" hold no dot. */
	for (at = end; at && name.p[at - 1] != '.'; at--)
		;
	if (!at)
		return 0;
	if (end - at >= 4 && !memcmp(name.p + at, "opt-", 4)) {
		for (at--; at && name.p[at - 1] != '.'; at--)
			;
		if (!at)
			return 0;
	}
	return at - 1;
}

struct sm_str sm_path_source_of_cache(struct sm_str path, char *out)
{
	static const char cache[] = "/__pycache__/";
	const uint32_t cache_len = sizeof(cache) - 1;
	struct sm_str name = sm_path_name(path);
	uint32_t dir = path.len - name.len, n = cached_name_length(name);

	if (!n || dir < cache_len ||
	    memcmp(path.p + dir - cache_len, cache, cache_len) != 0)
		return path;
	dir -= cache_len - 1; /* keeps the slash */
	memcpy(out, path.p, dir);
	memcpy(out + dir, name.p, n);
	memcpy(out + dir + n, ".py", 3);
	return (struct sm_str){ out, dir + n + 3 };
}
