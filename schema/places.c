/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/places.h"

#include "schema/ascii.h"
#include "schema/path.h"

static bool is_under_one_of(struct sm_str dir, const char *const *list)
{
	for (; *list; list++)
		if (sm_path_is_under(dir, sm_str_of(*list)))
			return true;
	return false;
}

bool sm_place_is_system(struct sm_str dir)
{
	static const char *const list[] = {
		"/etc",	  "/proc",  "/sys", "/boot", "/bin",  "/sbin", "/lib",
		"/lib32", "/lib64", "/usr", "/root", "/home", NULL
	};

	if (sm_path_is_under(dir, SM_STR("/dev")))
		return !sm_path_is_under(dir, SM_STR("/dev/shm"));
	return is_under_one_of(dir, list);
}

bool sm_place_is_shared(struct sm_str dir)
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
	return false;
}

bool sm_place_is_dotted(struct sm_str dir)
{
	for (uint32_t i = 0; i + 1 < dir.len; i++)
		if (dir.p[i] == '/' && dir.p[i + 1] == '.')
			return true;
	return false;
}

struct sm_str sm_extension(struct sm_str name)
{
	uint32_t at = name.len, letters = 0;
	struct sm_str tar = SM_STR(".tar");

	while (at && sm_is_alnum(name.p[at - 1])) {
		at--;
		letters += !sm_is_digit(name.p[at]);
	}
	if (at < 2 || name.p[at - 1] != '.' || !letters || name.len - at > 8)
		return (struct sm_str){ name.p + name.len, 0 };
	at--;
	if (at > tar.len && !memcmp(name.p + at - tar.len, tar.p, tar.len))
		at -= tar.len;
	return (struct sm_str){ name.p + at, name.len - at };
}

static bool is_one_of(struct sm_str text, const char *const *list)
{
	for (; *list; list++)
		if (sm_str_equal(text, sm_str_of(*list)))
			return true;
	return false;
}

bool sm_is_guarded_name(struct sm_str name)
{
	static const char *const suffixes[] = { ".pem",	   ".key", ".p12",
						".pfx",	   ".jks", ".kdbx",
						".keytab", ".gpg", NULL };
	static const char *const names[] = { "authorized_keys",
					     "known_hosts",
					     "id_rsa",
					     "id_dsa",
					     "id_ecdsa",
					     "id_ed25519",
					     "passwd",
					     "shadow",
					     "group",
					     "credentials",
					     "crontab",
					     "sudoers",
					     NULL };

	if (!name.len || name.p[0] == '.')
		return true;
	return is_one_of(name, names) ||
	       is_one_of(sm_extension(name), suffixes);
}
