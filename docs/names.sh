#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/names.md is complete and true: names.sh [<python>]
# Each name of docs/names.txt is in the first column of one row, and each row of the sections of the
# package is such a name. Whatever begins with vn_ or VN_ is declared in include/. Where the package
# can be imported, each of its public names has a row, and in the version of names.txt that is its
# list.
set -u
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/.."
page=docs/names.md list=docs/names.txt
faults=0
fault() { echo "$1"; faults=$((faults + 1)); }

# The first column of the tables before "## Methods".
rows=$(sed '/^## Methods/,$d' $page | sed -nE 's/^\| `([^`]+)` \|.*/\1/p' | sort)
listed=$(grep -v '^#' $list | sort)

while read -r name; do
    fault "$page: no row for $name"
done < <(comm -13 <(uniq <<<"$rows") <(echo "$listed"))
while read -r name; do
    fault "$page: $name is no name of $(sed -n 's/^# //p' $list)"
done < <(comm -23 <(uniq <<<"$rows") <(echo "$listed"))
while read -r name; do
    fault "$page: $name has two rows"
done < <(uniq -d <<<"$rows")

# A row says what, or "none" and why.
while IFS='|' read -r _ name ours why _; do
    case $ours in
    ' none ') [[ $name == *_p\`* || $why == *[a-z]* ]] || fault "$page: $name: none, but why?" ;;
    *[a-zA-Z]*) ;;
    *) fault "$page: $name: neither a name nor none" ;;
    esac
done < <(grep -E '^\| `' $page)

declared=$(cat include/vernal.h $(find include/vernal -name '*.h') | grep -oE '\b(vn|VN)_\w+')
# Environment variables and the members of an X-macro are no declarations.
declared+=$'\nVN_ON_ERROR\n'$(sed -nE 's/^ +X\((\w+),.*/VN_\1\nVN_ERR_\1/p' include/vernal/base.h)
while read -r name; do
    fault "$page: $name is declared in no header"
done < <(comm -23 <(grep -oE '\b(vn|VN)_\w+' $page | sort -u) <(sort -u <<<"$declared"))

installed=$("${1:-python3}" -B docs/names.py 2>/dev/null) || installed=""
if [ -n "$installed" ]; then
    while read -r name; do
        fault "$page: no row for $name of the installed ${installed%%$'\n'*}"
    done < <(comm -13 <(uniq <<<"$rows") <(grep -v '^#' <<<"$installed" | sort))
    if [ "${installed%%$'\n'*}" = "$(head -n 1 $list)" ] && [ "$installed" != "$(cat $list)" ]; then
        fault "$list: not what docs/names.py prints"
    fi
fi
[ $faults -eq 0 ] || { echo "$faults faults"; exit 1; }
