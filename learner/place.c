/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where slots may open: policy.md, protected prefixes. Only the spelling of a
 * directory and what was run from it count; the file system is not asked, so
 * that the same traces give the same policy anywhere.
 */
#include "learner/paths.h"

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

static bool is_under_one_of(struct sm_str dir, const char *const *list)
{
	for (; *list; list++)
		if (sm_path_is_under(dir, sm_str_of(*list)))
			return true;
	return false;
}

static bool is_system(struct sm_str dir)
{
	static const char *const list[] = {
		"/etc",	  "/proc",  "/sys", "/boot", "/bin",  "/sbin", "/lib",
		"/lib32", "/lib64", "/usr", "/root", "/home", NULL
	};

	if (sm_path_is_under(dir, SM_STR("/dev")))
		return !sm_path_is_under(dir, SM_STR("/dev/shm"));
	return is_under_one_of(dir, list);
}

static bool is_mine(const struct sm_learn *l, struct sm_str dir)
{
	return (l->app.len && sm_path_is_under(dir, l->app)) ||
	       is_prefix(l, dir, "HOME", false) ||
	       is_prefix(l, dir, "CWD", false) ||
	       is_prefix(l, dir, "TMP", false);
}

/* Directories whose entries belong to different programs or people. */
static bool is_shared(const struct sm_learn *l, struct sm_str dir)
{
	static const char *const list[] = {
		"/",	    "/srv",	"/opt",	      "/var",	    "/mnt",
		"/media",   "/run",	"/tmp",	      "/var/lib",   "/var/log",
		"/var/tmp", "/var/run", "/var/cache", "/var/spool", "/dev/shm",
		"/var/www", "/var/opt", NULL
	};

	for (size_t i = 0; list[i]; i++)
		if (sm_str_equal(dir, sm_str_of(list[i])))
			return true;
	return is_prefix(l, dir, "HOME", true) ||
	       is_prefix(l, dir, "TMP", true);
}

static bool has_dotted(struct sm_str dir)
{
	for (uint32_t i = 0; i + 1 < dir.len; i++)
		if (dir.p[i] == '/' && dir.p[i + 1] == '.')
			return true;
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
	place.is_closed = (is_system(dir) && !is_mine_) ||
			  sm_site_of(l, dir).len || sm_is_stdlib(l, dir);
	place.is_code = sm_list_has(&l->code_dirs, dir) ||
			sm_list_has(&l->program_dirs, dir);
	place.is_shared = is_shared(l, dir);
	place.is_hidden = has_dotted(own);
	place.is_app = l->app.len && sm_path_is_under(dir, l->app);
	place.is_tmp = is_prefix(l, dir, "TMP", false);
	place.is_proc = sm_path_is_under(dir, SM_STR("/proc"));
	return place;
}
