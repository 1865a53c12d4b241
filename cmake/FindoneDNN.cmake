# SPDX-License-Identifier: MIT
# oneDNN by its header alone, 2.x or 3.x: oneDNN_FOUND, oneDNN_VERSION, oneDNN_INCLUDE_DIR. The
# library is loaded when the program first uses it, and may be missing.
find_path(oneDNN_INCLUDE_DIR oneapi/dnnl/dnnl.h)
mark_as_advanced(oneDNN_INCLUDE_DIR)

if(oneDNN_INCLUDE_DIR)
    set(oneDNN_VERSION "")
    foreach(part MAJOR MINOR PATCH)
        file(STRINGS ${oneDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h line
             REGEX "#define DNNL_VERSION_${part} ")
        string(REGEX REPLACE "[^0-9]" "" number "${line}")
        string(APPEND oneDNN_VERSION ".${number}")
    endforeach()
    string(SUBSTRING "${oneDNN_VERSION}" 1 -1 oneDNN_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(oneDNN
    REQUIRED_VARS oneDNN_INCLUDE_DIR VERSION_VAR oneDNN_VERSION)
