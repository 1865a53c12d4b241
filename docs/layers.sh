#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/layers.md has every layer, constructor, option and leaf: layers.sh <program>
# Each row of nn.def is in the heading of a section. Each constructor declared in include/vernal/nn, and
# each field of its options, is in one section. What a section says behind "Leaves" is what <program>
# (docs/examples/layers.c) prints for its layers.
set -u
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/.."
page=docs/layers.md
faults=0
fault() { echo "$1"; faults=$((faults + 1)); }

declare -A section # of each layer, by the name in its heading
text=""
heading=""
keep() { for name in ${heading//,/ }; do section[$name]=$text; done; }
while IFS= read -r line; do
    case $line in
    '## '*) keep && heading=${line#'## '} && text="" ;;
    *) text+=$line$'\n' ;;
    esac
done <$page
keep

printed=$("$1") || fault "$1 fails"
while read -r name; do
    [ -n "${section[$name]+set}" ] || fault "$page: no section for $name"
    grep -q "^$name:" <<<"$printed" || fault "docs/examples/layers.c: no $name"
done < <(sed -nE 's/^VN_LAYER\((\w+),.*/\1/p' src/core/nn/nn.def)

headers=$(cat include/vernal/nn/*.h)
declared=$(tr '\n' ' ' <<<"$headers" | grep -oE 'extern const vn_type [^;]*;' | grep -oE 'vn_\w+_type')

# holder <text>: the section in which it stands
holder() {
    local name
    for name in "${!section[@]}"; do
        [[ ${section[$name]} != *"$1"* ]] || { echo "$name" && return; }
    done
}

for type in $declared; do
    constructor=${type%_type}
    grep -qE "\b${constructor}(_n)?\(" <<<"$headers" || continue # a type with no constructor
    holder=$(holder " *$constructor(")
    [ -n "$holder" ] || holder=$(holder " *${constructor}_n(")
    [ -n "$holder" ] || holder=$(holder $'\n'"$constructor(")
    [ -n "$holder" ] || { fault "$page: $constructor is in no section" && continue; }
    while read -r field; do
        [[ ${section[$holder]} == *"\`$field\`"* ]] || fault "$page: $holder: nothing of $field"
    done < <(sed -nE "/^typedef struct ${constructor}_options/,/^}/p" <<<"$headers" |
             sed -E 's|/\*.*||; s|^.*\*/||' |
             sed -nE 's/^ +[a-z_0-9]+ \*?([a-z_0-9, ]+);.*/\1/p' | tr -d ' ' | tr ',' '\n')
done

while IFS=: read -r name leaves; do
    said=$(sed -n '/^Leaves/,/^$/p' <<<"${section[$name]-}" | tr '\n' ' ' | sed 's/\. .*//' |
           grep -oE '`[^`]+`' | tr -d '`' | tr '\n' ' ')
    [ "$said" = "${leaves:+${leaves# } }" ] || fault "$page: $name has the leaves$leaves, not $said"
done <<<"$printed"
[ $faults -eq 0 ] || { echo "$faults faults"; exit 1; }
