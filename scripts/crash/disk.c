// Stands between the server and its database file, for scripts/crash-test: LD_PRELOAD.
//
// Keeps a journal of what was written to the file since it was last synced, so that a power cut can
// be made of a kill: what was not synced may be on the disk, or not, or in part.
// While the file named by CRASH_BROKEN exists, the disk answers EIO.
//
// A record of the journal: offset, length of the old bytes, length of the new ones, as 64 bits each,
// and then the old and the new bytes.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;

// Whether the descriptor is that of the database.
static int is_database(int fd) {
    const char *path = getenv("CRASH_DATABASE");
    struct stat open, named;
    return path && fstat(fd, &open) == 0 && stat(path, &named) == 0 &&
           open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

static int is_broken(void) {
    const char *path = getenv("CRASH_BROKEN");
    return path && access(path, F_OK) == 0;
}

static void note(int fd, const void *new, uint64_t count, uint64_t offset) {
    if (journal < 0) {
        journal = open(getenv("CRASH_JOURNAL"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (journal < 0) abort();
    }
    char *old = malloc(count);
    ssize_t got = old ? pread(fd, old, count, offset) : -1;
    if (got < 0) abort();
    uint64_t head[3] = {offset, got, count};
    struct iovec parts[3] = {
        {head, sizeof head}, {old, (size_t)got}, {(void *)new, (size_t)count}};
    if (writev(journal, parts, 3) != (ssize_t)(sizeof head + got + count)) abort();
    free(old);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
    if (!is_database(fd)) return real(fd, bytes, count, offset);
    if (is_broken()) return errno = EIO, -1;
    pthread_mutex_lock(&lock);
    note(fd, bytes, count, offset);
    ssize_t written = real(fd, bytes, count, offset);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    return pwrite64(fd, bytes, count, offset);
}

static int synced(int fd, const char *name) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (!is_database(fd)) return real(fd);
    if (is_broken()) return errno = EIO, -1;
    pthread_mutex_lock(&lock);
    int result = real(fd);
    if (result == 0 && journal >= 0 && ftruncate(journal, 0) != 0) abort();
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int fd) { return synced(fd, "fsync"); }
int fdatasync(int fd) { return synced(fd, "fdatasync"); }
