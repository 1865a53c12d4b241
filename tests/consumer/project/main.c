/* SPDX-License-Identifier: MIT */
/* A program outside the tree: the umbrella header and the library are all it sees. */
#include <vernal.h>

#include <stdio.h>

int main(void)
{
    printf("vernal %d.%d.%d\n", VN_VERSION_MAJOR, VN_VERSION_MINOR, VN_VERSION_PATCH);
    return vn_ok() ? 0 : 1;
}
