# SPDX-License-Identifier: Apache-2.0
# `make help` lists what there is. Everything a target needs is fetched by `make setup`, which runs by itself.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/keyhold
# What came of each crime in a household, one object of JSON a line.
CRIMES := $(CACHE)/crimes.jsonl
GO := go
# For programs, tests and checks alike, so that nothing is compiled twice.
export CGO_ENABLED := 0
export GOFLAGS := $(filter-out -trimpath -buildvcs=false,$(GOFLAGS)) -trimpath -buildvcs=false
# What the scripts are made of that use the app as people do; the app itself lies in the programs.
BROWSED := e2e/stories web/app/messages web/package-lock.json
# What tests of whole programs may read, beside the sources that they are made of: all but what is there for people to
# read, and other tests.
READ := . :!docs :!*.md :!*_test.go :!e2e/stories :!e2e/away :!bench :!Makefile :!web/*/test :!web/app/e2e :!web/app/states
WEB_SOURCES = $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist*/*' -not -path '*/states/footage/*' -not -path '*/.svelte-check/*' -not -path '*/project.inlang/cache/*' -not -path '*/paraglide/*' -not -name '*.go' 2>/dev/null)

.PHONY: help
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install what building and testing need (apt, Go modules, npm); says what and why
	@scripts/setup test

.PHONY: setup-demo
setup-demo:
	@scripts/setup demo

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	@scripts/setup npm
	@touch $@

web/app/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	@cd web && npm run --silent build
	@touch $@

web/app/dist-states/states.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	@cd web && npm run --silent build:states -w app
	@touch $@

.PHONY: web
web: web/app/dist/index.html ## build the owner app into web/app/dist

.PHONY: build
build: web ## build bin/keyhold and bin/keyhold-cloud
	@mkdir -p bin
	@$(GO) build -o bin/ ./cmd/keyhold ./cmd/keyhold-cloud

.PHONY: demo
demo: setup-demo ## run cameras, hub and cloud on real footage; prints one link (Ctrl-C stops, data stays)
	@$(GO) run ./scripts/footage & films=$$!; built=0; $(MAKE) build || built=1; wait $$films && exit $$built
	@$(GO) build -o bin/ ./scripts/demo
	@exec bin/demo

.PHONY: demo-reset
demo-reset: ## remove the demo's household and everything it recorded
	@$(GO) run ./scripts/demo -reset

.PHONY: static
static: web
	@scripts/check

.PHONY: check
check: static ## format, vet, lint, types, short unit tests (under 3 min warm)
	@cd web && npm run --silent test
	@$(GO) run ./scripts/gotest -- -short $$($(GO) list ./... | grep -v '^keyhold/e2e/')

.PHONY: test
test: setup ## everything of check, integration, browser stories, adversary suite (FORCE=1: also what passed before on the very same files)
	@$(MAKE) web
	@# Two side by side fill the processors, of which the first waits much of the time; more crowd a small machine, on which
	@# all of it then costs a quarter more. What is longest comes first, so that nothing is left to run alone at the end.
	@$(MAKE) --jobs=2 --output-sync=line test-waiting test-stories test-others test-go test-home test-states test-web

.PHONY: test-waiting
test-waiting: web
	@# Side by side as well, for all of them mostly wait. A check is switched off for a whole process: so the attacks, which
	@# otherwise come one after the other, are shared out among two.
	@failed=0; pids=; for part in test-away test-crimes-first test-crimes-second; do $(MAKE) $$part & pids="$$pids $$!"; done; \
	for pid in $$pids; do wait $$pid || failed=1; done; exit $$failed

.PHONY: test-stories
test-stories: web
	@# Before others, where that is allowed: people wait for pictures in them.
	@nice -n -5 $(GO) run ./scripts/gotest -once '$(BROWSED)' -- -count=1 -timeout 40m ./e2e/stories

.PHONY: test-web
test-web: web
	@scripts/unless-passed web-check web vectors api -- scripts/check web
	@scripts/unless-passed web-units web vectors -- bash -c 'cd web && npm run --silent test'

.PHONY: test-states
test-states: web
	@scripts/unless-passed web-states web ':!web/*/test' -- bash -c '$(MAKE) web/app/dist-states/states.html && cd web/app && SHORT=1 node --test e2e/*.spec.mjs'

.PHONY: test-home
test-home: web
	@# Six at a time, because each mostly waits.
	@$(GO) run ./scripts/gotest -once '$(READ)' -- -count=1 -parallel 6 -timeout 40m ./e2e/home

.PHONY: test-others
test-others: web
	@# The longest first, so that nothing is waited for alone at the end.
	@$(GO) run ./scripts/gotest -once '$(READ)' -- -count=1 -p 1 -parallel 4 -timeout 40m $$(printf './e2e/%s\n' adversary household faults; $(GO) list ./e2e/... | sed 's|^keyhold|.|' | grep -v -E '/(stories|away|home|adversary|household|faults)$$')

.PHONY: test-away
test-away: web
	@# Not every machine lends out networks of one's own; and what promises a picture in time goes before what does not.
	@nice -n -10 $(GO) run ./scripts/gotest -may-skip keyhold/e2e/away -once 'e2e/away $(BROWSED)' -- -count=1 -timeout 40m ./e2e/away

.PHONY: test-crimes-first
test-crimes-first: web
	@$(GO) run ./scripts/gotest -once '$(READ)' -- -tags mutant -count=1 -timeout 40m -run '^TestCrimes[AI]' ./e2e/home

.PHONY: test-crimes-second
test-crimes-second: web
	@$(GO) run ./scripts/gotest -- -tags mutant -run TestCrimes ./cloud/serve ./cloud/relay ./cloud/push ./member/export ./home/tell
	@$(GO) run ./scripts/gotest -once '$(READ)' -- -tags mutant -count=1 -timeout 40m -run '^TestCrimes[^AI]' ./e2e/home

.PHONY: test-go
test-go: web
	@# What would take all processors for itself comes after the stories, in which people wait for pictures.
	@nice -n 10 scripts/check go
	@GOMAXPROCS=1 $(GO) run ./scripts/fuzz -pick 3 -time 10s
	@$(GO) run ./scripts/gotest -- -tags mutant ./member/session
	@$(GO) run ./scripts/gotest -- $$($(GO) list ./... | grep -v '^keyhold/e2e/')

.PHONY: adversary
adversary: web ## attack the road from the operator's place; a table of attack, control, mutant, outcome (JSON=1)
	@$(GO) run ./e2e/adversary $(if $(JSON),-json)
	@mkdir -p $(CACHE) && rm -f $(CRIMES)
	@KEYHOLD_CRIMES=$(CRIMES) $(GO) test -tags mutant -count=1 -p 1 -v -run TestCrimes ./e2e/home ./cloud/serve ./cloud/relay ./cloud/push ./member/export ./home/tell ./e2e/stories | sed -n '/attack .* control /,/ let through/p' $(if $(JSON),>&2)
	@cd web/keyhold && KEYHOLD_CRIMES=$(CRIMES) npx --no-install vitest run --reporter=verbose test/{crimes,athome,push,moment}.test.ts >&2
	@$(if $(JSON),cat $(CRIMES))

.PHONY: fuzz
fuzz: ## 5 minutes for every parser of outside bytes, two at a time; unchanged parsers are not run again
	@$(GO) run ./scripts/fuzz -time 5m -jobs 2 -cache $(CACHE)/fuzz

.PHONY: soak
soak: setup web web/app/dist-states/states.html ## hours of kills, attacks, pages and races; goes on where it was (PART=name runs one, KILLS=100)
	@$(GO) run ./scripts/soak -cache $(CACHE)/soak $(if $(PART),-part $(PART)) $(if $(KILLS),-kills $(KILLS))

.PHONY: freeze
freeze: ## write the golden bytes of a version, once and for ever (VERSION=v1)
	@$(GO) run ./e2e/golden/freeze $(VERSION)

.PHONY: bench
bench: build ## figures beside a peer (PART=record runs one, JSON=1 prints one object a line)
	@scripts/setup bench >&2
	@$(GO) run ./scripts/footage >&2
	@$(GO) run ./bench $(if $(PART),-part $(PART)) $(if $(JSON),-json)
