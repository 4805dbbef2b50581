/*
 * A disk that loses power or runs full at a chosen write, for a process that is started with this library in LD_PRELOAD.
 *
 * Watches one folder, the "disk". It knows what a file system has promised to keep: the contents of a file as of its last fsync, the
 * names in a folder as of the folder's last fsync. When the power is cut, it writes the disk as it would be found afterwards to another
 * folder. What was promised is there. What was not is lost (seed 0), or each name and each file is kept, lost, cut short or
 * padded with zeros at random (other seeds), as file systems that write in any order do.
 *
 * Environment: DISK_FAULTS_ROOT, the disk; DISK_FAULTS_AFTER, the folder for the image; DISK_FAULTS_CONTROL, a file of seven 64-bit
 * integers, mapped by this library and by whoever directs it:
 *   0 mode       0 off, 1 power cut, 2 disk full from then on, 3 disk full once
 *   1 at         which operation is hit, from 1
 *   2 seed       of the power cut
 *   3 exits      whether the process ends with status 137 at the power cut; else all later operations fail with EIO
 *   4 epoch      raised by the director: what lies on the disk is promised, and counting begins anew
 *   5 count      operations so far (written here)
 *   6 hit        whether the fault has happened (written here); the image is complete then
 * Operations are: making, writing, cutting, renaming, linking, removing and syncing. For a full disk removing does not count.
 *
 * gcc -shared -fPIC -O1 -o disk_faults.so disk_faults.c -ldl -lpthread
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OFF, POWER, FULL, FULL_ONCE };
enum { PROCEED, FAIL, HALF };

struct control {
    int64_t mode, at, seed, exits, epoch, count, hit;
};

struct entry {
    char *name;
    ino_t inode;
    mode_t type;
};

/* What was promised of one file or folder. The descriptor keeps its inode number from being given to another. */
struct promise {
    ino_t inode;
    int pin;
    int synced;
    char *bytes;
    size_t length;
    struct entry *entries;
    size_t entry_count;
    struct promise *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile struct control *control;
static char root[PATH_MAX], after[PATH_MAX];
static int64_t epoch = -1;
static uint64_t random_state;
static struct promise *promises;

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

static void die(const char *what, const char *path) {
    fprintf(stderr, "disk_faults: %s %s: %s\n", what, path, strerror(errno));
    _exit(99);
}

__attribute__((constructor)) static void start(void) {
    const char *disk = getenv("DISK_FAULTS_ROOT"), *image = getenv("DISK_FAULTS_AFTER"), *file = getenv("DISK_FAULTS_CONTROL");
    if (!disk || !image || !file) return;
    if (!realpath(disk, root)) die("no folder", disk);
    snprintf(after, sizeof after, "%s", image);
    int fd = REAL(open)(file, O_RDWR | O_CLOEXEC);
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) die("cannot map", file);
    REAL(close)(fd);
    control = map;
}

/* Whether a path lies on the disk; its folder must exist. */
static int on_disk(int folder, const char *path) {
    char whole[PATH_MAX], real[PATH_MAX];
    if (!control || control->mode == OFF || !path) return 0;
    if (path[0] == '/') {
        snprintf(whole, sizeof whole, "%s", path);
    } else if (folder == AT_FDCWD) {
        snprintf(whole, sizeof whole, "./%s", path);
    } else {
        snprintf(whole, sizeof whole, "/proc/self/fd/%d/%s", folder, path);
    }
    char *slash = strrchr(whole, '/');
    if (slash == whole) return 0;
    *slash = 0;
    size_t length = strlen(root);
    return realpath(whole, real) && strncmp(real, root, length) == 0 && (real[length] == 0 || real[length] == '/');
}

static int open_on_disk(int fd) {
    char link[64], real[PATH_MAX];
    if (!control || control->mode == OFF) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, real, sizeof real - 1);
    if (length < 0) return 0;
    real[length] = 0;
    size_t prefix = strlen(root);
    return strncmp(real, root, prefix) == 0 && (real[prefix] == 0 || real[prefix] == '/');
}

static void forget(void) {
    while (promises) {
        struct promise *p = promises;
        promises = p->next;
        for (size_t i = 0; i < p->entry_count; i++) free(p->entries[i].name);
        free(p->entries);
        free(p->bytes);
        REAL(close)(p->pin);
        free(p);
    }
}

