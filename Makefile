# Every target does all that it needs, on a fresh Debian 12 with Python 3, Node.js and a C++ compiler.
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
VERSION := $(shell sed -n '/^project/s/.*VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
PACKAGE := rondo-$(VERSION)-linux-x86_64

.PHONY: all deps build demo test test-full acceptance bench install package clean

all: build

deps:
	@sh deps/install
	@python3 deps/fetch build/deps

build: deps
	@cmake --preset release > build/cmake-release.log || { cat build/cmake-release.log; exit 1; }
	@cmake --build build/release -j $(JOBS) --target rondo

demo:
	@echo "make demo: installs what is missing, fetches pinned libraries, builds (up to 6 minutes"
	@echo "on a fresh machine with 2 cores, seconds later), then runs examples/bikes (90 s)."
	@$(MAKE) --no-print-directory build
	@sh examples/bikes/demo.sh build/release/rondo build/demo

test: deps
	@cmake --preset dev > build/cmake-dev.log || { cat build/cmake-dev.log; exit 1; }
	@cmake --build build/dev -j $(JOBS)
	@cmake --preset tsan > build/cmake-tsan.log || { cat build/cmake-tsan.log; exit 1; }
	@sh tests/threads $(JOBS)
	@ctest --test-dir build/dev --output-on-failure -j $(JOBS)

test-full: deps
	@cmake --preset dev > build/cmake-dev.log
	@cmake --build build/dev -j $(JOBS)
	@RONDO_FULL=1 ctest --test-dir build/dev --output-on-failure -j $(JOBS) --timeout 7200

acceptance: build
	@python3 tests/acceptance/run build/release/rondo

bench: build
	@cmake --build build/release -j $(JOBS) --target bench_steps
	@python3 bench/run

install: build
	@cmake --install build/release --prefix $(PREFIX)

package: build
	@rm -rf build/package && cmake --install build/release --prefix build/package/$(PACKAGE) > /dev/null
	@strip build/package/$(PACKAGE)/bin/rondo
	@tar -C build/package -czf build/$(PACKAGE).tar.gz $(PACKAGE)
	@python3 tests/package/check build/package/$(PACKAGE)
	@echo build/$(PACKAGE).tar.gz

clean:
	@rm -rf build
