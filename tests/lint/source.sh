#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Rules of the source text. Run from the root of the tree; prints one line for each fault.
set -u
export LC_ALL=C.UTF-8

# Folders of src/core, strictly downward: each may include itself, those before it, and the leaves.
order="base runtime tree array tape ops transform plan nn optim ode io random"
# Folders of src/ that include nothing but themselves.
leaves="kernels parallel"
# Longest file, by the beginning of its path; the first that fits. And the longest line of C.
limits="src/kernels/:800 examples/:120 :600"
width=96

faults=0
fault() { echo "$1"; faults=$((faults + 1)); }

# Tracked files; without git (an unpacked archive) all but build/.
files=$(git ls-files 2>/dev/null | while read -r f; do [ ! -f "$f" ] || echo "$f"; done)
[ -n "$files" ] || files=$(find . -path ./build -prune -o -type f -print | sed 's|^\./||')
c_files=$(grep -E '\.[ch]$' <<<"$files")
text_files=$(grep -E '\.(c|h|def|md|txt|cmake|in|sh|py|json|yml)$|^dev$|^\.ci/' <<<"$files")

# ---- include arrows

rank() { # position of a core folder in the order, or nothing
    local n=0 folder
    for folder in $order; do
        n=$((n + 1))
        [ "$folder" = "$1" ] && echo $n && return
    done
}

is_leaf() { [[ " $leaves " == *" $1 "* ]]; }

# arrow <file> <included path>: may the file include it?
arrow() {
    local file=$1 target=$2 from to
    local top=${file#src/}
    top=${top%%/*}
    if [[ $file == include/* ]]; then
        [[ $target != */* || $target == vernal/* ]]
    elif is_leaf "$top"; then
        [[ $target != core/* && $target != vernal/* && $target != vernal.h ]] || return 1
        to=${target%%/*}
        ! is_leaf "$to" || [ "$to" = "$top" ]
    elif [[ $target == core/*/* ]]; then
        from=$(cut -d/ -f3 <<<"$file")
        to=$(cut -d/ -f2 <<<"$target")
        [ "$(rank "$to")" ] && [ "$(rank "$from")" ] && [ "$(rank "$to")" -le "$(rank "$from")" ]
    fi
}

while IFS=: read -r file line target; do
    [ -n "$file" ] || continue
    arrow "$file" "$target" || fault "$file:$line: may not include \"$target\" (tests/lint/source.sh)"
done < <(grep -nE '^ *# *include +["<](core|kernels|parallel|vernal)' /dev/null \
             $(grep -E '^(src|include)/' <<<"$c_files") |
         sed -E 's/^([^:]*):([0-9]*):[^"<]*["<]([^">]*).*/\1:\2:\3/')

# ---- lengths, widths, spaces, first lines

for file in $c_files; do
    lines=$(wc -l <"$file")
    for limit in $limits; do
        [[ $file == "${limit%:*}"* ]] || continue
        [ "$lines" -le "${limit##*:}" ] || fault "$file: $lines lines, at most ${limit##*:}"
        break
    done
    [[ $(head -n 1 "$file") == *SPDX-License-Identifier* ]] ||
        fault "$file:1: the first line is not the SPDX line"
done

search() { # search <what is wrong> <pattern> <files>...
    local what=$1 pattern=$2
    shift 2
    while IFS=: read -r file line _; do
        fault "$file:$line: $what"
    done < <(grep -nE -e "$pattern" /dev/null "$@")
}

# shellcheck disable=SC2086
{
    search "wider than $width columns" "^.{$((width + 1)),}" $c_files
    search "space at the end of the line" '[[:space:]]$' $text_files
    search "a path of one machine" '(^|[^[:alnum:]_.}])/(wor[k]|roo[t]|hom[e])/' $text_files
    search "the host of a package registry" \
        '(pyp[i]\.org|pythonhoste[d]\.org|deb\.debia[n]\.org|archive\.ubunt[u]\.com|npmj[s]\.)' $text_files
}

[ $faults -eq 0 ] || { echo "$faults faults"; exit 1; }
