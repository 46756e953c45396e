/* app/monotonic: the clock that nobody sets: for how long something takes, not for when it is. */
#ifndef TOCSIN_APP_MONOTONIC_H
#define TOCSIN_APP_MONOTONIC_H

#include "base/time.h"

/* Since some instant of the past that stays the same while the machine runs. Any thread. */
struct instant monotonic_now(void);
/* The same in whole milliseconds. */
int64_t monotonic_ms(void);

#endif
