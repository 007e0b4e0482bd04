/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.c: the bytes of a str that is not UTF-8: what could not be decoded is in
 * it as surrogates (PEP 383).
 *
 * CPython itself writes surrogates down (`surrogatepass`), all of them. It
 * would take those back as well (`surrogateescape`), but asks the program about
 * others (codecs.register_error), and that would be Python code inside of an
 * event.
 */
#include "recorder/agent/agent.h"

/*
 * U+DC80 to U+DCFF become the byte each stands for. False: there are others,
 * which stand for none: no system call ever gets such a text.
 */
static bool take_back(char *p, PY_SIZE *n)
{
	PY_SIZE used = 0;

	for (PY_SIZE i = 0; i < *n; i++) {
		uint8_t lead = (uint8_t)p[i], next;

		if (lead != 0xed || i + 2 >= *n ||
		    (uint8_t)p[i + 1] < 0xa0) { /* no surrogate */
			p[used++] = p[i];
			continue;
		}
		next = (uint8_t)p[i + 1];
		if (next != 0xb2 && next != 0xb3)
			return false;
		p[used++] = (char)((next & 3) << 6 | (p[i + 2] & 0x3f));
		i += 2;
	}
	*n = used;
	return true;
}

struct py_object *sm_text_encode(struct py_object *o, struct sm_str *out)
{
	struct py_object *bytes =
		sm_py.PyUnicode_AsEncodedString(o, "utf-8", "surrogatepass");
	PY_SIZE n = 0;
	char *p;

	/* Nobody else has the bytes yet. */
	if (bytes && !sm_py.PyBytes_AsStringAndSize(bytes, &p, &n) &&
	    take_back(p, &n)) {
		*out = (struct sm_str){ p, n > INT32_MAX ? INT32_MAX
							 : (uint32_t)n };
		return bytes;
	}
	sm_py.PyErr_Clear();
	if (bytes)
		sm_py.Py_DecRef(bytes);
	return NULL;
}
