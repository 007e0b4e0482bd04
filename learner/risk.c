/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grants a reviewer should look at, and why. A mark takes nothing away; see
 * policy.md, Risk.
 */
#include "learner/ports.h"
#include "learner/words.h"
#include "schema/address.h"

static bool starts_with_one_of(struct sm_str text, const char *const *list)
{
	for (; *list; list++)
		if (sm_str_starts(text, sm_str_of(*list)))
			return true;
	return false;
}

/* `app`, or some of its functions, `app:main`; not the package `appdirs`. */
static bool is_for(const struct sm_rule *rule, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < rule->by.count; i++) {
		struct sm_str by = rule->by.items[i];

		if (sm_str_starts(by, sm_str_of(name)) &&
		    (by.len == len || by.p[len] == ':'))
			return true;
	}
	return false;
}

/* ------------------------------------------------------------------- files */

static bool is_interpreter_state(struct sm_str p)
{
	static const char *const names[] = { "mem", "maps", "environ",
					     "cmdline", NULL };

	return sm_str_starts(p, SM_STR("/proc/")) &&
	       sm_is_among(sm_path_name(p), names);
}

static bool is_secret(struct sm_str p)
{
	static const char *const files[] = { "/etc/passwd",  "/etc/shadow",
					     "/etc/group",   "/etc/gshadow",
					     "/etc/sudoers", NULL };
	struct sm_str name = sm_path_name(p);

	if (sm_is_among(p, files))
		return true;
	return name.len && name.p[0] != '.' && name.p[0] != '<' &&
	       sm_is_guarded_name(name) && !sm_str_equal(name, SM_STR("group"));
}

static const char *file_risk(struct sm_learn *l, const struct sm_rule *rule)
{
	const uint32_t writes =
		SM_ACCESS_WRITE | SM_ACCESS_CREATE | SM_ACCESS_DELETE;
	struct sm_str p = rule->pattern;
	struct sm_str extension = sm_extension(p);

	if (rule->makes_code)
		return "writes code that it may load";
	if (is_interpreter_state(p))
		return "reads or writes a process's memory or environment";
	if (is_secret(p))
		return "key material or accounts";
	if (rule->access & writes && sm_is_code_suffix(extension))
		return "writes files that Python could load";
	if (rule->access & writes && sm_str_starts(p, SM_STR("/etc")))
		return "writes system configuration";
	if (rule->access & SM_ACCESS_LINK)
		return "makes hard links";
	if (rule->access & SM_ACCESS_READ && !rule->via &&
	    sm_is_code_suffix(extension) &&
	    sm_str_starts(p, SM_STR("${APP}")) && is_for(rule, "app"))
		return "reads the application's own source";
	(void)l;
	return NULL;
}

/* ----------------------------------------------------------------- network */

/* HOST of [PROTO:]HOST:PORT, without brackets and the bits of a block. */
static struct sm_str host_of(const struct sm_rule *rule)
{
	struct sm_str p = rule->pattern;
	uint32_t n = 0;

	if (sm_str_starts(p, SM_STR("udp:")) ||
	    sm_str_starts(p, SM_STR("raw:")))
		p = (struct sm_str){ p.p + 4, p.len - 4 };
	if (p.len && p.p[0] == '[') {
		p = (struct sm_str){ p.p + 1, p.len - 1 };
		while (n < p.len && p.p[n] != ']' && p.p[n] != '/')
			n++;
	} else {
		while (n < p.len && p.p[n] != ':' && p.p[n] != '/')
			n++;
	}
	p.len = n;
	return p;
}

static bool is_loopback(const struct sm_rule *rule, struct sm_str host)
{
	static const char *const starts[] = { "/", "@", "${", NULL };
	const struct sm_str place = SM_STR("@loopback");

	return starts_with_one_of(rule->pattern, starts) ||
	       sm_str_equal(host, SM_STR("localhost")) ||
	       (host.len > place.len &&
		sm_str_equal((struct sm_str){ host.p + host.len - place.len,
					      place.len },
			     place)) ||
	       (sm_address_kind_of(host) == SM_ADDRESS_LOOPBACK &&
		host.p[0] != '0' && !sm_str_equal(host, SM_STR("::")));
}

