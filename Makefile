# Stocktake: `make demo` shows it on this machine, `make test` proves it.

SWIFT ?= swift
PREFIX ?= /usr/local
STRICT = -Xswiftc -warnings-as-errors
DEMO_STORE ?= .build/demo-store

.PHONY: all demo test clients torture fuzz sanitize fresh lint guard fleet bench bench-server bench-questions bench-hybrid bench-herd build dependencies install clean

all: build

dependencies:
	@Scripts/install-dependencies

build: dependencies
	$(SWIFT) build -c release --product stocktake
	$(SWIFT) build -c release --product stocktake-agent

demo: build
	@Scripts/install-dependencies awscli
	@Scripts/demo "$$($(SWIFT) build -c release --show-bin-path)/stocktake" "$(DEMO_STORE)"

# Tests run in debug, where every precondition and exclusivity check is on.
test: dependencies
	@Scripts/install-dependencies containerd createrepo-c dnf flatpak iproute2 kmod \
	  pacman-package-manager rpm systemd-container zstd
	$(SWIFT) build --build-tests $(STRICT)
	$(SWIFT) test --skip-build $(STRICT)
	@$(MAKE) --no-print-directory clients

# boto3 and two generations of the AWS CLI against the server. Options go on: make clients CLIENTS="-k tls".
clients: dependencies
	@Scripts/install-dependencies awscli openssl python3-venv
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

# What nodes with an agent cost the server, and how many it carries.
bench-hybrid: build
	@Tests/Clients/run "$$($(SWIFT) build -c release --show-bin-path)/stocktake" --collect-only -q >/dev/null
	@.build/clients-venv/bin/python Benchmarks/server/hybrid.py $(HYBRID) \
	  --stocktake "$$($(SWIFT) build -c release --show-bin-path)/stocktake"

# How many nodes one server carries, in compressed time. Options go on: make bench-herd HERD="--nodes 500 --speed 18".
bench-herd: build
	$(SWIFT) build -c release --product node-herd
	@Tests/Clients/run "$$($(SWIFT) build -c release --show-bin-path)/stocktake" --collect-only -q >/dev/null
	@test -s .build/herd-keys || .build/clients-venv/bin/python Benchmarks/server/herd_keys.py 6000 .build/herd-keys
	@.build/clients-venv/bin/python Benchmarks/server/herd.py --nodes 2778,5556 --speed 18 --messages-speed \
	  --skip plain --keys .build/herd-keys $(HERD) --herd "$$($(SWIFT) build -c release --show-bin-path)/node-herd" \
	  --stocktake "$$($(SWIFT) build -c release --show-bin-path)/stocktake"

install: build
	@bin="$$($(SWIFT) build -c release --show-bin-path)"; to="$(DESTDIR)$(PREFIX)"; \
	install -D -m 0755 -t "$$to/bin" "$$bin/stocktake" "$$bin/stocktake-agent"; \
	install -D -m 0644 Install/stocktake.1 "$$to/share/man/man1/stocktake.1"; \
	install -d "$$to/lib/systemd/system"; \
	for unit in stocktake stocktake-agent; do \
	  sed "s|@PREFIX@|$(PREFIX)|" Install/$$unit.service >"$$to/lib/systemd/system/$$unit.service"; \
	  chmod 0644 "$$to/lib/systemd/system/$$unit.service"; \
	done; \
	install -d "$$to/share/bash-completion/completions" "$$to/share/zsh/site-functions" \
	  "$$to/share/fish/vendor_completions.d"; \
	for program in stocktake stocktake-agent; do \
	  "$$bin/$$program" --generate-completion-script bash >"$$to/share/bash-completion/completions/$$program"; \
	  "$$bin/$$program" --generate-completion-script zsh >"$$to/share/zsh/site-functions/_$$program"; \
	  "$$bin/$$program" --generate-completion-script fish >"$$to/share/fish/vendor_completions.d/$$program.fish"; \
	done

clean:
	rm -rf .build .build-fuzz .build-address .build-thread .build-embedding .build-documentation Benchmarks/.build Benchmarks/.venv Benchmarks/.results
