# make demo: the whole road, from documents to a model that talks. make review: its pairs in Argilla. make test: all tests. Each installs
# what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# llama.cpp for any machine of this kind: the build tuned to this one crashes on quantized models where gcc is old and the
# processor has AMX. Without its command-line tools the build takes half the time.
export CMAKE_ARGS ?= -DGGML_NATIVE=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAVA_BUILD=OFF -DMTMD_BUILD=OFF
export HF_HUB_DISABLE_TELEMETRY = 1

.PHONY: install demo review test lint benchmark clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@sh tests/check_machine.sh $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[all]'
	@touch $@

demo: install
	$(BIN)/curate build recipes/demo/recipe.yaml
	$(BIN)/train run recipes/demo/recipe.yaml
	$(BIN)/train chat recipes/demo/recipe.yaml --question "How do I know when to wait and when to act?"

review: install
	$(BIN)/curate build recipes/demo/recipe.yaml
	$(BIN)/curate review recipes/demo/recipe.yaml

test: install
	$(BIN)/pytest -n 2 tests

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

benchmark: install
	$(BIN)/python tests/benchmarks/road.py
	$(BIN)/python tests/benchmarks/generation.py

clean:
	rm -rf build
