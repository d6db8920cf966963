# `make demo` and `make test` need nothing but make and Python 3.11 or newer.
PYTHON ?= python3
VENV ?= .venv
OUT ?= out/demo
BIN := $(VENV)/bin

.PHONY: demo test test-slow lint types format bench docs linkcheck dist clean

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "spadv needs Python 3.11 or newer, found " + sys.version.split()[0] + " (choose another with PYTHON=...)")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[empirical]'
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[test]'
	@touch $@ $(VENV)/.core

$(VENV)/.lint: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[test,lint]'
	@touch $@ $(VENV)/.core $(VENV)/.test

$(VENV)/.docs: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[docs]'
	@touch $@ $(VENV)/.core

demo: $(VENV)/.core
	$(BIN)/spadv verify --out $(OUT)/theory
	$(BIN)/spadv reproduce demo --seeds 1 --out $(OUT)/networks
	@echo "Open $(OUT)/theory/report.html and $(OUT)/networks/report.html in a browser."

# One process a core, and one thread each: the tests are many small computations.
test: $(VENV)/.test
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

test-slow: $(VENV)/.test
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy does not follow an editable install that maps folders to packages,
# so it is shown the same mapping as a tree of links.
types: $(VENV)/.lint
	@mkdir -p build/types/spadv
	@for part in theory empirical cli core/*; do ln -sfn ../../../$$part build/types/spadv/$${part#core/}; done
	cd build/types && MYPYPATH=. ../../$(BIN)/mypy --config-file ../../pyproject.toml --namespace-packages --explicit-package-bases -p spadv

format: $(VENV)/.lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.test
	$(BIN)/python -m pytest benchmarks -m '' --benchmark-columns=min,median,max,rounds --benchmark-sort=name

# Pages' code is run anew only where it changed; `make clean` forgets that.
docs: $(VENV)/.docs
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m sphinx -b html -n -W --keep-going -d build/docs/doctrees docs build/docs/html
	@echo "Open build/docs/html/index.html in a browser, or http://localhost:8000 after"
	@echo "  $(BIN)/python -m http.server -d build/docs/html    (then the search shows excerpts)"

# Whether links still lead somewhere; without a network those to other sites are left out.
linkcheck: $(VENV)/.docs
	-$(BIN)/python -m sphinx -q -b linkcheck -D nb_execution_mode=off -d build/docs/linkcheck docs build/docs/links
	$(BIN)/python docs/_ext/links.py build/docs/links/output.json

# A source archive and a wheel, and whether each works where nothing else is installed.
SMOKE := build/smoke
dist: $(BIN)/python
	$(BIN)/pip install --quiet build
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	@for file in dist/*; do \
	  echo "Trying $$file" && rm -rf $(SMOKE) && $(PYTHON) -m venv $(SMOKE) && \
	  $(SMOKE)/bin/pip install --quiet "$$file" && cd $(SMOKE) && bin/spadv --version && \
	  bin/spadv code --length 7 --family hamming --json > code.json && \
	  bin/spadv verify --claim thm2a --codeword simplex:3 --samples 1000 --out report && \
	  bin/spadv report report && bin/spadv train --dry-run --json > train.json && \
	  test -f lib/python*/site-packages/spadv/empirical/data/mnist_sample.npz && \
	  cd - > /dev/null || exit 1; \
	done

clean:
	rm -rf $(VENV) build dist out *.egg-info
