# make demo: the whole road, from documents to a model that talks. make review: its pairs in Argilla. make test: all tests. Each installs
# what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --disable-pip-version-check --progress-bar off
STEP := sh tests/step.sh $(VENV)/install.log

# llama.cpp for any machine of this kind: the build tuned to this one crashes on quantized models where gcc is old and the
# processor has AMX. Without its command-line tools the build takes half the time.
export CMAKE_ARGS ?= -DGGML_NATIVE=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAVA_BUILD=OFF -DMTMD_BUILD=OFF
export HF_HUB_DISABLE_TELEMETRY = 1

.PHONY: install demo review test lint docs benchmark clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@sh tests/check_machine.sh $(PYTHON)
	@$(PYTHON) -m venv $(VENV)
	@$(STEP) "PyTorch is fetched and installed (1 to 3 minutes)" $(PIP) --constraint constraints.txt torch
	@$(STEP) "pip is brought up to date" $(PIP) --upgrade 'pip>=25.1'
	@$(STEP) "likeness is installed, and llama.cpp compiled (4 to 7 minutes on 2 cores, once)" \
		$(PIP) --constraint constraints.txt --editable '.[all,ray]' --group dev
	@touch $@

# TINY=1: on a toy model that is made on the spot; quicker, and in broken English.
DEMO := recipes/demo/$(if $(TINY),tiny,recipe).yaml

demo: install
	$(BIN)/curate build $(DEMO)
	$(BIN)/train run $(DEMO)
	$(BIN)/train chat $(DEMO) --question "How do I know when to wait and when to act?"

review: install
	$(BIN)/curate build recipes/demo/recipe.yaml
	$(BIN)/curate review recipes/demo/recipe.yaml

test: install
	@sh tests/real_inputs.sh $(BIN)/python
	$(BIN)/pytest -n 2 --dist worksteal tests

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: install
	$(BIN)/python docs/generate.py
	$(BIN)/mkdocs build --strict

benchmark: install
	$(BIN)/python tests/benchmarks/road.py
	$(BIN)/python tests/benchmarks/generation.py

clean:
	rm -rf build recipes/*/build
