# crmseg: `make help` lists what can be asked. The version stands in crmseg.control alone.
EXTENSION  = crmseg
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" crmseg.control)
MODULE_big = crmseg
SKINS      = $(wildcard src/*.c src/*/*_fn.c)
# made by bison and flex
PARSER     = src/segment/grammar.c src/segment/lexer.c
CORES      = $(sort $(filter-out $(SKINS), $(wildcard src/*/*.c)) $(PARSER))
OBJS       = $(patsubst %.c,%.o,$(SKINS) $(CORES))
# the install script, in numbered pieces, and the steps of a datamart, kept as rows of mart_step
SCRIPT     = sql/crmseg--$(EXTVERSION).sql
PIECES     = $(sort $(wildcard sql/[0-9]*.sql))
STEPS      = $(sort $(wildcard sql/mart/[0-9]*.sql))
DATA       = $(wildcard sql/updates/crmseg--*.sql)
DATA_built = $(SCRIPT)

REGRESS        = $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
REGRESS_OPTS   = --inputdir=test --load-extension=crmseg
ISOLATION      = $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --load-extension=crmseg
# with installcheck only where Perl has what they take
TAP_TESTS      = $(if $(filter installcheck,$(MAKECMDGOALS)),$(shell perl -MIPC::Run -e "print 1" 2>/dev/null))
PROVE_TESTS    = $(sort $(wildcard test/t/*.pl))

PKG_CONFIG  ?= pkg-config
PG_CPPFLAGS  = -Isrc -DCRMSEG_VERSION='"$(EXTVERSION)"' $(shell $(PKG_CONFIG) --cflags icu-uc 2>/dev/null)
PG_CFLAGS    = -std=gnu11 -Werror=implicit-function-declaration -Wno-declaration-after-statement -MMD -MP $(if $(DEV),-Wall -Wextra -Werror -Wno-unknown-warning-option -Wno-ignored-attributes -Wno-ignored-optimization-argument -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers)
SHLIB_LINK  += $(shell $(PKG_CONFIG) --libs icu-uc 2>/dev/null || echo -licuuc) -lroaring -lm
# libphonenumber stands behind a library of its own, opened at the first use of a phone function
PHONE_SO     = crmseg_phone.so
EXTRA_CLEAN  = $(PHONE_SO) $(PARSER) src/segment/grammar.h $(OBJS:.o=.d) build META.json results output_iso tmp_check
.DEFAULT_GOAL = all

PG_CONFIG ?= pg_config
PGXS      := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
OURS       = demo check check-sanitize check-valgrind matrix bench
ifneq ($(filter $(OURS),$(MAKECMDGOALS)),)
# scripts that call make again; PGXS has a 'check' of its own, which only says that there is none
$(OURS):
	@PG_CONFIG='$(if $(filter command% environment%,$(origin PG_CONFIG)),$(PG_CONFIG))' bash test/lib/$@.sh $(DIR)
else ifneq ($(wildcard $(PGXS)),)
include $(PGXS)
# cores are called from within alone, which the compiler can make use of
$(CORES:.c=.o): override CFLAGS += -fvisibility=hidden
PROVE_FLAGS += -I test/lib
-include $(OBJS:.o=.d)
src/module.o: crmseg.control
all: $(PHONE_SO)
$(PHONE_SO): src/contact/phone_shim.cc src/contact/phone_shim.h
	$(CXX) -std=c++17 -O2 -g -fPIC -shared -Wall $(if $(DEV),-Wextra -Werror) -Isrc -o $@ $< -lphonenumber
install: install-phone
install-phone: $(PHONE_SO)
	$(MKDIR_P) '$(DESTDIR)$(pkglibdir)'
	$(INSTALL_SHLIB) $(PHONE_SO) '$(DESTDIR)$(pkglibdir)/$(PHONE_SO)'
uninstall: uninstall-phone
uninstall-phone:
	rm -f '$(DESTDIR)$(pkglibdir)/$(PHONE_SO)'
else
all install installcheck uninstall clean:
	@echo "PostgreSQL's build files are missing: no usable '$(PG_CONFIG)'. 'make check' or 'make demo' installs what it needs on Debian;"; \
	 echo "elsewhere install the server's development package and name its pg_config: make PG_CONFIG=/path/to/pg_config"; exit 1
endif

src/segment/grammar.c: src/segment/grammar.y
	bison -Wall -Werror --header=src/segment/grammar.h -o $@ $<
src/segment/lexer.c: src/segment/lexer.l src/segment/grammar.c
	flex -o $@ $<
src/segment/lexer.o: src/segment/lexer.c
parser: $(PARSER)

$(SCRIPT): $(PIECES) $(STEPS) crmseg.control Makefile test/lib/assemble.sh
	sh test/lib/assemble.sh $(PIECES) -- $(STEPS) > $@.tmp && mv $@.tmp $@

help:
	@sed -n 's/^#: //p' Makefile
#: make                  build            make install            into the server of PG_CONFIG
#: make installcheck     the tests, on a running server of yours
#: make demo             a private throw-away server with a sample shop (KEEP=1 leaves it running)
#: make check            every test, on a private throw-away server
#: make check-sanitize   the cores under address and undefined-behaviour sanitizers and fuzzing, the module under UBSan
#: make check-valgrind   the SQL tests under valgrind, on a server built for it
#: make matrix           every test on PostgreSQL 15, 16, 17 and 18 (MAJORS="15 17")
#: make bench DIR=...    the figures of docs/benchmarks.md; DIR holds the large data sets
#: make dist             the PGXN archive   make DEV=1  warnings are errors
META.json: test/lib/META.json.in crmseg.control Makefile
	sed 's/@VERSION@/$(EXTVERSION)/g' $< > $@
dist: META.json $(SCRIPT)
	mkdir -p build && git archive --format=zip --prefix=crmseg-$(EXTVERSION)/sql/ --add-file=$(SCRIPT) --prefix=crmseg-$(EXTVERSION)/ --add-file=META.json -o build/crmseg-$(EXTVERSION).zip HEAD
print-%:
	@echo '$($*)'
.PHONY: all parser install install-phone uninstall uninstall-phone help dist $(OURS)