static struct promise *find(ino_t inode) {
    for (struct promise *p = promises; p; p = p->next)
        if (p->inode == inode) return p;
    return NULL;
}

/* The record of the file or folder with a path, made if there is none. */
static struct promise *known(const char *path) {
    struct stat status;
    int pin = REAL(open)(path, O_PATH | O_CLOEXEC);
    if (pin < 0 || fstat(pin, &status)) die("cannot look at", path);
    struct promise *p = find(status.st_ino);
    if (p) {
        REAL(close)(pin);
        return p;
    }
    p = calloc(1, sizeof *p);
    p->inode = status.st_ino;
    p->pin = pin;
    p->next = promises;
    return promises = p;
}

static size_t list(const char *path, struct entry **entries) {
    size_t count = 0;
    *entries = NULL;
    DIR *folder = opendir(path);
    for (struct dirent *d; folder && (d = readdir(folder));) {
        if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..")) continue;
        struct stat status; /* an overlay's d_ino may be another than its st_ino */
        if (fstatat(dirfd(folder), d->d_name, &status, 0)) continue;
        *entries = realloc(*entries, (count + 1) * sizeof **entries);
        (*entries)[count++] = (struct entry){strdup(d->d_name), status.st_ino, status.st_mode & S_IFMT};
    }
    if (folder) closedir(folder);
    return count;
}

static char *contents(const char *path, size_t *length) {
    int fd = REAL(open)(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status)) die("cannot read", path);
    char *bytes = malloc(status.st_size + 1);
    *length = 0;
    for (ssize_t n; *length < (size_t)status.st_size && (n = read(fd, bytes + *length, status.st_size - *length)) > 0;) *length += n;
    REAL(close)(fd);
    return bytes;
}

/* The file or folder at a path is promised as it is, and everything in it too if deep. */
static void promise(const char *path, int deep) {
    struct stat status;
    if (stat(path, &status)) die("cannot look at", path);
    struct promise *p = known(path);
    p->synced = 1;
    if (!S_ISDIR(status.st_mode)) {
        free(p->bytes);
        p->bytes = contents(path, &p->length);
        return;
    }
    for (size_t i = 0; i < p->entry_count; i++) free(p->entries[i].name);
    free(p->entries);
    p->entry_count = list(path, &p->entries);
    for (size_t i = 0; i < p->entry_count; i++) {
        char inner[PATH_MAX];
        snprintf(inner, sizeof inner, "%s/%s", path, p->entries[i].name);
        known(inner);
        if (deep) promise(inner, 1);
    }
}

/* splitmix64 */
static uint64_t next_random(uint64_t bound) {
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (z ^ z >> 31) % bound;
}

static void write_image(const char *path, const char *bytes, size_t length, size_t zeros) {
    int fd = REAL(open)(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) die("cannot make", path);
    for (size_t done = 0; done < length;) {
        ssize_t n = REAL(write)(fd, bytes + done, length - done);
        if (n <= 0) die("cannot write", path);
        done += n;
    }
    if (zeros && REAL(ftruncate)(fd, length + zeros)) die("cannot write", path);
    REAL(close)(fd);
}

static void file_image(ino_t inode, const char *now, const char *image) {
    struct promise *p = find(inode);
    const char *bytes = p && p->bytes ? p->bytes : "";
    size_t length = p && p->bytes ? p->length : 0, present;
    if (control->seed == 0 || next_random(3) == 0) {
        write_image(image, bytes, length, 0);
        return;
    }
    char *written = contents(now, &present);
    size_t kept = present;
    /* What was appended may be cut anywhere, or its length kept without its bytes; what was promised stays. */
    if (present > length && memcmp(written, bytes, length) == 0 && next_random(2)) kept = length + next_random(present - length + 1);
    write_image(image, written, kept, kept < present && next_random(2) ? present - kept : 0);
    free(written);
}

static int seen(const struct entry *entries, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (!strcmp(entries[i].name, name)) return (int)i;
    return -1;
}

