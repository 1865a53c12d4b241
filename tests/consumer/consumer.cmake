# SPDX-License-Identifier: MIT
# One step of the consumer test; the variables are set by CMakeLists.txt beside this file.
set(prefix ${WORK}/prefix)
set(flags "")
if(SANITIZE)
    set(flags "-fsanitize=${SANITIZE}")
endif()

# run(<command>...): an error ends the test
function(run)
    execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

if(STEP STREQUAL install)
    file(REMOVE_RECURSE ${WORK})
    run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
elseif(STEP STREQUAL find_package)
    run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE} -B ${WORK}/build
        -D CMAKE_PREFIX_PATH=${prefix} -D CMAKE_C_COMPILER=${COMPILER} -D CMAKE_C_FLAGS=${flags})
    run(${CMAKE_COMMAND} --build ${WORK}/build)
    run(${WORK}/build/consumer)
elseif(STEP STREQUAL pkg_config)
    set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
    execute_process(COMMAND ${PKG_CONFIG} --cflags --libs vernal
        OUTPUT_VARIABLE options OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    separate_arguments(options UNIX_COMMAND "${options}")
    run(${COMPILER} ${flags} -std=c11 -Wall -Wextra ${SOURCE}/main.c ${options}
        -Wl,-rpath,${prefix}/${LIBDIR} -o ${WORK}/consumer_pkg_config)
    run(${WORK}/consumer_pkg_config)
endif()
