# Everything a contributor or a first visitor types. `make` alone lists it.
#
# A fresh machine needs Python 3.11 or later with venv, and make. Another Python: make PYTHON=/path/to/python3.12 …

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input install
UV ?= uv
ARGS ?=
# Processes that share the tests; 0 runs them in one, as --pdb needs. On two cores a third has what time the others
# spend waiting, for a database, a browser or a service that starts.
WORKERS ?= 3

# Two stamps: what the demo needs, and what the tests need on top of it.
RUNTIME := $(VENV)/.stamp-runtime
DEV := $(VENV)/.stamp-dev

# `make check` loads the settings too: away from the data of the service that runs here.
CHECK_DIR := $(CURDIR)/$(VENV)/check

.PHONY: help
help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo "  Options for the command behind a target: make test ARGS='-k cadence', make up ARGS='--port 8080'"

.PHONY: demo
demo: $(RUNTIME) ## the whole service once, on a sample week; leaves mails in var/demo/outbox
	@begin=$$(date +%s); $(BIN)/newsletter demo $(ARGS) && echo "Demo took $$(($$(date +%s) - begin)) s, set-up apart."

.PHONY: up
up: $(RUNTIME) ## web, workers and scheduler on this machine, until Ctrl-C
	@$(BIN)/newsletter up $(ARGS)

.PHONY: test
test: $(DEV) ## every test, except the slow ones
	@begin=$$(date +%s); $(BIN)/python -m pytest -m "not slow" -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS); status=$$?; \
	  echo "Tests took $$(($$(date +%s) - begin)) s, set-up apart."; exit $$status

.PHONY: test-slow
test-slow: $(DEV) ## the tests that take minutes
	@$(BIN)/python -m pytest -m slow $(ARGS)

.PHONY: spam
spam: $(DEV) ## SpamAssassin's score and the headers of mails as they arrive (needs Debian's postfix and spamassassin)
	@$(BIN)/python -m pytest -q -s -m slow tests/mail/test_arrival.py $(ARGS)

.PHONY: hexo-check
hexo-check: $(DEV) ## an export of a topic's weeks, built by Hexo itself (needs npm)
	@$(BIN)/python -m pytest -q -s -m slow tests/cli/test_hexo.py $(ARGS)

.PHONY: chaos
chaos: $(DEV) ## the whole service, killed at random; ARGS='--seed 7' gives that run again, --runs 10 a table
	@$(BIN)/python -m tests.chaos $(ARGS)

.PHONY: soak
soak: $(DEV) ## thirty minutes of readers falling due: memory, descriptors and backlog must be flat
	@$(BIN)/python -m tests.chaos.soak $(ARGS)

.PHONY: check
check: export NEWSLETTER_DATA_DIR := $(CHECK_DIR)
check: export DATABASE_URL :=
check: export REDIS_URL :=
check: $(DEV) ## format, lint, types, layers, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/newsletter makemigrations --check --dry-run

.PHONY: bench
bench: $(DEV) ## what a message costs; with WEEK=folder of saved answers, the time of each stage too
	@$(BIN)/python benchmarks/message_cost.py
	@$(if $(WEEK),$(BIN)/python benchmarks/week.py "$(WEEK)",echo "Name a folder of saved arXiv answers for the stages: make bench WEEK=…")

.PHONY: html-samples
html-samples: ## convert the sample papers of the tests to HTML anew (needs Debian's latexml)
	@cd tests/data/html && for paper in *.tex; do \
	  latexmlc --format=html5 --nodefaultresources --timestamp=0 --quiet --log=/dev/null --dest="$${paper%.tex}.html" "$$paper" || exit 1; \
	done; rm -f LaTeXML.cache

.PHONY: lock
lock: ## write the lock files anew from pyproject.toml (needs uv); UPGRADE=1 takes newer versions
	$(call compile,requirements.lock,pyproject.toml --extra embedded --extra postgres)
	$(call compile,requirements-dev.lock,pyproject.toml --all-extras --constraints requirements.lock)
	$(call compile,requirements-build.lock,--group build --constraints requirements-dev.lock)

# pip refuses a hashed lock in which extras were stripped; the lock names no host, so any mirror serves it.
compile = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
  --no-emit-index-url --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) --output-file $(1) $(2)

$(RUNTIME): pyproject.toml requirements.lock requirements-build.lock | $(BIN)/python
	$(call install,requirements.lock)

$(DEV): pyproject.toml requirements-dev.lock requirements-build.lock | $(BIN)/python
	$(call install,requirements-dev.lock)
	@touch $(RUNTIME)

# The locks carry what builds the project, so nothing unpinned is fetched on the way.
define install
@echo "Setting up: installing $(1) into $(VENV) …"
@begin=$$(date +%s) && \
  $(PIP) --require-hashes --no-deps -r $(1) -r requirements-build.lock && \
  $(PIP) --no-deps --no-build-isolation --editable . && \
  echo "Set-up took $$(($$(date +%s) - begin)) s." && touch $@
endef

$(BIN)/python:
	@python=$$(sh .ci/find-python $(PYTHON)) && echo "Setting up: $(VENV) with $$python" && \
	  "$$python" -m venv --clear $(VENV)

.PHONY: clean
clean: ## remove the virtual environment and all caches; var/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
