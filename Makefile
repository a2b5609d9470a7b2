# Outdial.  `make run` starts a whole stack in the foreground, `make check` runs every test.
#
#   make [all]      build/$(MODE)/: the programs             MODE=release | asan | tsan | fuzz
#   make run        installs what is missing, builds, starts a stack under STATE=./var on PORT=8080
#   make check      all tests, in a stack of their own       make lint    the rules that a compiler does not know
#   make tsan       the worker under load, ThreadSanitizer   make chaos   kills and faults, full size
#   make prove      that and all figures, full size          make fuzz    every parser of outside bytes, RUNS=10000000 inputs each
#   make bench      speed and memory, beside others; writes README's figures    ONLY=webhooks,... FULL=1 narrow and widen it
#   make clean      removes build/
#
# Sources are found by folder: a new file needs no line here.

SHELL    := /bin/sh
MODE     ?= release
BUILD    ?= build
STATE    ?= ./var
PORT     ?= 8080

OUT      := $(BUILD)/$(MODE)
GEN      := $(BUILD)/gen

CC       := gcc
CXX      := g++
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wvla -Wformat=2
HARDEN   := -fstack-protector-strong -fPIE
ifeq ($(MODE),release)
OPTIMISE := -O2 -g -D_FORTIFY_SOURCE=2
else ifeq ($(MODE),asan)
OPTIMISE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
else ifeq ($(MODE),tsan)
OPTIMISE := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
else ifeq ($(MODE),fuzz)
CC       := clang
CXX      := clang++
OPTIMISE := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
else
$(error MODE is release, asan, tsan or fuzz)
endif
PACKAGES := libpq libcurl json-c libxml-2.0 libjwt libcrypto libsodium libevent liboath libqrencode
# Deferred, because pkg-config itself may be missing until `make run` has installed it.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $(shell pkg-config --libs $(PACKAGES)))$(PKG_LIBS)
INCLUDES  = -Iinclude -I$(GEN) $(PKG_CFLAGS)
CFLAGS    = -std=gnu17 -D_GNU_SOURCE $(OPTIMISE) $(WARNINGS) -Wstrict-prototypes $(HARDEN) $(INCLUDES)
CXXFLAGS  = -std=gnu++17 -D_GNU_SOURCE $(OPTIMISE) $(WARNINGS) $(HARDEN) $(INCLUDES)
LDFLAGS   = $(OPTIMISE) -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed
LDLIBS    = $(PKG_LIBS) -lfcgi -lcsv -lphonenumber -lm

