/* A clock that is wrong by as many seconds as the file CLOCK_IS_OFF says, while it is there. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t which, struct timespec *now) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(which, now);
    const char *name = getenv("CLOCK_IS_OFF");
    FILE *file = name && which == CLOCK_REALTIME ? fopen(name, "r") : NULL;
    long off = 0;
    if (file) {
        if (fscanf(file, "%ld", &off) == 1)
            now->tv_sec += off;
        fclose(file);
    }
    return done;
}
