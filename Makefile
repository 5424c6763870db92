# Everything a fresh machine needs: git, make and Python 3.11 or newer. See README.md.

PYTHON ?= $(firstword $(foreach v,3.11 3.12 3.13,$(shell command -v python$(v))) python3)
VENV := .venv
BIN := $(VENV)/bin

# Tests wait for processes, timeouts and disks: one worker more than there are cores uses what is left.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

.PHONY: help setup demo test lint test-fast test-arm64 test-armhf test-pi-guide clean

help:
	@echo "make setup   prepare $(VENV) with everything"
	@echo "make demo    the main job on synthetic data, ending with the table"
	@echo "make test    lint, types, import contracts, all tests"
	@echo "make test-arm64   the wheel on three emulated Raspberry Pis; needs Debian's apt-get, downloads 400 MB"
	@echo "make test-armhf   the same on a 32-bit system; downloads 280 MB"
	@echo "make test-pi-guide   the commands of docs/raspberry-pi.md under emulation, as a reader types them"

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "edgeseg needs Python 3.11 or newer; name one: make setup PYTHON=python3.12"; exit 1; }
	@# Debian ships venv apart from python3: as root we add it, otherwise we say so.
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
		|| { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -qq -y python3-venv; } \
		|| { echo "Python's venv is missing; as root: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -c constraints.txt -U pip
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[train,report,coco,quantize,openvino,serve,cluster]' --group dev
	@sh tests/install_tools.sh
	@touch $@

demo: setup
	$(BIN)/edgeseg demo --out demo --force

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint docker/*.Dockerfile

test: lint
	$(BIN)/edgeseg check models/nih3t3_phase --budget benchmarks/budgets.toml
	$(BIN)/pytest -n $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-fast: setup
	$(BIN)/pytest -m 'not host and not slow and not arm64'

test-arm64: setup
	EDGESEG_EMULATION=required $(BIN)/pytest -m '' -v tests/arm64/test_emulated_boards.py

test-armhf: setup
	EDGESEG_EMULATION=required $(BIN)/pytest -m '' -v tests/arm64/test_emulated_old_board.py

test-pi-guide: setup
	EDGESEG_EMULATION=required $(BIN)/pytest -m '' -v tests/arm64/test_guide.py

clean:
	rm -rf $(VENV) demo build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