static bool is_of_dynamic_ports(const struct sm_rule *rule)
{
	const struct sm_str ports = SM_STR(SM_PORTS_DYNAMIC);
	struct sm_str p = rule->pattern;

	return p.len > ports.len &&
	       sm_str_equal(
		       (struct sm_str){ p.p + p.len - ports.len, ports.len },
		       ports);
}

static const char *network_risk(const struct sm_rule *rule)
{
	struct sm_str host = host_of(rule);

	if (sm_address_kind_of(host) == SM_ADDRESS_METADATA ||
	    sm_str_starts(host, SM_STR("metadata.google")))
		return "link-local or cloud metadata address";
	if (rule->access == SM_ACCESS_SOCKET)
		return "raw, packet or netlink socket";
	if (rule->access == SM_ACCESS_CONNECT && !is_loopback(rule, host))
		return "leaves the machine";
	if (rule->access == SM_ACCESS_CONNECT && is_of_dynamic_ports(rule))
		return "whatever listens at a port the kernel gave it";
	if (rule->access == SM_ACCESS_BIND && !is_loopback(rule, host))
		return "can be reached from other machines";
	return NULL;
}

/* --------------------------------------------------------------- processes */

/* What runs programs, commands or code that its words or its input name. */
static const char *const runners[] = {
	/* shells and interpreters */
	"sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "busybox", "perl",
	"ruby", "node", "nodejs", "deno", "php", "lua", "luajit", "tclsh",
	"expect", "awk", "gawk", "mawk", "java", "ipython", "pypy",
	/* that run a program which they are told */
	"env", "sudo", "su", "doas", "pkexec", "runuser", "setpriv", "chroot",
	"nohup", "timeout", "setsid", "nice", "ionice", "stdbuf", "time",
	"watch", "flock", "xargs", "find", "parallel", "script", "strace",
	"ltrace", "gdb", "unshare", "nsenter", "systemd-run",
	"start-stop-daemon", "docker", "podman", "at", "batch", "crontab",
	/* with options that name one, or files that do */
	"tar", "zip", "rsync", "git", "hg", "make", "ssh", "scp", "sftp",
	/* that carry anything anywhere */
	"nc", "ncat", "netcat", "socat", "telnet", "curl", "wget", NULL
};

/* Also of a version, as perl5.36 and python3 are. */
static struct sm_str program_name(struct sm_str path)
{
	struct sm_str name = sm_path_name(path);

	while (name.len && (strchr("0123456789.-", name.p[name.len - 1])))
		name.len--;
	return name;
}

static const char *shell_risk(struct sm_learn *l, struct sm_str line)
{
	struct sm_shell *shell;

	if (!sm_is_pattern(line))
		return "a shell runs a line";
	shell = sm_learn_take(l, sizeof(*shell));
	if (sm_shell_parse(line, true, shell))
		for (uint32_t i = 0; i < shell->count; i++)
			if (shell->tokens[i].has_slot &&
			    sm_word_gives_names(shell, i))
				return "names of files in an open directory "
				       "may be options of a command";
	return "a shell runs a line with open words";
}

static const char *process_risk(struct sm_learn *l, const struct sm_rule *rule)
{
	if (rule->access == SM_ACCESS_SHELL)
		return shell_risk(l, rule->pattern);
	if (rule->access == SM_ACCESS_ENVIRONMENT)
		return "decides which code a child runs";
	if (rule->access == SM_ACCESS_SIGNAL)
		return "signals to unrelated processes";
	if (sm_str_starts(sm_path_name(rule->pattern), SM_STR("python")) ||
	    sm_is_among(program_name(rule->pattern), runners))
		return "a program that can run anything";
	return NULL;
}

/* -------------------------------------------------------- code and the rest */

/* A file of this name, whoever puts it in which directory. */
static bool is_of_any_directory(struct sm_str p)
{
	struct sm_str name = sm_path_name(p);

	return sm_is_code_suffix(sm_extension(name)) && !sm_is_pattern(name) &&
	       sm_is_pattern((struct sm_str){ p.p, p.len - name.len });
}

