# SPDX-License-Identifier: MIT
# What all targets share, and the helper functions of the build.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE RelWithDebInfo)   # -O2 -g -DNDEBUG
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# Tests look inside the library: they link it statically, or shared with its internal names shown.
# Sanitized code is large and a hundred programs each with a copy of it fill a disk: see the presets.
option(VN_SHOW_INTERNAL "Export internal names from the shared library, for tests" OFF)
set(VN_INTERNAL_USABLE ON)
if(BUILD_SHARED_LIBS AND NOT VN_SHOW_INTERNAL)
    set(VN_INTERNAL_USABLE OFF)
endif()
if(NOT VN_SHOW_INTERNAL)
    set(CMAKE_C_VISIBILITY_PRESET hidden)
endif()

set(VN_SANITIZE "" CACHE STRING "Sanitizers for every target, e.g. address,undefined")
if(VN_SANITIZE)
    add_compile_options(-fsanitize=${VN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${VN_SANITIZE})
endif()

# Flags, include roots and definitions of our own sources: link it PRIVATE to any target that is
# built from src/ (object libraries of kernels, tests, programs that look inside).
add_library(vernal_internal INTERFACE)
target_compile_features(vernal_internal INTERFACE c_std_11)
target_include_directories(vernal_internal INTERFACE
    ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(vernal_internal INTERFACE _GNU_SOURCE
    $<$<BOOL:${VN_HAVE_HWLOC}>:VN_HAVE_HWLOC=1>
    $<$<BOOL:${VN_HAVE_ZLIB}>:VN_HAVE_ZLIB=1>
    $<$<BOOL:${VN_HAVE_OPENMP}>:VN_HAVE_OPENMP=1>
    $<$<BOOL:${VN_HAVE_ONEDNN}>:VN_HAVE_ONEDNN=1>)
# One rounding per operation as written: a fused multiply-add is asked for by name.
target_compile_options(vernal_internal INTERFACE -ffp-contract=off)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS OFF)

# Warnings of our own sources; errors when CMAKE_COMPILE_WARNING_AS_ERROR is on (all presets).
add_library(vernal_warnings INTERFACE)
target_compile_options(vernal_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    -Wstrict-prototypes -Wmissing-prototypes -Wvla)
# The checks that sanitizers insert hide casts from gcc: what it reports then is not in the source.
if(VN_SANITIZE)
    target_compile_options(vernal_warnings INTERFACE -Wno-conversion)
endif()

# vn_add_subdirectories(<dir>... [IF <condition>])
# Adds those directories that hold a CMakeLists.txt.
function(vn_add_subdirectories)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "IF" "")
    if(DEFINED arg_IF AND NOT arg_IF)
        return()
    endif()
    foreach(dir IN LISTS arg_UNPARSED_ARGUMENTS)
        if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/CMakeLists.txt)
            add_subdirectory(${dir})
        endif()
    endforeach()
endfunction()

# vn_add_program(<name> <source>... [INTERNAL] [TEST] [ARGS <arg>...] [LABELS <label>...])
# An executable that uses the library as a user does. INTERNAL: it includes headers of src/ too.
# TEST: ctest runs it with ARGS in the source tree's root; exit status 0 is a pass.
function(vn_add_program name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "INTERNAL;TEST" "" "ARGS;LABELS")
    if(arg_INTERNAL AND NOT VN_INTERNAL_USABLE)
        return()
    endif()
    add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
    target_link_libraries(${name} PRIVATE vernal::vernal m)
    target_compile_options(${name} PRIVATE -Wall -Wextra)
    if(arg_INTERNAL)
        target_link_libraries(${name} PRIVATE vernal_internal Threads::Threads)
    endif()
    if(arg_TEST AND VN_BUILD_TESTS)
        vn_register_test(${name} "${arg_ARGS}" "${arg_LABELS}")
    endif()
endfunction()

# vn_add_test(<name> <source>... [LABELS <label>...])
# One Criterion executable, run by ctest as <folder>/<name> with the label <folder>. It sees the
# internal headers. Without Criterion, or under TSan (where Criterion does not start), nothing.
function(vn_add_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LABELS")
    if(NOT VN_CRITERION_USABLE)
        return()
    endif()
    get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
    set(target test_${folder}_${name})
    add_executable(${target} ${arg_UNPARSED_ARGUMENTS})
    target_link_libraries(${target} PRIVATE
        vernal::vernal vernal_internal PkgConfig::CRITERION Threads::Threads m)
    target_compile_options(${target} PRIVATE -Wall -Wextra)
    target_compile_definitions(${target} PRIVATE
        VN_GOLDEN_DEFAULT="${PROJECT_SOURCE_DIR}/../shared/golden")
    vn_register_test(${target} "" "${arg_LABELS}" NAME ${name})
endfunction()

# vn_register_test(<target> <args> <labels> [NAME <name>]): a row of ctest; see the two above.
function(vn_register_test target args labels)
    cmake_parse_arguments(PARSE_ARGV 3 arg "" "NAME" "")
    get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
    if(NOT arg_NAME)
        set(arg_NAME ${target})
    endif()
    add_test(NAME ${folder}/${arg_NAME} COMMAND ${target} ${args}
             WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${folder}/${arg_NAME} PROPERTIES
        LABELS "${folder};${labels}" TIMEOUT 600 SKIP_RETURN_CODE 77)
endfunction()
