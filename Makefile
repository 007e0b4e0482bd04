# secmgr: build, test, install. `make help` lists the targets.
VERSION := 0.1.0
PREFIX  ?= /usr/local
BUILD   ?= build
CC      ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wcast-align -Wwrite-strings \
	-Wundef -Wformat=2 -Wvla -Wnull-dereference -Wimplicit-fallthrough
OPT     ?= -O2 -g
SAN     ?=
CPPFLAGS += -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DSM_VERSION_TEXT='"$(VERSION)"' $(if $(SAN),-DSM_SANITISED)
CFLAGS  += -std=c11 $(OPT) $(WARN) -fPIC -fvisibility=hidden \
	-fno-strict-aliasing -fstack-protector-strong $(SAN)
LDLIBS  := -lsqlite3 -lzstd -lcbor -lcrypto -lpthread -lm

# V=1 shows the commands; otherwise a line for each file made.
say = $(if $(V),,@echo '  $(1) $@';)

# What the guest carries: no JSON, no SQLite, nothing but libc.
AGENT_SRC := $(wildcard recorder/agent/*.c) \
	recorder/ring.c recorder/record.c recorder/hello.c recorder/digest.c \
	$(wildcard recorder/redact*.c) schema/secret.c \
	schema/address.c schema/status.c schema/cbor.c schema/event.c \
	schema/named.c schema/path.c schema/places.c $(wildcard schema/request*.c) \
	schema/shell.c schema/shell_skip.c schema/token.c \
	$(wildcard schema/policy/open*.c schema/policy/decide*.c \
		schema/policy/match*.c)
LIB_SRC   := $(wildcard schema/*.c schema/trace/*.c schema/policy/*.c \
	recorder/*.c learner/*.c replay/*.c)
# What programs share, and their parts that unit tests want to link.
CLI_SRC   := $(filter-out $(wildcard tools/secmgr-*.c),$(wildcard tools/*.c))
PROGRAMS  := $(basename $(notdir $(wildcard tools/secmgr-*.c)))
UNIT      := $(basename $(notdir $(wildcard tests/unit/test_*.c)))
FUZZ      := $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.c)))
# What drives a fuzz target; empty for libFuzzer, which brings its own main().
FUZZ_MAIN ?= $(BUILD)/obj/tests/fuzz/main.o

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB   := $(BUILD)/libsm.a
CLI   := $(BUILD)/libcli.a
AGENT := $(BUILD)/lib/secmgr/libsecmgr.so
LIVE  := $(BUILD)/lib/secmgr/secmgr-live

.PHONY: all
all: $(if $(AGENT_SRC),$(AGENT)) $(LIVE) $(PROGRAMS:%=$(BUILD)/bin/%)

# Bundles are JSON files for reviewers, compiled in as text.
BUNDLES := $(wildcard schema/bundles/*.json)
$(BUILD)/gen/bundles.inc: $(BUNDLES) tools/dev/embed-bundles
	@mkdir -p $(@D)
	$(call say,embed)tools/dev/embed-bundles $(BUNDLES) > $@.tmp && mv $@.tmp $@
$(BUILD)/obj/schema/policy/bundles.o: $(BUILD)/gen/bundles.inc
$(BUILD)/obj/schema/policy/bundles.o: CPPFLAGS += -I$(BUILD)/gen

# The trace's table definitions: one documented SQL file, compiled in as text.
$(BUILD)/gen/trace-sql.inc: schema/trace.sql
	@mkdir -p $(@D)
	sed -e 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n"/' $< > $@.tmp && mv $@.tmp $@
$(BUILD)/obj/schema/trace/db.o: $(BUILD)/gen/trace-sql.inc
$(BUILD)/obj/schema/trace/db.o: CPPFLAGS += -I$(BUILD)/gen

# The program that raises recorded calls in an interpreter: Python, as text.
$(BUILD)/gen/live-driver.inc: replay/live/driver.py
	@mkdir -p $(@D)
	sed -e 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n"/' $< > $@.tmp && mv $@.tmp $@
$(BUILD)/obj/replay/live.o: $(BUILD)/gen/live-driver.inc
$(BUILD)/obj/replay/live.o: CPPFLAGS += -I$(BUILD)/gen

# Rebuild when flags change, so that one tree serves plain and sanitised runs.
FLAGS := $(CC) $(CPPFLAGS) $(CFLAGS)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || \
		echo '$(subst ','\'',$(FLAGS))' > $@
.PHONY: FORCE
FORCE:

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,$(CC))$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(call obj,$(LIB_SRC))
	$(call say,ar)rm -f $@ && ar rcs $@ $^

$(CLI): $(call obj,$(CLI_SRC))
	$(call say,ar)rm -f $@ && ar rcs $@ $^

$(AGENT): $(call obj,$(AGENT_SRC))
	@mkdir -p $(@D)
	$(call say,$(CC))$(CC) -shared $(CFLAGS) $(LDFLAGS) \
		$(if $(SAN),,-Wl,-z,defs) -Wl,-z,now,--no-as-needed -o $@ $^ \
		-l:libdl.so.2

# The only thing linked with libpython: an interpreter for replay --live.
EMBED := python3-embed
$(BUILD)/obj/replay/live/runner.o $(BUILD)/tidy/replay/live/runner.ok \
$(BUILD)/tidy/tests/bench/raiser.ok \
$(BUILD)/tidy/tests/integration/quiet.ok \
$(BUILD)/tidy/tests/integration/steps.ok: \
	CPPFLAGS += $(subst -I,-isystem ,\
	$(shell pkg-config --cflags-only-I $(EMBED)))
$(LIVE): $(call obj,replay/live/runner.c)
	@mkdir -p $(@D)
	$(call say,$(CC))$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ \
		$(shell pkg-config --libs $(EMBED))

# Cases of `secmgr-policy test`, and a second reader of what we print.
$(BUILD)/bin/secmgr-policy $(BUILD)/tests/test_policy_text \
$(BUILD)/tests/test_review_step $(BUILD)/fuzz/fuzz_policy_cases \
$(BUILD)/fuzz/fuzz_review_answers: LDLIBS += -ljansson

# The agent is what its tests load, not what they link.
$(patsubst %,$(BUILD)/tests/%,$(filter test_agent%,$(UNIT))): \
	$(call obj,$(wildcard tests/unit/agent_*.c)) | $(AGENT)

# Agents that its tests make.
$(patsubst %,$(BUILD)/tests/%,$(filter test_collector%,$(UNIT))): \
	$(call obj,tests/unit/collector_fixture.c)

# A disk whose power fails.
$(BUILD)/tests/test_trace_power: $(call obj,tests/unit/power_vfs.c)

$(BUILD)/bin/%: $(BUILD)/obj/tools/%.o $(CLI) $(LIB)
	@mkdir -p $(@D)
	$(call say,$(CC))$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(CLI) $(LIB)
	@mkdir -p $(@D)
	$(call say,$(CC))$(CC) $(CFLAGS) $(LDFLAGS) -o $@ \
		$(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -lcmocka

.PHONY: unit unit-build
unit-build: $(UNIT:%=$(BUILD)/tests/%)
unit: unit-build
	@set -e; for t in $(UNIT:%=$(BUILD)/tests/%); do $$t; done

# ------------------------------------------------------------------- checking
JOBS    ?= $(shell nproc)
SUB     := $(MAKE) --no-print-directory
PYTHON  ?= /usr/bin/python3
ASAN    := -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer
TSAN    := -fsanitize=thread
# Threads meet in the ring and the collector, and where blocks are unpacked
# ahead; the rest is single-threaded.
TSAN_UNIT := $(filter test_ring% test_collector% test_channel% \
	test_trace_ahead,$(UNIT))
OWN     := $(wildcard schema/*.[ch] schema/*/*.[ch] recorder/*.[ch] \
	recorder/*/*.[ch] learner/*.[ch] replay/*.[ch] replay/*/*.[ch] \
	tools/*.[ch] \
	tests/*/*.[ch])
