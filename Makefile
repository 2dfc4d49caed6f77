# Stocktake: `make demo` shows it on this machine, `make test` proves it.

SWIFT ?= swift
PREFIX ?= /usr/local
STRICT = -Xswiftc -warnings-as-errors
DEMO_STORE ?= .build/demo-store
# Swift's runtime is inside, so that the programs run where no Swift is; no debugger reads them.
RELEASE = -c release --static-swift-stdlib -debug-info-format none --disable-local-rpath

.PHONY: all demo test clients torture fuzz sanitize fresh lint guard fleet bench bench-server bench-questions bench-hybrid bench-herd bench-sql build dependencies install deb tarball image check-packages clean

all: build

dependencies:
	@Scripts/install-dependencies

build: dependencies
	@Scripts/tell-time release
	$(SWIFT) build $(RELEASE) --product stocktake
	$(SWIFT) build $(RELEASE) --product stocktake-agent

# In debug, as tests are: what the demonstration builds, `make test` need not build again.
demo: dependencies
	@Scripts/install-dependencies awscli
	@Scripts/tell-time debug
	$(SWIFT) build --product stocktake $(STRICT)
	@Scripts/demo "$$($(SWIFT) build --show-bin-path)/stocktake" "$(DEMO_STORE)"

# Tests run in debug, where every precondition and exclusivity check is on.
test: dependencies
	@Scripts/install-dependencies containerd createrepo-c dnf flatpak iproute2 kmod \
	  pacman-package-manager rpm systemd-container zstd
	$(SWIFT) build --build-tests $(STRICT)
	$(SWIFT) test --skip-build $(STRICT)
	@$(MAKE) --no-print-directory clients

# boto3 and two generations of the AWS CLI against the server. Options go on: make clients CLIENTS="-k tls".
clients: dependencies
	@Scripts/install-dependencies awscli fish openssl python3-venv zsh
	$(SWIFT) build --product stocktake $(STRICT)
	$(SWIFT) build --product stocktake-agent $(STRICT)
	@Tests/Clients/run "$$($(SWIFT) build --show-bin-path)/stocktake" $(CLIENTS)

lint:
	@Scripts/check-house
	$(SWIFT) format lint --strict --configuration .swift-format -r Package.swift Sources Tests Benchmarks

# The long forms of the tests that crash, damage, attack and fuzz: an hour or two. Parts go on:
# make torture TORTURE="store decoders clients".
torture: dependencies
	@Scripts/install-dependencies awscli openssl python3-venv zstd
	@Scripts/torture $(TORTURE)

# Every decoder for ten minutes with libFuzzer. Options go on: make fuzz FUZZ="-t report --seconds 60".
fuzz: dependencies
	@Scripts/fuzz $(FUZZ)

# The tests of the store with the sanitizers of addresses and of threads. One goes on: make sanitize SANITIZE=thread.
sanitize: dependencies
	@Scripts/sanitize $(SANITIZE)

# README's two commands, or FRESH, on a new Debian 12 and on an updated one; takes root.
fresh:
	@Scripts/fresh $(if $(FRESH),"$(FRESH)")

# Ratios to bare LMDB and SQLite within one run: noise passes, a store twice as slow does not.
guard: dependencies
	$(SWIFT) build -c release --package-path Benchmarks --product stocktake-bench
	@"$$($(SWIFT) build -c release --package-path Benchmarks --show-bin-path)/stocktake-bench" guard

# The modelled fleet through both APIs, every answer compared by its digest.
fleet: guard
	@Scripts/install-dependencies python3-venv
	$(SWIFT) build --product stocktake $(STRICT)
	@STOCKTAKE_BENCH="$$($(SWIFT) build -c release --package-path Benchmarks --show-bin-path)/stocktake-bench" \
	  Tests/Clients/run "$$($(SWIFT) build --show-bin-path)/stocktake" test_fleet_model.py

# Options go on: make bench BENCH="--quick", or BENCH="--sets LONG:1 --stores sqlite,duckdb".
bench: dependencies
	@Benchmarks/rivals/install
	$(SWIFT) build -c release --package-path Benchmarks --product stocktake-bench
	@python3 Benchmarks/rivals/bench.py $(BENCH) \
	  --stocktake-bench "$$($(SWIFT) build -c release --package-path Benchmarks --show-bin-path)/stocktake-bench"
	@$(MAKE) --no-print-directory bench-server

