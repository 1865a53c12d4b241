# SPDX-License-Identifier: MIT
# oneDNN by its header and library: oneDNN::oneDNN, oneDNN_FOUND, oneDNN_VERSION. Its own package
# file demands OpenCL's headers of every user where the library was built with GPU support, as
# Debian's is; the C interface on CPUs needs none of them.
find_path(oneDNN_INCLUDE_DIR oneapi/dnnl/dnnl.h)
find_library(oneDNN_LIBRARY dnnl)
mark_as_advanced(oneDNN_INCLUDE_DIR oneDNN_LIBRARY)

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
    REQUIRED_VARS oneDNN_LIBRARY oneDNN_INCLUDE_DIR VERSION_VAR oneDNN_VERSION)

if(oneDNN_FOUND AND NOT TARGET oneDNN::oneDNN)
    add_library(oneDNN::oneDNN UNKNOWN IMPORTED)
    set_target_properties(oneDNN::oneDNN PROPERTIES
        IMPORTED_LOCATION ${oneDNN_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${oneDNN_INCLUDE_DIR})
endif()
