/* SPDX-License-Identifier: MIT */
/* Loading oneDNN: the shared library of the version whose header was there at build time, or
 * the one that VN_ONEDNN_LIBRARY names. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/onednn/api.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#if defined(__APPLE__)
#define LIBRARY "libdnnl." TEXT(DNNL_VERSION_MAJOR) ".dylib"
#else
#define LIBRARY "libdnnl.so." TEXT(DNNL_VERSION_MAJOR)
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;
static vn__dnnl loaded;
static char absent[400]; /* empty: it is there */

static bool find(void *library, const char *name, void *function)
{
    void *const address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

static bool find_all(void *library)
{
#define X(name)                                                                      \
    if (!find(library, "dnnl_" #name, &loaded.name)) {                               \
        snprintf(absent, sizeof absent, "oneDNN has no function dnnl_" #name);       \
        return false;                                                                \
    }
    VN_DNNL_FUNCTIONS(X)
#undef X
    return true;
}

/* Its threads must be none, or OpenMP's, which can be turned off. */
static bool find_threads(void *library)
{
    const dnnl_version_t *const v = loaded.version();
    if (v->major != DNNL_VERSION_MAJOR)
        snprintf(absent, sizeof absent, "oneDNN is of version %d.%d, this build is for %d",
                 v->major, v->minor, DNNL_VERSION_MAJOR);
    else if (v->cpu_runtime != DNNL_RUNTIME_SEQ &&
             (v->cpu_runtime != DNNL_RUNTIME_OMP ||
              !find(library, "omp_set_num_threads", &loaded.set_threads) ||
              !find(library, "omp_get_max_threads", &loaded.threads)))
        snprintf(absent, sizeof absent,
                 "oneDNN is built with threads of a kind that cannot be turned off");
    return !absent[0];
}

static void load(void)
{
    const char *const named = getenv("VN_ONEDNN_LIBRARY");
    void *const library = dlopen(named ? named : LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *const why = dlerror();
        snprintf(absent, sizeof absent, "oneDNN cannot be loaded: %s", why ? why : LIBRARY);
        return;
    }
    if (find_all(library) && find_threads(library) &&
        loaded.engine_create(&loaded.engine, dnnl_cpu, 0) != dnnl_success)
        snprintf(absent, sizeof absent, "oneDNN has no engine for this machine's CPU");
}

const vn__dnnl *vn__dnnl_get(void)
{
    pthread_once(&once, load);
    return absent[0] ? NULL : &loaded;
}

const char *vn__onednn_absent(void) { return vn__dnnl_get() ? NULL : absent; }

int vn__dnnl_enter(const vn__dnnl *d)
{
    if (!d->set_threads)
        return 0;
    const int before = d->threads();
    d->set_threads(1);
    return before;
}

void vn__dnnl_leave(const vn__dnnl *d, int before)
{
    if (d->set_threads)
        d->set_threads(before);
}
