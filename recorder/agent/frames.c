/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frames.c: who raised an event: the caller, the way there, the principal.
 */
#include "recorder/agent/agent.h"

#include <unistd.h>

#define FRAMES_MAX 256 /* walked; what lies deeper is FOREIGN */
#define LINES	   4096u

/* 3.8 has no PyFrame_GetCode: PyObject_VAR_HEAD, f_back, f_code. */
#define OLD_BACK_AT 24
#define OLD_CODE_AT 32

struct walk {
	struct py_object *frame;
	bool is_owned; /* frame is ours to release */
};

static struct py_object *word_at(struct py_object *o, size_t at)
{
	struct py_object *word;

	memcpy(&word, (char *)o + at, sizeof(word));
	return word;
}

/* The frame keeps its code alive, also after our reference is gone. */
SM_OFTEN static struct py_object *frame_code(struct py_object *frame)
{
	struct py_object *code;

	if (sm_py.has_old_frames) {
		code = word_at(frame, OLD_CODE_AT);
		return code && sm_python_is_code(code) ? code : NULL;
	}
	if (!sm_py.PyFrame_GetCode || !sm_py.PyFrame_GetBack)
		return NULL;
	code = sm_py.PyFrame_GetCode(frame);
	if (code)
		sm_py.Py_DecRef(code);
	return code;
}

static void walk_end(struct walk *walk)
{
	if (walk->is_owned && walk->frame)
		sm_py.Py_DecRef(walk->frame);
	walk->frame = NULL;
}

static void walk_back(struct walk *walk)
{
	struct py_object *back;

	if (sm_py.has_old_frames) {
		walk->frame = word_at(walk->frame, OLD_BACK_AT);
		return;
	}
	back = sm_py.PyFrame_GetBack ? sm_py.PyFrame_GetBack(walk->frame)
				     : NULL;
	walk_end(walk);
	walk->frame = back;
	walk->is_owned = true;
}

/* ------------------------------------------------------------------- lines */

/*
 * A slot holds number, instruction and line of one lookup in one word, so that
 * threads of free-threaded builds see all of it or nothing.
 */
#define PART_BITS 24

static _Atomic uint64_t lines[LINES];

SM_OFTEN static uint32_t line_of(struct py_object *frame,
				 const struct sm_code *code)
{
	uint64_t key, slot_value;
	unsigned slot;
	int instruction, line;

	if (!sm_py.PyFrame_GetLasti || !code->number ||
	    code->kind == SM_PRINCIPAL_DYNAMIC) {
		line = sm_py.PyFrame_GetLineNumber(frame);
		return line > 0 ? (uint32_t)line : 0;
	}
	instruction = sm_py.PyFrame_GetLasti(frame);
	if (instruction < 0 || instruction >= 1 << PART_BITS)
		return code->first_line;
	key = (uint64_t)code->number << PART_BITS | (uint32_t)instruction;
	slot = (unsigned)((key * 0x9e3779b97f4a7c15u) >> 52) % LINES;
	slot_value = atomic_load_explicit(&lines[slot], memory_order_relaxed);
	if (slot_value >> PART_BITS == key)
		return (uint32_t)(slot_value & ((1u << PART_BITS) - 1));
	line = sm_py.PyFrame_GetLineNumber(frame);
	if (line <= 0)
		return 0;
	if (line < 1 << PART_BITS)
		atomic_store_explicit(&lines[slot],
				      key << PART_BITS | (uint32_t)line,
				      memory_order_relaxed);
	return (uint32_t)line;
}

/* --------------------------------------------------------------------- via */

enum way { WAY_START, WAY_IMPORT, WAY_LINES, WAY_KNOWN };

struct via_state {
	enum way way;
	bool hands_out; /* the run's outermost frame so far does */
	bool tells;	/* and this, too */
	enum sm_via via;
};

static void via_begin(struct via_state *s, uint8_t flags)
{
	s->way = WAY_KNOWN;
	if (flags & SM_CODE_IMPORT)
		s->way = WAY_IMPORT;
	else if (flags & SM_CODE_LINES)
		s->way = WAY_LINES;
	else
		s->via = flags & SM_CODE_RUNPY ? SM_VIA_EXEC : SM_VIA_DIRECT;
	s->hands_out = flags & SM_CODE_HANDS_OUT;
	s->tells = flags & SM_CODE_TELLS;
}