MAN     := $(wildcard tools/man/*.[1-8])

$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(FUZZ_MAIN) \
		$(CLI) $(LIB)
	@mkdir -p $(@D)
	$(call say,$(CC))$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: fuzz-build
fuzz-build: $(FUZZ:%=$(BUILD)/fuzz/%)

# make itself stops at the first thing that does not build; the tests all run,
# lint beside them, and their totals are the last line. clang's build is the one
# with sanitizers, so that its warnings cost no build of their own.
.PHONY: check
check: check-deps check-layers
	$(SUB) -j$(JOBS) all unit-build
	$(SUB) -j$(JOBS) CC=clang SAN='$(ASAN)' OPT='-O1 -g' \
		BUILD=$(BUILD)/asan \
		FUZZ_MAIN='$(BUILD)/asan/obj/tests/fuzz/main.o' \
		all unit-build fuzz-build
	$(SUB) -j$(JOBS) SAN='$(TSAN)' OPT='-O1 -g' BUILD=$(BUILD)/tsan \
		LIB_SRC='$(filter schema/% recorder/%,$(LIB_SRC))' CLI_SRC= \
		UNIT='$(TSAN_UNIT)' unit-build
	$(PYTHON) tools/dev/run-tests --build $(BUILD)

.PHONY: check-deps check-layers
check-deps:
	@tools/dev/install-deps --check check
check-layers:
	@$(PYTHON) tools/dev/check-layers $(AGENT_SRC)

# One stamp a file, so that only what changed is looked at again. The analyser
# goes a sixth of its usual way through a function, which takes a fifth of the
# time; lint-deep lets it go all of it: hours.
TIDY_NODES ?= 40000
TIDY_DEPTH := -Xclang -analyzer-config -Xclang max-nodes=$(TIDY_NODES)
.PHONY: lint lint-format lint-tidy lint-man
lint: lint-format lint-tidy lint-man
lint-format:
	@clang-format --dry-run -Werror $(OWN)
lint-tidy: $(patsubst %.c,$(BUILD)/tidy/%.ok,$(filter %.c,$(OWN)))
lint-man:
	@for page in $(MAN); do mandoc -Tlint -W warning $$page || exit 1; done
$(BUILD)/tidy/%.ok: %.c .clang-tidy $(BUILD)/gen/bundles.inc \
		$(BUILD)/gen/trace-sql.inc $(BUILD)/gen/live-driver.inc
	@mkdir -p $(@D)
	$(call say,clang-tidy)clang-tidy --quiet $< -- -std=c11 $(CPPFLAGS) \
		-I$(BUILD)/gen $(TIDY_DEPTH) 2>$@.log \
		|| { cat $@.log >&2; exit 1; }
	@touch $@

.PHONY: lint-deep
lint-deep:
	$(SUB) -j$(JOBS) BUILD=$(BUILD)/deep TIDY_NODES=225000 lint-tidy

# A real fuzzer for a while: `make fuzz FUZZ_SECONDS=600`. No input may take
# 10 s, or ask for more than 512 MiB at once.
FUZZ_SECONDS ?= 20
.PHONY: fuzz
fuzz:
	$(SUB) -j$(JOBS) CC=clang BUILD=$(BUILD)/libfuzzer \
		SAN='$(ASAN) -fsanitize=fuzzer-no-link' FUZZ_MAIN= \
		LDFLAGS=-fsanitize=fuzzer fuzz-build
	@set -e; for f in $(FUZZ); do \
		mkdir -p $(BUILD)/found/$$f; \
		$(BUILD)/libfuzzer/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) \
			-timeout=10 -malloc_limit_mb=512 \
			-artifact_prefix=$(BUILD)/found/$$f- \
			$(BUILD)/found/$$f tests/fuzz/corpus/$${f#fuzz_}; \
	done

# The long form of tests that `check` runs a little of: about an hour.
.PHONY: check-long
check-long: all unit-build
	SM_MUTATIONS=100000 $(BUILD)/tests/test_trace_mutation
	SM_MUTATIONS=2000 $(BUILD)/tests/test_trace_recover
	SM_POWER=2000 $(BUILD)/tests/test_trace_power
	SM_BUILD=$(BUILD) SM_KILLS=2000 SM_CROWD=1000 \
		$(PYTHON) -B tests/integration/test_loss.py
	SM_BUILD=$(BUILD) SM_RULES=50000 \
		$(PYTHON) -B tests/integration/test_hostile.py
	SM_BUILD=$(BUILD) SM_FAULTS=300 \
		$(PYTHON) -B tests/integration/test_faults.py
	SM_BUILD=$(BUILD) SM_CUTS=20 \
		$(PYTHON) -B tests/integration/test_disk.py
	SM_BUILD=$(BUILD) SM_LATENCY=50 \
		$(PYTHON) -B tests/integration/test_latency.py
	SM_BUILD=$(BUILD) SM_LONG=1 \
		$(PYTHON) -B tests/integration/test_guests_servers.py

# CPython's own tests, with and without: half an hour, not part of check.
# MODULES= names some; what was the same is not run again without FRESH=1.
.PHONY: check-cpython
check-cpython: all
	@tools/dev/install-deps cpython
	@$(PYTHON) tests/cpython/run.py --build $(BUILD) \
		$(if $(FRESH),--fresh) $(MODULES)

# Other versions of Python, each in a root of its own Debian (SUITES= names
# releases), in 13 a free-threaded build as well. The first time, which fetches
# and builds them, takes half an hour.
.PHONY: check-pythons
check-pythons:
	@tools/dev/install-deps pythons
	@$(PYTHON) -B tests/pythons/run.py --build $(BUILD) --jobs $(JOBS) \
		$(SUITES)

# Replay beside real interpreters, over all workloads, on every version of
# Python on this machine: ten minutes; one that was ended goes on. ONLY= names
# workloads, TESTS=1 adds what other integration tests record (an hour), FRESH=1
# starts anew.
.PHONY: check-live
check-live: all
	@$(PYTHON) -B tests/live/run.py --build $(BUILD) \
		$(if $(TESTS),--tests) $(if $(FRESH),--fresh) $(ONLY)

# ---------------------------------------------------------------- showing
.PHONY: demo bench
demo:
	@tools/dev/install-deps demo
	@$(SUB) -s -j$(JOBS) all
	@$(PYTHON) tests/demo/run.py --build $(BUILD)

# PCRE2 is what decisions are measured beside; nothing else links it.
$(BUILD)/tests/bench_decide: LDLIBS += -lpcre2-8 -ljansson
$(BUILD)/tests/bench_decide: $(BUILD)/obj/tests/bench/decide.o $(LIB)
	@mkdir -p $(@D)
	$(call say,$(CC))$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

bench:
	@tools/dev/install-deps check
	@$(SUB) -s -j$(JOBS) all $(BUILD)/tests/bench_decide
	@$(PYTHON) tests/bench/run.py --build $(BUILD)

# What learned policies break and stop: `make learn-bench SCENARIOS="a b"`.
.PHONY: learn-bench
learn-bench:
	@tools/dev/install-deps learn-bench
	@$(SUB) -s -j$(JOBS) all
	@$(PYTHON) -B tests/scenarios/run.py --build $(BUILD) --jobs $(JOBS) \
		$(SCENARIOS)

# -------------------------------------------------------------- installing
BINDIR := $(DESTDIR)$(PREFIX)/bin
LIBDIR := $(DESTDIR)$(PREFIX)/lib/secmgr
MANDIR := $(DESTDIR)$(PREFIX)/share/man
.PHONY: install uninstall
install: all
	install -d $(BINDIR) $(LIBDIR)
	install -m 755 $(PROGRAMS:%=$(BUILD)/bin/%) $(BINDIR)
	install -m 644 $(AGENT) $(LIBDIR)
	install -m 755 $(LIVE) $(LIBDIR)
	for page in $(MAN); do \
		install -D -m 644 $$page \
			$(MANDIR)/man$${page##*.}/$${page##*/} || exit 1; \
	done