# objects,FOLDER...
objects  = $(patsubst fcgi/%.c,$(OUT)/%.o,$(wildcard $(addprefix fcgi/,$(addsuffix /*.c,$(1))))) \
           $(patsubst fcgi/%.cc,$(OUT)/%.o,$(wildcard $(addprefix fcgi/,$(addsuffix /*.cc,$(1)))))

LIBRARY  := $(call objects,base db model store provider service) $(OUT)/gen/sql_catalog.o
SMALL    := $(call objects,base model)
WEB      := $(call objects,web)
DIALER   := $(call objects,dialer)
SANDBOX  := $(call objects,sandbox)
COMMAND  := $(call objects,command)

# A program is a main file and the folders that belong to it.
MAINS    := $(patsubst fcgi/main_%.c,%,$(wildcard fcgi/main_*.c))
program   = $(OUT)/$(if $(filter ctl,$(1)),outdial,outdial-$(1))
PROGRAMS := $(foreach m,$(MAINS),$(call program,$(m)))
TESTS    := $(patsubst tests/unit/%.c,$(OUT)/tests/%,$(wildcard tests/unit/*_test.c)) $(OUT)/tests/lane_hammer
FUZZERS  := $(patsubst tests/fuzz/%_fuzz.c,$(OUT)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))

BENCHES  := $(patsubst tests/bench/%.c,$(OUT)/bench/%,$(wildcard tests/bench/*.c))

.PHONY: all run check lint tsan chaos prove fuzz bench clean tests fuzzers benches packages check-packages build vendor
.SECONDARY:
.DELETE_ON_ERROR:

all: $(PROGRAMS) vendor
tests: $(TESTS)
fuzzers: $(FUZZERS)
benches: $(BENCHES)

$(OUT)/outdial-api: $(OUT)/main_api.o $(WEB) $(OUT)/liboutdial.a
$(OUT)/outdial-dialer: $(OUT)/main_dialer.o $(DIALER) $(OUT)/liboutdial.a
$(OUT)/outdial: $(OUT)/main_ctl.o $(COMMAND) $(OUT)/libweb.a $(OUT)/liboutdial.a
$(OUT)/outdial-sandbox: $(OUT)/main_sandbox.o $(SANDBOX) $(OUT)/libsmall.a
$(PROGRAMS):
	@echo "  link    $@"
	@$(CXX) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Unit tests may use every layer; those of the sandbox are called sandbox_..._test.c and see what the sandbox sees.
$(OUT)/tests/sandbox_%: $(OUT)/tests/sandbox_%.o $(OUT)/libsandbox.a $(OUT)/libsmall.a
	@echo "  link    $@"
	@$(CXX) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)
$(OUT)/tests/lane_hammer: $(OUT)/tests/lane_hammer.o $(OUT)/liboutdial.a
	@echo "  link    $@"
	@$(CXX) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(OUT)/tests/%: $(OUT)/tests/%.o $(OUT)/libdialer.a $(OUT)/libweb.a $(OUT)/liboutdial.a
	@echo "  link    $@"
	@$(CXX) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

# With clang's libFuzzer when MODE is fuzz; otherwise with a main that replays a saved corpus.
$(OUT)/fuzz/%: $(OUT)/fuzz/%_fuzz.o $(if $(filter fuzz,$(MODE)),,$(OUT)/fuzz/replay.o) $(OUT)/libweb.a $(OUT)/liboutdial.a
	@echo "  link    $@"
	@$(CXX) $(LDFLAGS) $(if $(filter fuzz,$(MODE)),-fsanitize=fuzzer) -o $@ $^ $(LDLIBS)

$(OUT)/bench/%: $(OUT)/bench/%.o $(OUT)/liboutdial.a
	@echo "  link    $@"
	@$(CXX) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OUT)/liboutdial.a: $(LIBRARY)
$(OUT)/libsmall.a: $(SMALL)
$(OUT)/libweb.a: $(WEB)
$(OUT)/libdialer.a: $(DIALER)
$(OUT)/libsandbox.a: $(SANDBOX)
$(OUT)/%.a:
	@mkdir -p $(@D) && rm -f $@ && ar rcs $@ $^

$(OUT)/gen/sql_catalog.o: $(GEN)/sql_catalog.c Makefile
	@mkdir -p $(@D) && $(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
$(OUT)/tests/lane_%.o: tests/lanes/%.c Makefile | $(GEN)/sql_catalog.h
	@mkdir -p $(@D) && echo "  test    $<" && $(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
$(OUT)/tests/%.o: tests/unit/%.c Makefile | $(GEN)/sql_catalog.h
	@mkdir -p $(@D) && echo "  test    $<" && $(CC) $(CFLAGS) -Itests/unit -MMD -MP -c -o $@ $<
$(OUT)/fuzz/%.o: tests/fuzz/%.c Makefile | $(GEN)/sql_catalog.h
	@mkdir -p $(@D) && echo "  fuzz    $<" && $(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
$(OUT)/bench/%.o: tests/bench/%.c Makefile | $(GEN)/sql_catalog.h
	@mkdir -p $(@D) && echo "  bench   $<" && $(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
$(OUT)/%.o: fcgi/%.c Makefile | $(GEN)/sql_catalog.h
	@mkdir -p $(@D) && echo "  compile $<" && $(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
$(OUT)/%.o: fcgi/%.cc Makefile
	@mkdir -p $(@D) && echo "  compile $<" && $(CXX) $(CXXFLAGS) -MMD -MP -c -o $@ $<

SQL := $(sort $(wildcard sql/queries/*.sql)) $(sort $(wildcard sql/schema/*.sql))
$(GEN)/sql_catalog.c $(GEN)/sql_catalog.h &: sql/catalog.awk $(SQL)
	@mkdir -p $(GEN)/new && awk -v directory=$(GEN)/new -f sql/catalog.awk $(SQL)
	@cmp -s $(GEN)/new/sql_catalog.h $(GEN)/sql_catalog.h || cp $(GEN)/new/sql_catalog.h $(GEN)/sql_catalog.h
	@cp $(GEN)/new/sql_catalog.c $(GEN)/sql_catalog.c

# Browser files: public/package-lock.json pins them, public/vendor.txt names those that are served, at /vendor/.
vendor: $(if $(wildcard public/vendor.txt),$(BUILD)/vendor/.done)
$(BUILD)/vendor/.done: $(wildcard public/package.json public/package-lock.json public/vendor.txt)
	@echo "  fetch   browser files"
	@rm -rf $(BUILD)/npm && mkdir -p $(BUILD)/npm $(BUILD)/vendor && cp public/package.json public/package-lock.json $(BUILD)/npm/
	@cd $(BUILD)/npm && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@grep -v '^ *#' public/vendor.txt | while read -r file; do \
	    [ -z "$$file" ] || install -D -m 644 "$(BUILD)/npm/node_modules/$$file" "$(BUILD)/vendor/$$file" || exit 1; done
	@rm -rf $(BUILD)/npm && touch $@

packages:
	@sh fcgi/command/install.sh run
check-packages:
	@sh fcgi/command/install.sh check

PARALLEL = $(if $(findstring j,$(firstword -$(MAKEFLAGS))),,-j$(shell nproc))
build: packages
	@$(MAKE) --no-print-directory $(PARALLEL) all

run: build
	@STATE='$(STATE)' PORT='$(PORT)' exec $(OUT)/outdial run

check: check-packages
	@bash tests/run check
tsan: check-packages
	@bash tests/run tsan
chaos: check-packages
	@bash tests/run chaos
prove: check-packages
	@bash tests/run prove
fuzz:
	@sh fcgi/command/install.sh fuzz
	@bash tests/fuzz/run $(FUZZ)
bench: check-packages
	@ONLY='$(ONLY)' FULL='$(FULL)' bash tests/bench/run
lint:
	@bash tests/lint

clean:
	rm -rf $(BUILD)

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
