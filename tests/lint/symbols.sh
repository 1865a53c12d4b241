#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Names of the library: symbols.sh <readelf> <library>
# Visible ones begin with vn_ and are declared in include/; the others that cross files begin with
# vn_ too (vn__ by habit) and are hidden.
status=0
declared=$(cat include/vernal.h $(find include -name '*.h') | grep -oE '\bvn_[a-z0-9_]+' | sort -u)

while read -r binding visibility name; do
    case $name in
    vn_*) ;;
    *) echo "$name: an external name without the prefix vn_"; status=1 ;;
    esac
    if [ "$visibility" = DEFAULT ] && ! grep -qx -- "$name" <<<"$declared"; then
        echo "$name: visible outside the library, but declared in no public header"
        status=1
    fi
done < <("$1" -sW "$2" 2>/dev/null |
         awk '$5 ~ /GLOBAL|WEAK/ && $7 != "UND" && $8 !~ /^(_init|_fini)$/ { print $5, $6, $8 }')
exit $status
