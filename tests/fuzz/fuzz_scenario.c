/* fuzz_scenario: any bytes as a scenario file, which a user of tocsin-scenario may have written. It
 * runs, or fails with the file and a line in one sentence; it never ends the program. */
#define _GNU_SOURCE /* memfd_create */

#include "sim/scenario.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SCENARIO_BYTES_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct zoneinfo *the_zones(void)
{
    static struct zoneinfo *zones; /* The machine's. */
    struct problem problem = {0};
    if (zones == NULL && zoneinfo_open(NULL, &zones, &problem) != OK) {
        abort();
    }
    return zones;
}

/* Years in one statement are honest work that only takes time, and an instant is the same for the
 * program as a day. */
static bool is_long(struct str text)
{
    int digits = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        digits = is_digit ? digits + 1 : 0;
        if (digits > 4 || (digits > 1 && i + 1 < text.len && text.ptr[i + 1] == 'd')) {
            return true;
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct str text = {(const char *)bytes, size};
    char failure[FAILURE_MAX] = "";
    char path[64];
    if (size > SCENARIO_BYTES_MAX || is_long(text)) {
        return 0;
    }
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    assert(fd >= 0);
    ssize_t put = write(fd, bytes, size);
    assert(put == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    enum err err = scenario_run(str_from(path), the_zones(), NULL, failure);
    close(fd);
    assert(err == OK || err == E_INVALID);
    assert(err == OK || (strncmp(failure, path, strlen(path)) == 0 && strlen(failure) > 20));
    return 0;
}
