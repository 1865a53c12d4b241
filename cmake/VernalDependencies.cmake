# SPDX-License-Identifier: MIT
# Optional parts. Each option is AUTO (use it when it is found), ON (it must be found) or OFF.
# The result is VN_HAVE_<PART>, the same name as the compile definition that the sources test.

find_package(Threads REQUIRED)
find_package(PkgConfig QUIET)

# vn_option(<PART> <package>): VN_WITH_<PART> with the three values; says whether to look for it.
macro(vn_option part package)
    set(VN_WITH_${part} AUTO CACHE STRING "Use ${package}: AUTO, ON or OFF")
    set_property(CACHE VN_WITH_${part} PROPERTY STRINGS AUTO ON OFF)
    set(VN_HAVE_${part} OFF)
endmacro()

# vn_found(<PART> <found>): records the answer; an error when the part was demanded.
macro(vn_found part found)
    if(${found})
        set(VN_HAVE_${part} ON)
    elseif(VN_WITH_${part} AND NOT VN_WITH_${part} STREQUAL AUTO)
        message(FATAL_ERROR "VN_WITH_${part}=ON, but it is not found")
    endif()
endmacro()

# vn_find_module(<PART> <pkg-config name>): a dependency known to pkg-config.
macro(vn_find_module part module)
    if(VN_WITH_${part})
        if(PkgConfig_FOUND)
            pkg_check_modules(${part} QUIET IMPORTED_TARGET ${module})
        endif()
        vn_found(${part} "${${part}_FOUND}")
    endif()
endmacro()

vn_option(HWLOC "hwloc for the machine's topology")
vn_find_module(HWLOC hwloc)

vn_option(ZLIB "zlib for .gz files and compressed .npz")
if(VN_WITH_ZLIB)
    find_package(ZLIB QUIET)
    vn_found(ZLIB "${ZLIB_FOUND}")
endif()

vn_option(OPENMP "OpenMP for the second executor")
if(VN_WITH_OPENMP)
    find_package(OpenMP QUIET COMPONENTS C)
    vn_found(OPENMP "${OpenMP_C_FOUND}")
endif()

vn_option(ONEDNN "oneDNN as a kernel provider")
if(VN_WITH_ONEDNN)
    find_package(oneDNN QUIET MODULE)
    vn_found(ONEDNN "${oneDNN_FOUND}")
endif()