static const char *code_risk(const struct sm_learn *l,
			     const struct sm_rule *rule)
{
	struct sm_str p = rule->pattern;

	if (rule->access == SM_ACCESS_LOAD) {
		if (sm_str_starts(p, SM_STR("stdlib:")))
			return "a module that reaches below the interpreter";
		if (sm_str_equal(sm_extension(p), SM_STR(".pth")))
			return "runs at every start of the interpreter";
		if (is_of_any_directory(p))
			return "new code: a file of that name in any "
			       "directory";
		return sm_list_has(&l->unrun, p)
			       ? "code that was asked for, but never run"
			       : NULL;
	}
	if (is_for(rule, "app") || is_for(rule, "dynamic") ||
	    is_for(rule, "foreign"))
		return "the application runs code made from text";
	return NULL;
}

static const char *pickle_risk(const struct sm_rule *rule)
{
	static const char *const dangerous[] = { "os.",
						 "posix.",
						 "nt.",
						 "subprocess.",
						 "sys.",
						 "shutil.",
						 "socket.",
						 "importlib.",
						 "runpy.",
						 "pty.",
						 "ctypes.",
						 "commands.",
						 "code.",
						 "operator.",
						 "functools.partial",
						 "builtins.eval",
						 "builtins.exec",
						 "builtins.getattr",
						 "builtins.__import__",
						 "builtins.open",
						 "builtins.compile",
						 "builtins.breakpoint",
						 "builtins.input",
						 "builtins.setattr",
						 "builtins.delattr",
						 "numpy.testing.",
						 "numpy.f2py.",
						 "numpy.distutils.",
						 "numpy.ctypeslib.",
						 "numpy.load",
						 "numpy.fromfile",
						 "numpy.memmap",
						 "uuid._",
						 "pathlib.Path.",
						 "pathlib.PosixPath.",
						 "webbrowser.",
						 "timeit.",
						 "pickle.",
						 "__builtin__.",
						 NULL };
	static const char *const safe[] = {
		"builtins.",  "collections.", "datetime.",     "decimal.",
		"uuid.",      "fractions.",   "pathlib.",      "copyreg.",
		"ipaddress.", "_codecs.",     "array.",	       "enum.",
		"zoneinfo.",  "numpy.",	      "http.cookies.", NULL
	};

	if (starts_with_one_of(rule->pattern, dangerous))
		return "unpickling can call this: it runs commands or code";
	if (sm_is_pattern(rule->pattern))
		return "unpickling can call whatever is named so";
	if (!starts_with_one_of(rule->pattern, safe))
		return "unpickling makes objects of this class";
	return NULL;
}

static const char *event_risk(const struct sm_rule *rule)
{
	static const char *const names[] = { "ctypes.",
					     "sys.settrace",
					     "sys.setprofile",
					     "sys.addaudit",
					     "sys.remote_exec",
					     "sys.monitoring",
					     "cpython.remote",
					     "sqlite3.enable_load_extension",
					     "gc.get_",
					     "sys._current",
					     NULL };

	return starts_with_one_of(rule->pattern, names)
		       ? "reaches below the interpreter"
		       : NULL;
}

struct sm_str sm_risk_of(struct sm_learn *l, const struct sm_rule *rule)
{
	const char *reason = NULL;

	switch (rule->family) {
	case SM_FAMILY_FILES:
		reason = file_risk(l, rule);
		break;
	case SM_FAMILY_NETWORK:
		reason = network_risk(rule);
		break;
	case SM_FAMILY_PROCESSES:
		reason = process_risk(l, rule);
		break;
	case SM_FAMILY_CODE:
		reason = code_risk(l, rule);
		break;
	case SM_FAMILY_PICKLES:
		reason = pickle_risk(rule);
		break;
	case SM_FAMILY_NATIVE:
		reason = "native code: no policy sees what it does";
		break;
	case SM_FAMILY_EVENTS:
		reason = event_risk(rule);
		break;
	case SM_FAMILIES:
		break;
	}
	if (!reason && is_for(rule, "foreign"))
		reason = "code from outside every recorded code directory";
	return sm_str_of(reason ? reason : "");
}
