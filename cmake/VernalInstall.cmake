# SPDX-License-Identifier: MIT
# install, find_package(vernal) and pkg-config vernal.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vernal)

install(TARGETS vernal EXPORT vernal-targets FILE_SET HEADERS)
install(EXPORT vernal-targets NAMESPACE vernal:: DESTINATION ${package_dir})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

configure_package_config_file(cmake/vernal-config.cmake.in vernal-config.cmake
    INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(vernal-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/vernal-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/vernal-config-version.cmake
        DESTINATION ${package_dir})

# What libvernal.a needs beside itself; a shared library brings it along.
set(requires "")
set(libs " -pthread -lm")
if(VN_HAVE_HWLOC)
    string(APPEND requires " hwloc")
endif()
if(VN_HAVE_ZLIB)
    string(APPEND requires " zlib")
endif()
if(VN_HAVE_ONEDNN)
    list(TRANSFORM CMAKE_DL_LIBS PREPEND " -l" OUTPUT_VARIABLE dl)
    string(APPEND libs "${dl}")
endif()
if(VN_HAVE_OPENMP)
    string(APPEND libs " ${OpenMP_C_FLAGS}")
endif()
if(VN_SANITIZE)
    string(APPEND libs " -fsanitize=${VN_SANITIZE}")
endif()
set(kind "")
if(BUILD_SHARED_LIBS)
    set(kind _PRIVATE)
endif()
set(VN_PC_REQUIRES${kind} "${requires}")
set(VN_PC_LIBS${kind} "${libs}")
file(RELATIVE_PATH VN_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)   # "../..": relocatable
configure_file(cmake/vernal.pc.in vernal.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/vernal.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
