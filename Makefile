# `make demo` and `make test` set everything up by themselves; they need only Python >= 3.11 (with venv) and git.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.installed-to-run
TEST := $(VENV)/.installed-to-test
MESSAGES ?= 10000
SEED ?= 1
BROKER ?= own
KILLS ?= 20
FILE ?= tests/exchanges/exchanges.jsonl
MINUTES ?= 10
EXAMPLES ?= 200

.DEFAULT_GOAL := help
.PHONY: help install demo test lint check unit browser pictures conformance contract schemathesis exchanges fuzz crowd torture brokers bench clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(RUN): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(TEST): $(RUN)
	$(BIN)/python -m pip install --quiet --editable '.[test,postgres]'
	touch $@

install: $(TEST)  ## virtual environment with everything, in .venv

demo: $(RUN)  ## set up and run the main job with sample data, then keep serving at http://127.0.0.1:8000
	$(BIN)/drac demo $(DEMO_ARGS)

test: $(TEST) lint  ## set up, check and run the tests
	$(BIN)/python -m pytest $(TEST_ARGS)

lint: $(TEST)  ## format, lint, types, floors, data checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/drac displays check

browser: $(TEST)  ## the pages in headless Chromium
	$(BIN)/python -m pytest -m browser

pictures: $(TEST)  ## take the pictures of the documentation anew
	DRAC_SCREENSHOTS=1 $(BIN)/python -m pytest -q tests/portal/test_browser.py

conformance: $(TEST)  ## python-icat's own test suite against an embedded catalogue
	$(BIN)/python -m tests.conformance.run $(CONFORMANCE_ARGS)

contract: $(TEST)  ## how many of the published ICAT+ operations are served as published
	$(BIN)/python -m tests.contract

schemathesis: $(TEST)  ## requests made from our description, answers held against it: EXAMPLES=200 for each operation
	DRAC_TEST_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest tests/contract/test_described.py -o timeout=0 $(TEST_ARGS)

producers: $(TEST)  ## published producers, old and new, in environments of their own
	DRAC_TEST_PRODUCERS=1 $(BIN)/python -m pytest tests/producers tests/clients tests/ingest/ewoks tests/changes/test_indexer.py $(TEST_ARGS)

exchanges: $(TEST)  ## replay exchanges that were recorded with an original ICAT: FILE=recorded.jsonl
	$(BIN)/python -m tests.exchanges check --in '$(FILE)' $(EXCHANGES_ARGS)

fuzz: $(TEST)  ## damaged requests against embedded catalogues: MINUTES=10 (for each TARGET soap, rest, query) SEED=1
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(if $(TARGET),--target $(TARGET))

crowd: $(TEST)  ## many clients write, fail and die while others dump: CLIENTS CREATES SEED DATABASE=sqlite|postgresql
	$(BIN)/python -m tests.server.crowd $(if $(CLIENTS),--clients $(CLIENTS)) $(if $(CREATES),--creates $(CREATES)) \
		$(if $(SEED),--seed $(SEED)) $(if $(DATABASE),--database $(DATABASE))

torture: $(TEST)  ## kill every process while messages arrive: MESSAGES=10000 SEED=1 BROKER=own|activemq KILLS=20
	$(BIN)/python -m tests.ingest.torture --messages $(MESSAGES) --seed $(SEED) --broker $(BROKER) --kills $(KILLS)

brokers: $(TEST)  ## the tests of brokers, RabbitMQ included (Debian: apt install activemq rabbitmq-server)
	DRAC_TEST_BROKERS=1 $(BIN)/python -m pytest tests/ingest/brokers tests/ingest/door/test_subscriber.py

bench: $(TEST)  ## ratios against named baselines
	$(BIN)/python -m benchmarks

clean:  ## remove the virtual environment and what the demonstration wrote
	rm -rf $(VENV) var