static void folder_image(ino_t inode, const char *now, const char *image) {
    struct promise *p = find(inode);
    struct entry *present;
    size_t count = list(now, &present), promised = p ? p->entry_count : 0;
    if (mkdir(image, 0755)) die("cannot make", image);
    for (size_t i = 0; i < promised + count; i++) {
        int old = i < promised;
        const struct entry *e = old ? &p->entries[i] : &present[i - promised];
        if (!old && seen(p ? p->entries : NULL, promised, e->name) >= 0) continue; /* had its turn */
        int at = old ? seen(present, count, e->name) : (int)(i - promised);
        int changed = !old || at < 0 || present[at].inode != e->inode;
        if (changed && (control->seed == 0 ? !old : next_random(2))) {
            if (!old || at < 0) continue; /* a new name is lost, or an old one gone */
            e = &present[at];
            old = 0;
        }
        char source[PATH_MAX], target[PATH_MAX];
        if (old) {
            snprintf(source, sizeof source, "/proc/self/fd/%d", find(e->inode)->pin);
        } else {
            snprintf(source, sizeof source, "%s/%s", now, e->name);
        }
        snprintf(target, sizeof target, "%s/%s", image, e->name);
        (e->type == S_IFDIR ? folder_image : file_image)(e->inode, source, target);
    }
    for (size_t i = 0; i < count; i++) free(present[i].name);
    free(present);
}

static void make_image(void) {
    struct stat status;
    int64_t mode = control->mode;
    control->mode = OFF; /* so that the image's own operations are not watched */
    if (stat(root, &status)) die("cannot look at", root);
    random_state = (uint64_t)control->seed * 1000003 + (uint64_t)control->at;
    folder_image(status.st_ino, root, after);
    control->mode = mode;
}

/* Called before each operation on the disk, with the lock held. Sets errno unless the operation is to proceed. */
static int next(int needs_space) {
    if (epoch != control->epoch) {
        forget();
        epoch = control->epoch;
        control->count = control->hit = 0;
        promise(root, 1);
    }
    int64_t mode = control->mode;
    if (mode >= FULL && !needs_space) return PROCEED;
    if (control->hit) {
        if (mode == FULL_ONCE) return PROCEED;
        errno = mode == POWER ? EIO : ENOSPC;
        return FAIL;
    }
    control->count++;
    if (control->count != control->at) return PROCEED;
    make_image();
    control->hit = 1;
    if (mode == POWER) {
        if (control->exits) _exit(137);
        errno = EIO;
        return FAIL;
    }
    errno = ENOSPC;
    return HALF;
}

/* Wraps an operation that either happens or fails. */
#define GUARDED(watched, needs_space, call)                  \
    do {                                                     \
        if (!(watched)) return call;                         \
        pthread_mutex_lock(&lock);                           \
        __typeof__(call) result = -1;                        \
        if (next(needs_space) == PROCEED) result = call;     \
        int error = errno;                                   \
        pthread_mutex_unlock(&lock);                         \
        errno = error;                                       \
        return result;                                       \
    } while (0)

/* Writes: the one that fills the disk is done by half, and says so as write does. */
#define GUARDED_WRITE(fd, length, whole, half)                        \
    do {                                                              \
        if (!open_on_disk(fd)) return whole;                          \
        pthread_mutex_lock(&lock);                                    \
        int turn = next(1);                                           \
        ssize_t result = turn == PROCEED ? (whole) : -1;              \
        if (turn == HALF && (length) > 1 && control->mode == FULL) result = half; \
        int error = errno;                                            \
        pthread_mutex_unlock(&lock);                                  \
        errno = error;                                                \
        return result;                                                \
    } while (0)

static int opens(int folder, const char *path, int flags) {
    struct stat status;
    if (!(flags & (O_CREAT | O_TRUNC)) || !on_disk(folder, path)) return 0;
    return (flags & O_TRUNC) || fstatat(folder, path, &status, 0) != 0;
}

#define MODE(last)                   \
    mode_t mode = 0;                 \
    if (flags & (O_CREAT | O_TMPFILE)) { \
        va_list rest;                \
        va_start(rest, last);        \
        mode = va_arg(rest, mode_t); \
        va_end(rest);                \
    }

int open(const char *path, int flags, ...) {
    MODE(flags)
    GUARDED(opens(AT_FDCWD, path, flags), 1, REAL(open)(path, flags, mode));
}