uninstall:
	rm -f $(PROGRAMS:%=$(BINDIR)/%) $(LIBDIR)/$(notdir $(AGENT)) \
		$(LIBDIR)/$(notdir $(LIVE))
	for page in $(MAN); do \
		rm -f $(MANDIR)/man$${page##*.}/$${page##*/}; \
	done
	rmdir $(LIBDIR) 2>/dev/null || true

.PHONY: clean
clean:
	rm -rf $(BUILD)

.PHONY: help
help:
	@printf '%s\n' \
	'all        the programs and libsecmgr.so, in $(BUILD)/ (default)' \
	'demo       install what is missing, record, learn, replay, enforce' \
	'check      build with gcc and clang, lint, every test; totals last' \
	'unit       unit tests only' \
	'check-long     what check does a little of, at length' \
	'check-cpython  CPython'"'"'s tests, the same recorded and in warn' \
	'check-pythons  build and test beside Python 3.9, 3.13 and 3.14' \
	'check-live  replay beside every Python there is, over all ONLY=' \
	'bench      measure; $(BUILD)/bench.json and a table' \
	'learn-bench  what learned policies break and stop, in SCENARIOS=' \
	'lint       clang-format, clang-tidy, mandoc' \
	'lint-deep  clang-tidy with all of its analyser, hours' \
	'fuzz       libFuzzer, FUZZ_SECONDS=$(FUZZ_SECONDS) a target' \
	'install    to DESTDIR and PREFIX ($(PREFIX)); uninstall takes it back' \
	'clean      remove $(BUILD)/'

.SECONDARY:
# Roots of check-pythons hold other things of that name.
-include $(shell find $(BUILD) -path $(BUILD)/pythons -prune -o \
	-name '*.d' -type f -print 2>/dev/null)
