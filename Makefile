# Stocktake: `make demo` shows it on this machine, `make test` proves it.

SWIFT ?= swift
PREFIX ?= /usr/local
STRICT = -Xswiftc -warnings-as-errors
DEMO_STORE ?= .build/demo-store

.PHONY: all demo test clients lint guard bench build dependencies install clean

all: build

dependencies:
	@Scripts/install-dependencies

build: dependencies
	$(SWIFT) build -c release --product stocktake

demo: build
	@Scripts/demo "$$($(SWIFT) build -c release --show-bin-path)/stocktake" "$(DEMO_STORE)"

# Tests run in debug, where every precondition and exclusivity check is on.
test: dependencies
	$(SWIFT) build --build-tests $(STRICT)
	$(SWIFT) test --skip-build $(STRICT)
	@$(MAKE) --no-print-directory clients

# boto3 and two generations of the AWS CLI against the server. Options go on: make clients CLIENTS="-k tls".
clients: dependencies
	@Scripts/install-dependencies awscli openssl python3-venv
	$(SWIFT) build --product stocktake $(STRICT)
	@Tests/Clients/run "$$($(SWIFT) build --show-bin-path)/stocktake" $(CLIENTS)

lint:
	$(SWIFT) format lint --strict --configuration .swift-format -r Package.swift Sources Tests Benchmarks

# Ratios to bare LMDB and SQLite within one run: noise passes, a store twice as slow does not.
guard: dependencies
	$(SWIFT) build -c release --package-path Benchmarks --product stocktake-bench
	@"$$($(SWIFT) build -c release --package-path Benchmarks --show-bin-path)/stocktake-bench" guard

# Options go on: make bench BENCH="--quick", or BENCH="--sets LONG:1 --stores sqlite,duckdb".
bench: dependencies
	@Benchmarks/rivals/install
	$(SWIFT) build -c release --package-path Benchmarks --product stocktake-bench
	@python3 Benchmarks/rivals/bench.py $(BENCH) \
	  --stocktake-bench "$$($(SWIFT) build -c release --package-path Benchmarks --show-bin-path)/stocktake-bench"

install: build
	install -D -m 0755 "$$($(SWIFT) build -c release --show-bin-path)/stocktake" "$(DESTDIR)$(PREFIX)/bin/stocktake"

clean:
	rm -rf .build Benchmarks/.build Benchmarks/.venv Benchmarks/.results
