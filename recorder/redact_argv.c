/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redact_argv.c: arguments that are credentials by the option in front of them
 * or by the program they are for.
 */
#include "recorder/redact_internal.h"

enum program {
	OTHER,
	MYSQL,
	POSTGRES,
	CURL,
	HTTPIE,
	SSHPASS,
	ARCHIVE,
	ZIP,
	REDIS,
	LDAP,
	MONGO,
	DOCKER,
	SMB,
	LFTP,
	OPENSSL,
	KEYGEN,
	KEYTOOL,
	SQLCMD,
	SNMP,
	MQTT,
	IPMI,
	TWINE,
	DESKTOP,
	USERADD,
	ETCD,
	HTPASSWD,
	QPDF,
	ORACLE,
	CONFIG,
};

static const struct {
	const char *name;
	enum program program;
} programs[] = {
	{ "mysql", MYSQL },
	{ "mysqldump", MYSQL },
	{ "mysqladmin", MYSQL },
	{ "mysqlimport", MYSQL },
	{ "mysqlshow", MYSQL },
	{ "mysqlcheck", MYSQL },
	{ "mariadb", MYSQL },
	{ "mariadb-dump", MYSQL },
	{ "mariadb-admin", MYSQL },
	{ "psql", POSTGRES },
	{ "pg_dump", POSTGRES },
	{ "pg_dumpall", POSTGRES },
	{ "pg_restore", POSTGRES },
	{ "createdb", POSTGRES },
	{ "dropdb", POSTGRES },
	{ "pg_basebackup", POSTGRES },
	{ "curl", CURL },
	{ "http", HTTPIE },
	{ "https", HTTPIE },
	{ "sshpass", SSHPASS },
	{ "7z", ARCHIVE },
	{ "7za", ARCHIVE },
	{ "7zr", ARCHIVE },
	{ "rar", ARCHIVE },
	{ "unrar", ARCHIVE },
	{ "zip", ZIP },
	{ "unzip", ZIP },
	{ "redis-cli", REDIS },
	{ "ldapsearch", LDAP },
	{ "ldapmodify", LDAP },
	{ "ldapadd", LDAP },
	{ "ldapdelete", LDAP },
	{ "ldappasswd", LDAP },
	{ "ldapwhoami", LDAP },
	{ "mongo", MONGO },
	{ "mongosh", MONGO },
	{ "mongodump", MONGO },
	{ "mongorestore", MONGO },
	{ "mongoexport", MONGO },
	{ "mongoimport", MONGO },
	{ "smbclient", SMB },
	{ "rpcclient", SMB },
	{ "net", SMB },
	{ "lftp", LFTP },
	{ "openssl", OPENSSL },
	{ "ssh-keygen", KEYGEN },
	{ "keytool", KEYTOOL },
	{ "jarsigner", KEYTOOL },
	{ "sqlcmd", SQLCMD },
	{ "bcp", SQLCMD },
	{ "isql", SQLCMD },
	{ "snmpwalk", SNMP },
	{ "snmpget", SNMP },
	{ "snmpset", SNMP },
	{ "mosquitto_pub", MQTT },
	{ "mosquitto_sub", MQTT },
	{ "ipmitool", IPMI },
	{ "twine", TWINE },
	{ "rdesktop", DESKTOP },
	{ "xfreerdp", DESKTOP },
	{ "useradd", USERADD },
	{ "usermod", USERADD },
	{ "etcdctl", ETCD },
	{ "htpasswd", HTPASSWD },
	{ "qpdf", QPDF },
	{ "sqlplus", ORACLE },
	{ "sqlldr", ORACLE },
	{ "expdp", ORACLE },
	{ "impdp", ORACLE },
	{ "aws", CONFIG },
	{ "git", CONFIG },
};

/* What the next word is, or how the rest of this one is to be read. */
enum form {
	NOTHING,
	NEXT,
	TWO,
	ATTACHED,
	EITHER,
	COLON,
	PERCENT,
	COMMA,
	PREFIX
};

