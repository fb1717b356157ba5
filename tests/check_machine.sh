#!/bin/sh
# What the installation needs and pip would only stumble over: said first, with the command that mends it.
python=${1:-python3}
missing=""
say() { missing=1; printf '%s\n' "$1" >&2; }

if ! command -v "$python" >/dev/null 2>&1; then
    say "There is no $python. Mend it: sudo apt-get install python3 python3-venv"
else
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        say "$("$python" --version) is too old; 3.11 or newer is needed. Mend it: make PYTHON=python3.12 (or whichever you have)"
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        say "Python's venv module is missing. Mend it: sudo apt-get install python3-venv"
fi
command -v c++ >/dev/null 2>&1 || command -v g++ >/dev/null 2>&1 || command -v clang++ >/dev/null 2>&1 ||
    say "There is no C++ compiler, which llama-cpp-python is built with. Mend it: sudo apt-get install g++"
free_kb=$(df -Pk . | awk 'NR == 2 {print $4}')
[ "${free_kb:-0}" -ge 6000000 ] ||
    say "Only $((free_kb / 1000000)) GB are free here; the installation takes 6. Mend it: free some room, or clone onto another disk."
[ -z "$missing" ]
