#include "app/process.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* The fields of /proc/self/stat behind the name, which may hold anything, closing brackets too. */
enum { STAT_START = 20, STAT_RESIDENT = 22 };

static int64_t count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int64_t count = 0;
    if (folder == NULL) {
        return 0;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += entry->d_name[0] != '.';
    }
    closedir(folder);
    return count - 1; /* Without the folder itself. */
}

static int64_t field_of(struct str fields, int which)
{
    struct str word = STR_NONE;
    int64_t number = 0;
    for (int i = 0; i < which; i++) {
        if (!str_split(&fields, ' ', &word)) {
            return 0;
        }
    }
    return str_to_int(word, &number) == OK ? number : 0;
}

static void read_stat(struct process_facts *out)
{
    char text[1024];
    FILE *file = fopen("/proc/self/stat", "r");
    size_t len = file == NULL ? 0 : fread(text, 1, sizeof text - 1, file);
    if (file != NULL) {
        fclose(file);
    }
    text[len] = '\0';
    const char *name_end = strrchr(text, ')');
    if (name_end == NULL || name_end[1] != ' ') {
        return;
    }
    struct str fields = str_from(name_end + 2);
    struct timespec now = {0};
    struct timespec up = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &up);
    int64_t booted_us =
        (int64_t)(now.tv_sec - up.tv_sec) * 1000000 + (now.tv_nsec - up.tv_nsec) / 1000;
    int64_t ticks = field_of(fields, STAT_START);
    out->started_at.us = booted_us + ticks * 1000000 / sysconf(_SC_CLK_TCK);
    out->resident_bytes = field_of(fields, STAT_RESIDENT) * sysconf(_SC_PAGESIZE);
}

static int64_t us_of(struct timeval time)
{
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

void process_read(struct process_facts *out)
{
    struct rusage usage = {0};
    struct rlimit limit = {0};
    *out = (struct process_facts){.open_fds = count_descriptors()};
    read_stat(out);
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        out->cpu_us = us_of(usage.ru_utime) + us_of(usage.ru_stime);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        out->max_fds = (int64_t)limit.rlim_cur;
    }
}