int open64(const char *path, int flags, ...) {
    MODE(flags)
    GUARDED(opens(AT_FDCWD, path, flags), 1, REAL(open64)(path, flags, mode));
}

int openat(int folder, const char *path, int flags, ...) {
    MODE(flags)
    GUARDED(opens(folder, path, flags), 1, REAL(openat)(folder, path, flags, mode));
}

int openat64(int folder, const char *path, int flags, ...) {
    MODE(flags)
    GUARDED(opens(folder, path, flags), 1, REAL(openat64)(folder, path, flags, mode));
}

ssize_t write(int fd, const void *bytes, size_t length) {
    GUARDED_WRITE(fd, length, REAL(write)(fd, bytes, length), REAL(write)(fd, bytes, length / 2));
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    GUARDED_WRITE(fd, length, REAL(pwrite)(fd, bytes, length, at), REAL(pwrite)(fd, bytes, length / 2, at));
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    GUARDED_WRITE(fd, length, REAL(pwrite64)(fd, bytes, length, at), REAL(pwrite64)(fd, bytes, length / 2, at));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    GUARDED_WRITE(fd, (size_t)count, REAL(writev)(fd, parts, count), REAL(writev)(fd, parts, count / 2));
}

ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t length, unsigned flags) {
    GUARDED_WRITE(out, length, REAL(copy_file_range)(in, from, out, to, length, flags),
                  REAL(copy_file_range)(in, from, out, to, length / 2, flags));
}

ssize_t sendfile(int out, int in, off_t *from, size_t length) {
    extern ssize_t sendfile(int, int, off_t *, size_t);
    GUARDED_WRITE(out, length, REAL(sendfile)(out, in, from, length), REAL(sendfile)(out, in, from, length / 2));
}

ssize_t sendfile64(int out, int in, off64_t *from, size_t length) {
    extern ssize_t sendfile64(int, int, off64_t *, size_t);
    GUARDED_WRITE(out, length, REAL(sendfile64)(out, in, from, length), REAL(sendfile64)(out, in, from, length / 2));
}

int ftruncate(int fd, off_t length) { GUARDED(open_on_disk(fd), 1, REAL(ftruncate)(fd, length)); }

int ftruncate64(int fd, off64_t length) { GUARDED(open_on_disk(fd), 1, REAL(ftruncate64)(fd, length)); }

static int synced(int fd, int (*sync)(int)) {
    int result = sync(fd);
    if (result == 0) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        promise(path, 0);
    }
    return result;
}

int fsync(int fd) { GUARDED(open_on_disk(fd), 1, synced(fd, REAL(fsync))); }

int fdatasync(int fd) { GUARDED(open_on_disk(fd), 1, synced(fd, REAL(fdatasync))); }

int rename(const char *from, const char *to) {
    GUARDED(on_disk(AT_FDCWD, from) || on_disk(AT_FDCWD, to), 1, REAL(rename)(from, to));
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    GUARDED(on_disk(from_folder, from) || on_disk(to_folder, to), 1, REAL(renameat)(from_folder, from, to_folder, to));
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    GUARDED(on_disk(from_folder, from) || on_disk(to_folder, to), 1, REAL(renameat2)(from_folder, from, to_folder, to, flags));
}

int link(const char *from, const char *to) { GUARDED(on_disk(AT_FDCWD, to), 1, REAL(link)(from, to)); }

int symlink(const char *text, const char *path) { GUARDED(on_disk(AT_FDCWD, path), 1, REAL(symlink)(text, path)); }

int mkdir(const char *path, mode_t mode) { GUARDED(on_disk(AT_FDCWD, path), 1, REAL(mkdir)(path, mode)); }

int mkdirat(int folder, const char *path, mode_t mode) { GUARDED(on_disk(folder, path), 1, REAL(mkdirat)(folder, path, mode)); }

int unlink(const char *path) { GUARDED(on_disk(AT_FDCWD, path), 0, REAL(unlink)(path)); }

int unlinkat(int folder, const char *path, int flags) { GUARDED(on_disk(folder, path), 0, REAL(unlinkat)(folder, path, flags)); }

int rmdir(const char *path) { GUARDED(on_disk(AT_FDCWD, path), 0, REAL(rmdir)(path)); }

int remove(const char *path) { GUARDED(on_disk(AT_FDCWD, path), 0, REAL(remove)(path)); }
