#include "app/monotonic.h"

#include <time.h>

struct instant monotonic_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct instant){(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
}

int64_t monotonic_ms(void)
{
    return instant_ms(monotonic_now());
}
