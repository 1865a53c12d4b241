/* SPDX-License-Identifier: MIT */
/* golden [-v] [--list] [group[/case]]: runs the golden cases under VN_GOLDEN_DIR (default: the
 * folder VN_GOLDEN_DEFAULT). Exit status: 0 all passed, 1 a failure, 77 nothing ran. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "golden/groups.h"

enum { SKIPPED = 77 };

typedef struct group {
    const char *name;
    void (*run)(golden_run *r, golden_case *c);
} group;

static const group groups[] = {
#define GOLDEN_ROW(name) { #name, golden_run_##name },
    GOLDEN_GROUPS(GOLDEN_ROW)
#undef GOLDEN_ROW
};

typedef struct options {
    bool list, verbose;
    const char *filter; /* "group", "group/case" or NULL */
} options;

static const char *folder(void)
{
    const char *named = getenv("VN_GOLDEN_DIR");
    return named && *named ? named : VN_GOLDEN_DEFAULT;
}

static int is_json(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 5 && !strcmp(entry->d_name + length - 5, ".json");
}

static bool wanted(const options *o, const char *group_name, const char *name)
{
    return !o->filter || !strcmp(o->filter, group_name) || !strcmp(o->filter, name);
}

static void run_case(golden_run *r, const group *g, const char *name)
{
    char fault[128] = "out of memory";
    golden_case *c = golden_open(folder(), name, fault, sizeof fault);
    if (!c) {
        printf("FAIL %s: %s\n", name, fault);
        r->failed++;
        return;
    }
    golden_begin(r, c);
    vn_set_default_dtype(c->x64 ? VN_F64 : VN_F32);
    VN_SCOPE
    g->run(r, c);
    vn_set_default_dtype(VN_F32);
    golden_end(r);
    golden_close(c);
}

static void run_group(golden_run *r, const group *g, const options *o)
{
    char path[1024];
    struct dirent **entries = NULL;
    snprintf(path, sizeof path, "%s/%s", folder(), g->name);
    int n = scandir(path, &entries, is_json, alphasort);
    for (int i = 0; i < n; i++) {
        char name[512];
        snprintf(name, sizeof name, "%s/%.*s", g->name, (int)strlen(entries[i]->d_name) - 5,
                 entries[i]->d_name);
        free(entries[i]);
        if (!wanted(o, g->name, name))
            continue;
        if (o->list)
            printf("%s\n", name);
        else
            run_case(r, g, name);
    }
    free(entries);
}

static bool read_options(options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-v"))
            o->verbose = true;
        else if (!strcmp(argv[i], "--list"))
            o->list = true;
        else if (argv[i][0] != '-' && !o->filter)
            o->filter = argv[i];
        else
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    options o = { 0 };
    struct stat status;
    if (!read_options(&o, argc, argv)) {
        fprintf(stderr, "usage: golden [-v] [--list] [group[/case]]\n");
        return 2;
    }
    if (stat(folder(), &status) || !S_ISDIR(status.st_mode)) {
        printf("skipped: no folder of golden cases (set VN_GOLDEN_DIR)\n");
        return SKIPPED;
    }
    golden_run r = { .verbose = o.verbose };
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        run_group(&r, &groups[i], &o);
    if (!o.list) {
        printf("%s%d passed, %d failed, %d skipped\n", r.skip_list ? r.skip_list : "", r.passed,
               r.failed, r.skipped);
        if (o.filter && r.passed + r.failed + r.skipped == 0) {
            printf("no case is called %s\n", o.filter);
            r.failed++;
        }
    }
    free(r.skip_list);
    vn_finish();
    return r.failed ? 1 : r.passed || o.list ? 0 : SKIPPED;
}
