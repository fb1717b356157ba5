#!/bin/sh
# step.sh LOG WHAT COMMAND…: says what is done and about how long it takes, keeps the output in LOG, and says how long it took.
log=$1 what=$2
shift 2
printf '%s … ' "$what"
printf '\n== %s: %s\n' "$what" "$*" >>"$log"
began=$(date +%s)
if "$@" >>"$log" 2>&1; then
    echo "done in $(($(date +%s) - began)) s"
else
    code=$?
    echo "failed after $(($(date +%s) - began)) s; the end of $log:"
    tail -n 20 "$log"
    exit $code
fi