static const struct {
	enum program program;
	struct sm_str option;
	enum form form;
} options[] = {
#define SM_OPTION(program, option, form)                                       \
	{ program, { option, sizeof(option) - 1 }, form },
#include "recorder/redact_options.def"
#undef SM_OPTION
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct sm_str sm_base_name(struct sm_str path)
{
	uint32_t at = path.len;

	while (at && path.p[at - 1] != '/')
		at--;
	return sm_str_part(path, at, path.len);
}

/* `docker login` and `podman login` alone take one: -p publishes elsewhere. */
static enum program program_of(struct sm_str word, enum program before)
{
	struct sm_str name = sm_base_name(word);

	if (before != OTHER)
		return before;
	if (sm_str_equal(name, SM_STR("login")))
		return DOCKER;
	for (size_t i = 0; i < COUNT(programs); i++)
		if (sm_str_equal(name, sm_str_of(programs[i].name)))
			return programs[i].program;
	return before;
}

/* ---------------------------------------------------------------- options */

/* Options about credentials that take none: the next word is another's. */
static bool is_flag(struct sm_str option)
{
	return sm_str_starts(option, SM_STR("--no-")) ||
	       sm_str_starts(option, SM_STR("--ask-")) ||
	       sm_str_starts(option, SM_STR("--prompt-"));
}

/* An option that takes a word which its name says is a credential. */
static bool names_secret(struct sm_str option)
{
	return option.len >= 3 && option.p[0] == '-' && !is_flag(option) &&
	       !sm_str_has(option, '=') && !sm_str_has(option, ':') &&
	       !sm_str_has(option, ' ') &&
	       !sm_str_has(option, '%') && /* of a "%secret%" */
	       sm_name_kind_of(option) != SM_NAME_PLAIN;
}

/* `nmcli ... password X`, behind a command and something for it. */
static bool is_bare_name(const struct sm_redact_argv *argv, struct sm_str word)
{
	static const char *const names[] = { "password", "passphrase", "psk",
					     "user_pw", "owner_pw" };

	for (size_t i = 0; argv->count > 2 && i < COUNT(names); i++)
		if (sm_is_same_name(word, names[i]))
			return true;
	return false;
}

/* `aws configure set aws_secret_access_key X` */
static bool sets_secret(enum program program, struct sm_str word)
{
	return (program == CONFIG || program == REDIS) && word.len >= 8 &&
	       !sm_str_has(word, '=') && !sm_str_has(word, '/') &&
	       !sm_str_has(word, '%') && /* likewise */
	       sm_name_kind_of(word) == SM_NAME_SECRET;
}

/* The option of program that word starts with; the longest. -1: none. */
static int find_option(enum program program, struct sm_str word)
{
	int best = -1;

	for (size_t i = 0; program != OTHER && i < COUNT(options); i++)
		if (options[i].program == program &&
		    sm_str_starts(word, options[i].option) &&
		    (best < 0 ||
		     options[i].option.len > options[best].option.len))
			best = (int)i;
	return best;
}

/* Options of a letter that take nothing and so stand in one word with others.
 */
static const struct {
	enum program program;
	const char *letters;
} flags[] = {
	{ CURL, "fgGiIjkLnNORsSv#0123456" },
	{ LDAP, "cCLMnvxZ" },
};

static bool is_bundled(enum program program, char c)
{
	for (size_t i = 0; i < COUNT(flags); i++)
		if (flags[i].program == program)
			return strchr(flags[i].letters, c);
	return false;
}

/* `-su`: the option of a letter behind others, and where it starts. */
static int find_bundled(enum program program, struct sm_str word, uint32_t *at)
{
	*at = 0;
	if (word.len < 3 || word.p[0] != '-')
		return -1;
	while (*at + 2 < word.len && word.p[*at + 1] &&
	       is_bundled(program, word.p[*at + 1]))
		++*at;
	for (size_t i = 0; *at && i < COUNT(options); i++)
		if (options[i].program == program &&
		    options[i].option.len == 2 &&
		    options[i].option.p[1] == word.p[*at + 1])
			return (int)i;
	*at = 0;
	return -1;
}

/* Behind the first mark of word, to its end; empty when there is none. */
static struct sm_span behind(struct sm_str word, uint32_t from, char mark)
{
	for (uint32_t at = from; at < word.len; at++) {
		uint32_t n = word.p[at] == '%' && mark != '%'
				     ? sm_secret_match(
					       sm_str_part(word, at, word.len))
				     : 0;

		if (n)
			at += n - 1;
		else if (word.p[at] == mark)
			return (struct sm_span){ at + 1, word.len };
	}
	return (struct sm_span){ word.len, word.len };
}

static struct sm_span by_form(enum form form, struct sm_str word, uint32_t from)
{
	struct sm_span colon;

	switch (form) {
	case COLON:
		colon = behind(word, from, ':');
		/* `curl -u TOKEN:` */
		if (colon.from == word.len && word.len > from &&
		    sm_is_drawn(sm_str_part(
			    word, from,
			    word.len - (word.p[word.len - 1] == ':'))))
			return (struct sm_span){ from, word.len };
		return colon;
	case PERCENT:
		return behind(word, from, '%');
	case COMMA:
		return behind(word, from, ',');
	case NEXT:
	case TWO:
	case ATTACHED:
	case EITHER:
	case PREFIX:
		return (struct sm_span){ from, word.len };
	case NOTHING:
		break;
	}
	return (struct sm_span){ word.len, word.len };
}

/* What word says of itself, and of the next one. */
static struct sm_span by_option(struct sm_redact_argv *argv, struct sm_str word)
{
	int i = find_option((enum program)argv->program, word);
	struct sm_span none = { word.len, word.len };
	bool is_long, is_whole;
	uint32_t before = 0; /* letters of other options */
	enum form form;

	if (i < 0)
		i = find_bundled((enum program)argv->program, word, &before);

	if (i < 0) {
		if (names_secret(word) || is_bare_name(argv, word) ||
		    sets_secret((enum program)argv->program, word))
			argv->next = NEXT;
		return none;
	}
	form = options[i].form;
	is_whole = word.len == before + options[i].option.len;
	is_long = word.len > 2 && word.p[1] == '-';
	if (is_whole) {
		argv->next = form == ATTACHED || form == PREFIX ? NOTHING
								: (uint8_t)form;
		return none;
	}
	if (form == PREFIX || (form > TWO && !is_long))
		return by_form(form, word, before + options[i].option.len);
	if (names_secret(word))
		argv->next = NEXT;
	return none;
}

/* -------------------------------------------------------------- operands */

/* `htpasswd -b FILE USER X`, `htpasswd -nb USER X` */
static struct sm_span of_htpasswd(struct sm_redact_argv *argv,
				  struct sm_str word)
{
	struct sm_span none = { word.len, word.len };

	if (word.p[0] == '-') {
		argv->takes_secret |= sm_str_has(word, 'b');
		argv->is_short |= sm_str_has(word, 'n');
		argv->operands -= word.p[word.len - 1] == 'C'; /* -C COST */
		return none;
	}
	argv->operands++;
	if (!argv->takes_secret || argv->operands != 3 - argv->is_short)
		return none;
	return (struct sm_span){ 0, word.len };
}

/* `sqlplus USER/X@DB` */
static struct sm_span of_oracle(struct sm_redact_argv *argv, struct sm_str word)
{
	struct sm_span none = { word.len, word.len };
	struct sm_span span;
	const char *at;

	if (word.p[0] == '-' || argv->operands)
		return none;
	argv->operands = 1;
	if (!sm_is_alnum(word.p[0]))
		return none; /* /nolog, @script */
	span = behind(word, 0, '/');
	at = memrchr(word.p, '@', word.len);
	if (at && at - word.p > span.from)
		span.to = (uint32_t)(at - word.p);
	return span;
}

static struct sm_span by_operand(struct sm_redact_argv *argv,
				 struct sm_str word)
{
	switch (argv->program) {
	case HTPASSWD:
		return of_htpasswd(argv, word);
	case ORACLE:
		return of_oracle(argv, word);
	default:
		return (struct sm_span){ word.len, word.len };
	}
}

/* `user.signingkey /home/me/key.pub`: base64 may begin with a / alike. */
static bool is_path(struct sm_str word)
{
	return word.len > 2 && word.p[0] == '/' &&
	       memchr(word.p + 1, '/', word.len - 1) &&
	       !sm_base64_is_random(word);
}

struct sm_span sm_redact_look_at(struct sm_redact_argv *argv,
				 struct sm_str word)
{
	enum form next = (enum form)argv->next;
	bool is_option = word.len && word.p[0] == '-', is_named;
	struct sm_span span = { word.len, word.len };

	is_named = argv->program != OTHER;
	argv->next = next == TWO && !is_option ? NEXT : NOTHING;
	argv->program = (uint8_t)program_of(word, (enum program)argv->program);
	if (!word.len)
		return span;
	/* Another option: the one before took none after all. */
	if (next != NOTHING && !is_option && !sm_is_no_secret(word) &&
	    !is_path(word))
		return by_form(next, word, 0);
	if (argv->next != NOTHING)
		return span;
	if (is_named)
		span = by_operand(argv, word);
	return span.from < span.to ? span : by_option(argv, word);
}

/* ----------------------------------------------------------------- in lists */

static bool is_shell(struct sm_str name)
{
	static const char *const shells[] = { "sh",  "bash", "dash",   "ksh",
					      "zsh", "ash",  "busybox" };

	for (size_t i = 0; i < COUNT(shells); i++)
		if (sm_str_equal(sm_base_name(name), sm_str_of(shells[i])))
			return true;
	return false;
}

/* -c, -lc, -ec: what comes next is a line, or a program's text. */
static bool announces_line(struct sm_str word)
{
	return word.len >= 2 && word.p[0] == '-' && word.p[1] != '-' &&
	       word.p[word.len - 1] == 'c';
}

static enum sm_redact_kind kind_of(const struct sm_redact_argv *argv)
{
	if (!argv->is_line_next)
		return SM_REDACT_WORD;
	return argv->is_shell ? SM_REDACT_LINE : SM_REDACT_TEXT;
}

bool sm_redact_argument(struct sm_redact_argv *argv, struct sm_redact_text text,
			char *out, uint32_t room, uint32_t *length)
{
	enum sm_redact_kind kind = kind_of(argv);
	struct sm_str word = text.s;
	struct sm_spans spans;

	*length = 0;
	argv->is_line_next = announces_line(word);
	if (!argv->count++) {
		argv->is_shell = is_shell(word);
		argv->program = (uint8_t)program_of(word, OTHER);
		return false;
	}
	if (kind == SM_REDACT_LINE) {
		argv->next = NOTHING;
		return sm_redact(kind, text, out, room, length);
	}
	spans.items[0] = sm_redact_look_at(argv, word);
	spans.count = spans.items[0].from < spans.items[0].to &&
		      !sm_is_no_secret(sm_str_part(word, spans.items[0].from,
						   spans.items[0].to));
	return sm_redact_with(kind, text, &spans, out, room, length);
}
