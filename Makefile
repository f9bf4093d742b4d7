# Every target does all that it needs, on a fresh Debian 12 with Python 3, Node.js and a C++ compiler.
# RONDO_DUCKDB=FILE and RONDO_LIGHTGBM=FILE take a system's library instead of fetching it; with the
# former Node.js is not needed.
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
VERSION := $(shell sed -n '/^project/s/.*VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
PACKAGE := rondo-$(VERSION)-linux-x86_64
# Given always, so that a build without them forgets those of the build before.
SYSTEM := -DRONDO_DUCKDB="$(RONDO_DUCKDB)" -DRONDO_LIGHTGBM="$(RONDO_LIGHTGBM)"
export RONDO_DUCKDB RONDO_LIGHTGBM

.PHONY: all deps build demo test test-clients test-browser test-full acceptance bench install package clean

all: build

deps:
	@sh deps/install
	@python3 deps/fetch build/deps

build: deps
	@cmake --preset release $(SYSTEM) > build/cmake-release.log || { cat build/cmake-release.log; exit 1; }
	@cmake --build build/release -j $(JOBS) --target rondo

demo:
	@echo "make demo: installs what is missing, fetches pinned libraries, builds (up to 6 minutes"
	@echo "on a fresh machine with 2 cores, seconds later), then runs examples/bikes (2 minutes)."
	@$(MAKE) --no-print-directory build
	@sh examples/bikes/demo.sh build/release/rondo build/demo

test: deps
	@cmake --preset dev $(SYSTEM) > build/cmake-dev.log || { cat build/cmake-dev.log; exit 1; }
	@cmake --build build/dev -j $(JOBS)
	@cmake --preset tsan $(SYSTEM) > build/cmake-tsan.log || { cat build/cmake-tsan.log; exit 1; }
	@sh tests/threads $(JOBS)
	@ctest --test-dir build/dev --output-on-failure -j $(JOBS)

# With the program that `make test` built, so that it costs no build of its own.
test-clients: deps
	@cmake --preset dev $(SYSTEM) > build/cmake-dev.log || { cat build/cmake-dev.log; exit 1; }
	@cmake --build build/dev -j $(JOBS) --target rondo
	@sh tests/client/run build/dev/rondo

# The console, in Debian's Chromium, which it installs.
test-browser: deps
	@cmake --preset dev $(SYSTEM) > build/cmake-dev.log || { cat build/cmake-dev.log; exit 1; }
	@cmake --build build/dev -j $(JOBS) --target rondo
	@sh tests/browser/run build/dev/rondo

test-full: deps
	@cmake --preset dev $(SYSTEM) > build/cmake-dev.log || { cat build/cmake-dev.log; exit 1; }
	@cmake --build build/dev -j $(JOBS)
	@cmake --preset tsan $(SYSTEM) > build/cmake-tsan.log || { cat build/cmake-tsan.log; exit 1; }
	@sh tests/threads $(JOBS)
	@RONDO_FULL=1 ctest --test-dir build/dev --output-on-failure -j $(JOBS) --timeout 7200

acceptance: build
	@python3 tests/acceptance/run build/release/rondo

bench: build
	@cmake --build build/release -j $(JOBS) --target bench_steps bench_leaks bench_scoring bench_bare \
	  bench_fairness bench_bare_grpc bench_features bench_windows bench_drift bench_shifts bench_risk bench_policy
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
