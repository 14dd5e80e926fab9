/* Preloaded into a validator: moves its wall clock, and makes its disk fail or lie.
 *
 * What to do is read from a page that is shared with the suite (CHAOS_SHIM names the file), so it
 * can change while the validator runs. CLOCK_MONOTONIC is left alone. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* shim.rs writes and reads the same fields at the same offsets. */
struct control {
    _Atomic int64_t clock_offset_ms;
    /* 0: sync as asked. 1: the next sync of a matching file fails, later ones succeed, as they do
     * on Linux once the dirty pages are dropped. 2: no sync happens, and all report success. */
    _Atomic int64_t sync_mode;
    _Atomic int64_t loaded;
    _Atomic int64_t failed;
    /* Syncs of a matching file after one has failed: each is a retry. */
    _Atomic int64_t retried;
    char path_part[88];
};

static struct control nothing;
static struct control *control = &nothing;
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_sync_file_range)(int, off64_t, off64_t, unsigned int);

__attribute__((constructor)) static void start(void)
{
    real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_sync_file_range = dlsym(RTLD_NEXT, "sync_file_range");
    const char *path = getenv("CHAOS_SHIM");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *page = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (page == MAP_FAILED)
        return;
    control = page;
    control->loaded++;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    if (!real_clock_gettime)
        real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real_clock_gettime(clock, at);
    int64_t offset = control->clock_offset_ms;
    if (result != 0 || offset == 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return result;
    int64_t ns = at->tv_nsec + offset % 1000 * 1000000;
    at->tv_sec += offset / 1000 + (ns >= 1000000000) - (ns < 0);
    at->tv_nsec = (ns + 1000000000) % 1000000000;
    return 0;
}

int gettimeofday(struct timeval *at, void *zone)
{
    (void)zone;
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return result;
}

time_t time(time_t *at)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

static int matches(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return strstr(path, control->path_part) != NULL;
}

/* What to answer instead of syncing; 1 to sync. */
static int verdict(int fd)
{
    int64_t mode = control->sync_mode;
    if (mode == 2)
        return 0;
    if (mode != 1 || !matches(fd))
        return 1;
    if (control->failed++ > 0) {
        control->retried++;
        return 1;
    }
    errno = EIO;
    return -1;
}

int fsync(int fd)
{
    int answer = verdict(fd);
    return answer == 1 ? real_fsync(fd) : answer;
}

int fdatasync(int fd)
{
    int answer = verdict(fd);
    return answer == 1 ? real_fdatasync(fd) : answer;
}

/* Not durable by itself, so it never fails here; a disk that lies does not write back either. */
int sync_file_range(int fd, off64_t from, off64_t bytes, unsigned int flags)
{
    return control->sync_mode == 2 ? 0 : real_sync_file_range(fd, from, bytes, flags);
}
