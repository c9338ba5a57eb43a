# The chores; CI calls exactly these. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= demo
# Files of tests at a time: those of jobs wait for processes more than they work.
JOBS ?= 3

.PHONY: demo web test test-compose test-compose-short check soak bench clean

$(VENV)/ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	# What numba compiles is kept: a small training here, and no later one waits for it.
	$(BIN)/item2vec demo --no-serve --events 20000 --out $(VENV)/first >/dev/null 2>&1
	rm -rf $(VENV)/first
	touch $@

demo: $(VENV)/ready
	$(BIN)/item2vec demo --out $(DEMO)

# The page, from web/ into app/static/, which is committed: only who changes the page needs Node.
web:
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || \
	  { echo 'make web needs Node 20 or later, with npm; what is in app/static/ serves without it'; exit 1; }
	cd web && npm ci --no-fund --no-audit && npm run --silent check && npm test --silent && npm run --silent build

# Files of tests side by side, each whole in one process: some share a server or a model.
test: $(VENV)/ready
	$(BIN)/pytest -n $(JOBS) --dist loadfile

# The deployment on a real Docker engine: all of it, or the part that CI has time for.
test-compose: $(VENV)/ready
	tests/compose/run full

test-compose-short: $(VENV)/ready
	tests/compose/run short

soak: $(VENV)/ready
	ITEM2VEC_SOAK=full $(BIN)/pytest -s tests/app/live/test_swap.py tests/app/run/test_kill.py tests/app/run/test_soak.py tests/app/run/test_faults.py tests/app/http/test_openapi.py tests/app/http/test_hostile.py

check: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/ready
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks.read
	$(BIN)/python -m benchmarks.quality
	$(BIN)/python -m benchmarks.deezer_paper
	$(BIN)/python -m benchmarks.published
	$(BIN)/python -m benchmarks.search
	$(BIN)/python -m benchmarks.http

clean:
	rm -rf $(VENV) build *.egg-info demo
