#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/conformance.md is complete and true: its rows are 1 to 44; each function row_N_.. that the tests declare
# is in row N, defined in the file that the row names, and in the table of a program, with its number; each
# row of the program `conformance` is a test of its own.
set -u
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/.."
page=docs/conformance.md
faults=0
fault() { echo "$1"; faults=$((faults + 1)); }

rows=$(grep -oE '^\| [0-9]+ ' $page | tr -d '| ' | sort -nu | tr '\n' ' ')
[ "$rows" = "$(seq 44 | tr '\n' ' ')" ] || fault "$page: its rows are $rows"

declared=$(sed -nE 's/^void (row_[0-9]+_\w+)\(void\);/\1/p' tests/conformance/conform.h tests/laws/conformance.h)
while IFS='|' read -r _ number _ link _; do
    name=$(sed -nE 's/.*\[(\w+)\].*/\1/p' <<<"$link")
    file=docs/$(sed -nE 's/.*\((.*)\).*/\1/p' <<<"$link")
    [ -f "$file" ] || { fault "$page: row$number: there is no $file" && continue; }
    [[ $name == row_* ]] || { [[ $file == */$name.c ]] || fault "$page: row$number: $name is not $file"; continue; }
    [[ $name == row_${number// /}_* ]] || fault "$page: row$number names $name"
    grep -q "^void $name(void)" "$file" || fault "$file: no function $name"
done < <(grep -E '^\| [0-9]+ ' $page)

for name in $declared; do
    number=$(grep -oE '[0-9]+' <<<"$name" | head -n 1)
    grep -qF "[$name]" $page || fault "$page: nothing of $name"
    cat tests/conformance/main.c tests/laws/conformance_{transforms,loops}.c |
        grep -qE "\{ $number, $name \}" || fault "no program runs $name as row $number"
done

while read -r name number; do
    grep -qE "\b0?${number}_$name\b" tests/conformance/CMakeLists.txt ||
        fault "tests/conformance/CMakeLists.txt: row $number, $name, is no test"
done < <(sed -nE 's/^    \{ "(\w+)", \{ ([0-9]+), row_.*/\1 \2/p' tests/conformance/main.c)
[ $faults -eq 0 ] || { echo "$faults faults"; exit 1; }
