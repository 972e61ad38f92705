# The words that people and CI use. `make demo` and `make test` are the two commands of the README.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
PIP_INSTALL = $(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: demo test course fix check docs bench sizes clean
.DELETE_ON_ERROR:

# Each stamp names what is installed; a later run finds it and installs nothing.
$(VENV)/pyvenv.cfg:
	@echo "Creating $(VENV)"
	@$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/.nets: pyproject.toml constraints.txt | $(VENV)/pyvenv.cfg
	@echo "Installing heldout with nets and sounds into $(VENV)"
	@$(PIP_INSTALL) -e '.[sounds]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/pyvenv.cfg
	@echo "Installing heldout with nets and the test tools into $(VENV)"
	@$(PIP_INSTALL) -e '.[dev]'
	@touch $@ $(VENV)/.nets

demo: $(VENV)/.nets
	@$(BIN)/heldout train digits --seed 1 --assess

# `make test N=4` runs four tests at a time.
N ?= 2
test: $(VENV)/.dev
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest -q -n $(N) --dist loadfile

# A share of the course's experiments, for a nightly job each: `make course SLICE=1/6` to 6/6.
SLICE ?= 1/1
course: $(VENV)/.dev
	@$(BIN)/heldout book run all --slice $(SLICE) --profile quick --store course.sqlite

fix: $(VENV)/.dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

check: $(VENV)/.dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(VENV)/.dev
	@for script in benchmarks/*.py; do echo "$$script"; $(BIN)/python $$script; done

# Pages that are made from the code: the settings and their schema.
docs: $(VENV)/.dev
	@$(BIN)/python tools/write_docs.py

# The tail matters, not the middle: the longest files and bodies first.
sizes:
	@$(PYTHON) tools/sizes.py

clean:
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
