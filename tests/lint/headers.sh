#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each public header compiles alone: headers.sh <compiler> <options>...
status=0
for header in include/vernal.h $(find include/vernal -name '*.h' | sort); do
    "$@" -Wall -Wextra -Wpedantic -Werror -fsyntax-only -Iinclude "$header" || {
        echo "$header does not compile alone with: $*"
        status=1
    }
done
exit $status
