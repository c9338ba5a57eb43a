# The four chores; CI calls exactly these. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= demo

.PHONY: demo test check bench clean

$(VENV)/ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[work,dev]'
	touch $@

demo: $(VENV)/ready
	$(BIN)/item2vec demo --out $(DEMO)

test: $(VENV)/ready
	$(BIN)/pytest

check: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/ready
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks.read
	$(BIN)/python -m benchmarks.quality
	$(BIN)/python -m benchmarks.deezer_paper
	$(BIN)/python -m benchmarks.search

clean:
	rm -rf $(VENV) build *.egg-info demo
