# SPDX-License-Identifier: MIT
# The table at the end of configuration.

# vn_row(<name> <found> <version> <what it gives>)
function(vn_row name found version what)
    set(answer no)
    if(found)
        set(answer "yes ${version}")
    endif()
    string(LENGTH "${name}" n)
    string(LENGTH "${answer}" a)
    math(EXPR n "11 - ${n}")
    math(EXPR a "15 - ${a}")
    string(REPEAT " " ${n} gap_name)
    string(REPEAT " " ${a} gap_answer)
    message("  ${name}${gap_name}${answer}${gap_answer}${what}")
endfunction()

if(PROJECT_IS_TOP_LEVEL)
    message("\nvernal ${PROJECT_VERSION}, ${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}, "
            "${CMAKE_BUILD_TYPE} ${VN_SANITIZE}")
    vn_row(hwloc "${VN_HAVE_HWLOC}" "${HWLOC_VERSION}" "cores, caches, NUMA nodes; pinned workers")
    vn_row(oneDNN "${VN_HAVE_ONEDNN}" "${oneDNN_VERSION}" "a second provider of kernels")
    vn_row(OpenMP "${VN_HAVE_OPENMP}" "${OpenMP_C_VERSION}" "executor on the caller's OpenMP team")
    vn_row(zlib "${VN_HAVE_ZLIB}" "${ZLIB_VERSION_STRING}" "compressed data files (gzip) and .npz")
    vn_row(Criterion "${CRITERION_FOUND}" "${CRITERION_VERSION}" "the tests; without it they are skipped")
    message("")
endif()