/*
 * Packages that report errors ask for the source of what is in the traceback
 * themselves; to the application source is data.
 */
static bool is_report(const struct via_state *s, const struct sm_code *code)
{
	return s->tells && code->kind == SM_PRINCIPAL_DISTRIBUTION;
}

/* The first frame behind a run decides. */
static void via_step(struct via_state *s, const struct sm_code *code)
{
	bool is_library = code->kind == SM_PRINCIPAL_PYTHON;

	if (s->way == WAY_START) {
		via_begin(s, code->flags);
	} else if (s->way == WAY_IMPORT && code->flags & SM_CODE_IMPORT) {
		s->hands_out = code->flags & SM_CODE_HANDS_OUT;
		s->tells = code->flags & SM_CODE_TELLS;
	} else if (s->way == WAY_IMPORT && s->hands_out &&
		   code->flags & SM_CODE_LINES) {
		s->way = WAY_LINES; /* linecache asks loaders for source */
		s->tells = code->flags & SM_CODE_TELLS;
	} else if (s->way == WAY_IMPORT) {
		s->way = WAY_KNOWN;
		s->via = !s->hands_out	      ? SM_VIA_IMPORT
			 : is_report(s, code) ? SM_VIA_TRACEBACK
					      : SM_VIA_DIRECT;
	} else if (s->way == WAY_LINES && code->flags & SM_CODE_LINES) {
		s->tells = code->flags & SM_CODE_TELLS;
	} else if (s->way == WAY_LINES) {
		s->way = WAY_KNOWN;
		s->via = is_library || is_report(s, code) ? SM_VIA_TRACEBACK
							  : SM_VIA_DIRECT;
	}
}

/* Without a frame: the interpreter itself, unless it is another thread. */
static enum sm_via via_of_nobody(void)
{
	return sm_agent_thread() == (uint32_t)getpid() ? SM_VIA_EXEC
						       : SM_VIA_DIRECT;
}

static enum sm_via via_end(const struct via_state *s)
{
	switch (s->way) {
	case WAY_START:
		return via_of_nobody();
	case WAY_IMPORT:
		return SM_VIA_IMPORT;
	case WAY_LINES:
		return SM_VIA_TRACEBACK;
	default:
		return s->via;
	}
}

/* --------------------------------------------------------------- principal */

struct principal_state {
	bool is_known, wants_owner;
	bool is_dynamic; /* the frame before this one */
};

static void keep_owner(struct sm_view *view, const struct sm_code *code)
{
	if (code == &view->spare[1]) {
		view->spare[2] = *code;
		code = &view->spare[2];
	}
	view->owner = code;
}

static void principal_step(struct principal_state *s, struct sm_view *view,
			   const struct sm_code *code)
{
	bool was_dynamic = s->is_dynamic;

	s->is_dynamic = code->kind == SM_PRINCIPAL_DYNAMIC;
	if (was_dynamic && s->wants_owner && code->flags & SM_CODE_PTH) {
		/* a line of a .pth file: the interpreter coming up */
		s->is_known = s->wants_owner = false;
		view->kind = SM_PRINCIPAL_PYTHON;
	}
	if (code->kind == SM_PRINCIPAL_PYTHON)
		return;
	if (s->is_known) {
		if (!(code->flags & SM_CODE_IS_FILE))
			return;
		keep_owner(view, code);
		s->wants_owner = false;
		return;
	}
	s->is_known = true;
	view->kind = (enum sm_principal_kind)code->kind;
	s->wants_owner = view->kind == SM_PRINCIPAL_DYNAMIC;
	if (view->kind != SM_PRINCIPAL_DYNAMIC &&
	    view->kind != SM_PRINCIPAL_FOREIGN)
		keep_owner(view, code);
}

/* -------------------------------------------------------------------- walk */

struct py_object *sm_frames_code(void)
{
	struct py_object *frame = sm_py.PyEval_GetFrame();

	return frame ? frame_code(frame) : NULL;
}

static const struct sm_code foreign = { .kind = SM_PRINCIPAL_FOREIGN };

static const struct sm_code *code_of_frame(struct py_object *frame,
					   struct sm_code *spare)
{
	struct py_object *code = frame_code(frame);

