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
	-DSM_VERSION_TEXT='"$(VERSION)"'
CFLAGS  += -std=c11 $(OPT) $(WARN) -fPIC -fvisibility=hidden \
	-fno-strict-aliasing -fstack-protector-strong $(SAN)
LDLIBS  := -lsqlite3 -lzstd -lcbor -ljansson -lcrypto -lpthread

# What the guest carries: no JSON, no SQLite, nothing but libc.
AGENT_SRC := $(wildcard recorder/agent/*.c) \
	recorder/ring.c recorder/record.c recorder/hello.c \
	schema/status.c schema/cbor.c schema/event.c schema/path.c \
	schema/request.c schema/shell.c schema/token.c \
	$(wildcard schema/policy/open*.c schema/policy/decide*.c \
		schema/policy/match*.c)
LIB_SRC   := $(wildcard schema/*.c schema/trace/*.c schema/policy/*.c \
	recorder/*.c learner/*.c replay/*.c)
CLI_SRC   := $(wildcard tools/cli*.c)
PROGRAMS  := $(basename $(notdir $(wildcard tools/secmgr-*.c)))
UNIT      := $(basename $(notdir $(wildcard tests/unit/test_*.c)))
FUZZ      := $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.c)))

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB   := $(BUILD)/libsm.a
AGENT := $(BUILD)/lib/secmgr/libsecmgr.so

.PHONY: all
all: $(if $(AGENT_SRC),$(AGENT)) $(PROGRAMS:%=$(BUILD)/bin/%)

# Bundles are JSON files for reviewers, compiled in as text.
BUNDLES := $(wildcard schema/bundles/*.json)
$(BUILD)/gen/bundles.inc: $(BUNDLES) tools/dev/embed-bundles
	@mkdir -p $(@D)
	tools/dev/embed-bundles $(BUNDLES) > $@.tmp && mv $@.tmp $@
$(BUILD)/obj/schema/policy/bundles.o: $(BUILD)/gen/bundles.inc
$(BUILD)/obj/schema/policy/bundles.o: CPPFLAGS += -I$(BUILD)/gen

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
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(call obj,$(LIB_SRC))
	rm -f $@ && ar rcs $@ $^

$(AGENT): $(call obj,$(AGENT_SRC))
	@mkdir -p $(@D)
	$(CC) -shared $(CFLAGS) $(LDFLAGS) -Wl,-z,defs,-z,now -o $@ $^ -ldl

$(BUILD)/bin/%: $(BUILD)/obj/tools/%.o $(call obj,$(CLI_SRC)) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(call obj,$(CLI_SRC)) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

.PHONY: unit
unit: $(UNIT:%=$(BUILD)/tests/%)
	@set -e; for t in $^; do $$t; done

.PHONY: clean
clean:
	rm -rf $(BUILD)

.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