# What the server costs, over loopback. Options go on: make bench-server SERVER="--rounds 1".
bench-server: build
	$(SWIFT) build -c release --package-path Benchmarks --product stocktake-bench
	@python3 Benchmarks/server/bench.py $(SERVER) \
	  --stocktake "$$($(SWIFT) build -c release --show-bin-path)/stocktake" \
	  --stocktake-bench "$$($(SWIFT) build -c release --package-path Benchmarks --show-bin-path)/stocktake-bench"

# What small calls cost while many ask heavy questions. Options go on: make bench-questions QUESTIONS="--nodes 200".
bench-questions: build
	$(SWIFT) build -c release --package-path Benchmarks --product stocktake-bench
	@python3 Benchmarks/server/questions.py $(QUESTIONS) \
	  --stocktake "$$($(SWIFT) build -c release --show-bin-path)/stocktake" \
	  --stocktake-bench "$$($(SWIFT) build -c release --package-path Benchmarks --show-bin-path)/stocktake-bench"

# What SQL costs beside the library's own calls. Nodes and packages of each go on: make bench-sql SQL="10000 500".
bench-sql: dependencies
	$(SWIFT) build $(RELEASE) --product query-bench
	@"$$($(SWIFT) build -c release --show-bin-path)/query-bench" $(SQL)

# What nodes with an agent cost the server, and how many it carries.
bench-hybrid: build
	@Tests/Clients/run "$$($(SWIFT) build -c release --show-bin-path)/stocktake" --collect-only -q >/dev/null
	@.build/clients-venv/bin/python Benchmarks/server/hybrid.py $(HYBRID) \
	  --stocktake "$$($(SWIFT) build -c release --show-bin-path)/stocktake"

# How many nodes one server carries, in compressed time. Options go on: make bench-herd HERD="--nodes 500 --speed 18".
bench-herd: build
	$(SWIFT) build $(RELEASE) --product node-herd
	@Tests/Clients/run "$$($(SWIFT) build -c release --show-bin-path)/stocktake" --collect-only -q >/dev/null
	@test -s .build/herd-keys || .build/clients-venv/bin/python Benchmarks/server/herd_keys.py 6000 .build/herd-keys
	@.build/clients-venv/bin/python Benchmarks/server/herd.py --nodes 2778,5556 --speed 18 --messages-speed \
	  --skip plain --keys .build/herd-keys $(HERD) --herd "$$($(SWIFT) build -c release --show-bin-path)/node-herd" \
	  --stocktake "$$($(SWIFT) build -c release --show-bin-path)/stocktake"

# To the folder PREFIX, below DESTDIR where that is set.
install: build
	@for program in stocktake stocktake-agent; do \
	  Scripts/install-program "$$($(SWIFT) build -c release --show-bin-path)/$$program" "$(DESTDIR)" "$(PREFIX)"; \
	done

# Packages for this Debian, in dist: docs/installing.md.
deb: build
	@Scripts/make-packages deb "$$($(SWIFT) build -c release --show-bin-path)" dist

# The agent for any Linux of this architecture with glibc 2.34 or later.
tarball: build
	@Scripts/install-dependencies libyaml-dev
	@Scripts/make-packages tarball "$$($(SWIFT) build -c release --show-bin-path)" dist

# The server as an OCI image; takes root.
image: deb
	@Scripts/install-dependencies debootstrap umoci
	@Scripts/make-packages image "$$($(SWIFT) build -c release --show-bin-path)" dist

# Installs, upgrades, removes and purges the packages in machines without Swift; takes root.
check-packages: build
	@Scripts/install-dependencies debootstrap lintian systemd-container
	@Scripts/check-packages "$$($(SWIFT) build -c release --show-bin-path)"

clean:
	rm -rf dist .build .build-fuzz .build-address .build-thread .build-embedding .build-documentation Benchmarks/.build Benchmarks/.venv Benchmarks/.results
