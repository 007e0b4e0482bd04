/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where slots may open: policy.md, protected prefixes. Only the spelling of a
 * directory and what was run from it count; the file system is not asked, so
 * that the same traces give the same policy anywhere.
 */
#include "learner/open.h"
#include "schema/places.h"

static bool is_prefix(const struct sm_learn *l, struct sm_str dir,
		      const char *name, bool itself)
{
	for (size_t i = 0; i < l->prefix_count; i++)
		if (sm_str_equal(l->prefixes[i].name, sm_str_of(name)) &&
		    (itself ? sm_str_equal(dir, l->prefixes[i].dir)
			    : sm_path_is_under(dir, l->prefixes[i].dir)))
			return true;
	return false;
}

static bool is_mine(const struct sm_learn *l, struct sm_str dir)
{
	return (l->app.len && sm_path_is_under(dir, l->app)) ||
	       is_prefix(l, dir, "HOME", false) ||
	       is_prefix(l, dir, "CWD", false) ||
	       is_prefix(l, dir, "START", false) ||
	       is_prefix(l, dir, "TMP", false);
}

/* Other programs look there for what they run, or keep their secrets there. */
static bool is_of_others(struct sm_str name)
{
	static const char *const names[] = { ".aws",   ".config", ".git",
					     ".gnupg", ".hg",	  ".kube",
					     ".local", ".ssh",	  ".svn",
					     ".venv",  NULL };

	return sm_is_among(name, names);
}

/*
 * Below a dotted directory, of which own is what is not given. What the program
 * made itself in the application's directory is its own, whatever the name; in
 * a home it is what others keep there, too, and was made if it was not there.
 */
static bool is_hidden(const struct sm_learn *l, struct sm_str dir,
		      struct sm_str own, bool is_app)
{
	for (uint32_t i = dir.len - own.len; i + 1 < dir.len; i++) {
		struct sm_str made = { dir.p, i + 1 };

		if (dir.p[i] != '/' || dir.p[i + 1] != '.')
			continue;
		while (made.len < dir.len && dir.p[made.len] != '/')
			made.len++;
		if (!is_app || is_of_others(sm_path_name(made)) ||
		    !sm_list_has(&l->made_hidden, made) ||
		    is_prefix(l, sm_dir_of(made), "HOME", true))
			return true;
	}
	return false;
}

struct sm_place sm_place_of(const struct sm_learn *l, struct sm_str dir)
{
	bool is_mine_ = is_mine(l, dir);
	struct sm_str own = { "", 0 };
	struct sm_place place = { 0 };

	/* Dots above one's own directory say nothing about what is in it. */
	for (size_t i = 0; i < l->prefix_count && !own.len; i++)
		if (sm_path_is_under(dir, l->prefixes[i].dir))
			own = l->prefixes[i].dir;
	own = (struct sm_str){ dir.p + own.len, dir.len - own.len };
	place.is_closed = (sm_place_is_system(dir) && !is_mine_) ||
			  sm_site_of(l, dir).len || sm_is_stdlib(l, dir);
	place.is_code = sm_list_has(&l->code_dirs, dir) ||
			sm_list_has(&l->program_dirs, dir);
	place.is_shared = sm_place_is_shared(dir) ||
			  is_prefix(l, dir, "HOME", true) ||
			  is_prefix(l, dir, "TMP", true);
	place.is_app = l->app.len && sm_path_is_under(dir, l->app);
	place.is_hidden = is_hidden(l, dir, own, place.is_app);
	place.is_tmp = is_prefix(l, dir, "TMP", false);
	place.is_proc = sm_path_is_under(dir, SM_STR("/proc"));
	return place;
}

bool sm_holds_code(const struct sm_learn *l, struct sm_str dir)
{
	for (size_t i = 0; i < l->code_dirs.count; i++)
		if (sm_path_is_under(l->code_dirs.items[i], dir))
			return true;
	return false;
}

bool sm_is_base(const struct sm_learn *l, struct sm_str dir)
{
	for (size_t i = 0; i < l->prefix_count; i++)
		if (sm_path_is_under(l->prefixes[i].dir, dir))
			return true;
	return false;
}

bool sm_may_open_whole(const struct sm_learn *l, struct sm_str dir,
		       const struct sm_place *place)
{
	return dir.len && !place->is_closed && !place->is_code &&
	       !place->is_shared && !place->is_hidden &&
	       !sm_holds_code(l, dir) && !sm_is_base(l, dir);
}