	return code ? sm_code_of(code, spare) : &foreign;
}

/*
 * Where the innermost frame is the program's own, the walk below ends at it:
 * direct, and it is the principal. False: the walk has to say.
 */
static bool view_direct(struct sm_view *view, const struct sm_code *code,
			struct py_object *frame)
{
	if ((code->kind != SM_PRINCIPAL_APP &&
	     code->kind != SM_PRINCIPAL_DISTRIBUTION &&
	     code->kind != SM_PRINCIPAL_MAIN) ||
	    code->flags & (SM_CODE_IMPORT | SM_CODE_LINES | SM_CODE_RUNPY))
		return false;
	view->caller = view->owner = code;
	view->line = line_of(frame, code);
	view->kind = (enum sm_principal_kind)code->kind;
	view->via = SM_VIA_DIRECT;
	return true;
}

SM_OFTEN void sm_frames_view(struct sm_view *view)
{
	struct walk walk = { .frame = sm_py.PyEval_GetFrame() };
	struct via_state via = { .way = WAY_START };
	struct principal_state principal = { 0 };
	const struct sm_code *next = &foreign;
	unsigned depth = 0;

	view->caller = view->owner = NULL;
	view->line = 0;
	view->kind = SM_PRINCIPAL_PYTHON;
	if (walk.frame) {
		next = code_of_frame(walk.frame, &view->spare[0]);
		if (view_direct(view, next, walk.frame))
			return;
	}
	while (walk.frame && depth++ < FRAMES_MAX) {
		const struct sm_code *code = next;

		if (!view->caller) {
			view->caller = code;
			view->line = line_of(walk.frame, code);
		}
		via_step(&via, code);
		principal_step(&principal, view, code);
		if (via.way == WAY_KNOWN && principal.is_known &&
		    !principal.wants_owner)
			break;
		walk_back(&walk);
		if (walk.frame)
			next = code_of_frame(walk.frame, &view->spare[1]);
	}
	if (!principal.is_known && walk.frame)
		view->kind = SM_PRINCIPAL_FOREIGN;
	walk_end(&walk);
	view->via = via_end(&via);
}

SM_OFTEN void sm_frames_site(const struct sm_view *view, struct sm_site *site)
{
	const struct sm_code *owner = view->owner;
	struct sm_principal *p = &site->principal;

	site->line = view->line;
	site->via = view->via;
	if (view->caller) {
		site->file = view->caller->file;
		site->function = view->caller->function;
	}
	p->kind = view->kind;
	p->name = sm_str_of(sm_principal_kind_name(view->kind));
	if (view->kind == SM_PRINCIPAL_DISTRIBUTION)
		p->name = owner->package;
	if (owner && (view->kind == SM_PRINCIPAL_APP ||
		      view->kind == SM_PRINCIPAL_DYNAMIC))
		p->file = owner->file;
	if (owner && view->kind == SM_PRINCIPAL_APP)
		p->function = owner->function;
}

/* ----------------------------------------------------------------- keeping */

static bool is_in_view(const struct sm_view *view, const struct sm_code *code)
{
	return code >= view->spare &&
	       code < view->spare + sizeof(view->spare) / sizeof(*view->spare);
}

/*
 * Entries of the code table stay. Of code that did not fit there the strings
 * go with it: what decides is kept, its package and kind.
 */
SM_OFTEN void sm_view_keep(struct sm_kept_view *to, const struct sm_view *view)
{
	struct sm_view *kept = &to->view;
	uint32_t n;

	kept->caller = is_in_view(view, view->caller) ? NULL : view->caller;
	kept->owner = view->owner;
	kept->line = view->line;
	kept->via = view->via;
	kept->kind = view->kind;
	if (!is_in_view(view, view->owner))
		return;
	n = view->owner->package.len;
	if (n > SM_PACKAGE_MAX) {
		kept->kind = SM_PRINCIPAL_FOREIGN;
		n = 0;
	}
	if (n)
		memcpy(to->package, view->owner->package.p, n);
	kept->spare[0] = (struct sm_code){ .kind = view->owner->kind,
					   .flags = view->owner->flags };
	kept->spare[0].package = (struct sm_str){ to->package, n };
	kept->owner = &kept->spare[0];
}
