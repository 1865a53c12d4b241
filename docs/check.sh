#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The C and the Python in the pages are programs that run: a block below <!-- code: FILE --> must be
# found in FILE as it stands (or four columns further in), and every such block must be below such a
# line.
# In a block of diff, the lines that a file gains must be found in that file. Links lead somewhere, and
# docs/README.md has one to every page.
set -u
shopt -s nullglob
cd "$(dirname "$0")/.."
faults=0
fault() { echo "$1"; faults=$((faults + 1)); }

declare -A cache

# contains <file> <text>: whole lines, in a row
contains() {
    local file=$1 text=$2
    [ -f "$file" ] || return 1
    [ -n "${cache[$file]+set}" ] || cache[$file]=$'\n'$(cat "$file")$'\n'
    [[ ${cache[$file]} == *$'\n'"$text"* ]] && return 0
    [ -n "${cache[in $file]+set}" ] || cache[in $file]=$'\n'$(sed 's/^    //' "$file")$'\n'
    [[ ${cache[in $file]} == *$'\n'"$text"* ]]
}

# check_diff <page> <line> <text>: each run of added lines, in the file named by "+++ b/FILE"
check_diff() {
    local page=$1 at=$2 file="" run="" line
    while IFS= read -r line; do
        case $line in
        '+++ b/'*) file=${line#+++ b/} ;;
        '+'*) run+="${line#+}"$'\n' && continue ;;
        esac
        [ -z "$run" ] || contains "$file" "$run" || fault "$page:$at: not in $file: ${run%%$'\n'*}"
        run=""
    done <<<"$3"$'\n'
}

check_page() {
    local page=$1 from="" block="" kind="" n=0 start=0 line
    while IFS= read -r line; do
        n=$((n + 1))
        if [ -z "$kind" ]; then
            case $line in
            '<!-- code: '*) from=${line#<!-- code: } && from=${from% -->} ;;
            '```c' | '```cpp' | '```python' | '```diff') kind=${line#'```'} start=$n block="" ;;
            '```'?*) kind=other ;;
            esac
        elif [ "$line" = '```' ]; then
            case $kind in
            other) ;;
            diff) check_diff "$page" "$start" "$block" ;;
            *) [ -n "$from" ] || fault "$page:$start: code that comes from no file"
               [ -z "$from" ] || contains "$from" "$block" || fault "$page:$start: not in $from" ;;
            esac
            kind="" from=""
        else
            block+=$line$'\n'
        fi
    done <"$page"
    [ -z "$kind" ] || fault "$page:$start: the block has no end"
}

pages=(README.md docs/*.md docs/*/*.md docs/*/*/*.md)
for page in "${pages[@]}"; do
    check_page "$page"
done

# What links point at is there: a file, and for a page the heading that they name.
headings=$(for page in "${pages[@]}"; do
    sed -nE 's/^#+ //p' "$page" | tr '[:upper:]' '[:lower:]' | tr -cd 'a-z0-9 _\n-' | tr ' ' '-' |
        sed "s|^|$page#|"
done)
while IFS=: read -r page link; do
    link=${link#']('} target=$page
    link=${link%)}
    [[ $link == http* ]] && continue
    [[ $link == '#'* ]] || target=$(realpath -m --relative-to=. "$(dirname "$page")/${link%%#*}")
    [ -e "$target" ] || fault "$page: a link to $link, which is not there"
    [[ $link != *'#'* || $target != *.md ]] || grep -qxF -- "$target#${link##*#}" <<<"$headings" ||
        fault "$page: a link to $link, but there is no such heading"
done < <(grep -oE '\]\([^) ]+\)' "${pages[@]}" | sort -u)

for page in "${pages[@]:1}"; do
    [ $page = docs/README.md ] || grep -qF "](${page#docs/})" docs/README.md ||
        fault "docs/README.md: no link to $page"
done
[ $faults -eq 0 ] || { echo "$faults faults"; exit 1; }
