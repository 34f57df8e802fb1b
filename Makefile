# SPDX-License-Identifier: Apache-2.0
# Every command that a person needs; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

LAB := e2e/lab/lab
KERNEL = $(or $(RELEASE),$(shell $(LAB) -q kernel-release))

.PHONY: help demo test test-unit test-api test-guest test-suite test-e2e test-applications suite verify \
	build modules stub java images generate format state-map \
	lab-up lab-down lab-kubectl lab-ssh lab-info cache-drop bench clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "settings: PROCMIG_CACHE (default ~/.cache/procmig), PROCMIG_LAB (default /var/tmp/procmig-lab)"

demo: ## move a running bc from node-a to node-b with kubectl, from a fresh machine
	@e2e/demo/demo

test: ## all test tiers but applications; installs and builds what is missing
	@e2e/tiers/run unit api guest suite e2e

test-unit: ## the tier that needs no lab
	@e2e/tiers/run unit

test-api: ## the tier against a real API server
	@e2e/tiers/run api

test-guest: ## the tier of kernel modules in two guests without Kubernetes
	@e2e/tiers/run guest

test-suite: ## the tier of our own programs, moved by the agents of two guests without Kubernetes
	@e2e/tiers/run suite

test-e2e: ## the tier of two real nodes
	@e2e/tiers/run e2e

test-applications: ## whole applications on two real nodes, there and back; not part of `make test`
	@e2e/tiers/run applications

suite: ## move the programs of a folder between two guests: SUITE_DIR=… HOPS=1 JOBS=1 ONLY=REGEX ENV="A=b C=d"
	@$(if $(SUITE_DIR),,$(MAKE) -s -C e2e/suite/programs)
	@e2e/suite/run $(or $(SUITE_DIR),e2e/suite/programs/build) --hops $(or $(HOPS),1) --jobs $(or $(JOBS),1) \
		$(PATIENCE:%=--patience %) $(if $(ONLY),--only '$(ONLY)') $(ENV:%=--env '%') $(if $(NO_BUILD),--no-build)

verify: ## the static gate: format, style, imports, generated files, licences, kernel style
	@e2e/tiers/run verify

build: modules stub java ## everything but the container images

modules: ## the kernel modules for the lab's kernel, or RELEASE=…
	@$(MAKE) -s -C kmod RELEASE=$(KERNEL) modules

stub: ## the static stub that becomes the process
	@$(MAKE) -s -C node-agent/stub

java: ## operator and node agent
	@mvn -q -B -DskipTests package

images: build ## container images of operator and agent, as tar files in build/images
	@mkdir -p build/images
	@containers/build operator build/images/operator.tar
	@containers/build agent build/images/agent.tar

generate: ## regenerate CRDs, reference documents and the ABI dump
	@e2e/tiers/run generate

format: ## put Java into the form that the gate wants
	@mvn -q -B -Pgate spotless:apply

state-map: ## regenerate docs/reference/state.md from what the modules declare in a guest
	@kmod/tests/guest/run --only 'map of state' --write-state-map

lab-up: ## control plane, node-a and node-b, Ready
	@$(LAB) up

lab-down: ## stop and remove the lab
	@$(LAB) down

lab-kubectl: ## kubectl in the lab: make lab-kubectl ARGS="get nodes"
	@$(LAB) kubectl $(ARGS)

lab-ssh: ## log in to a node: make lab-ssh NODE=node-a
	@$(LAB) ssh $(or $(NODE),node-a)

lab-info: ## addresses, keys and logs of the lab, as JSON
	@$(LAB) info

cache-drop: ## remove what was built outside of this checkout
	@$(LAB) cache --drop

bench: ## stop-and-copy against the raw link; events of several processes
	@bench/stop-and-copy
	@bench/events

clean: ## remove what was built in this checkout
	@mvn -q -B clean
	@$(MAKE) -s -C kmod clean
	@rm -rf build
