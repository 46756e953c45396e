#include "app/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Of the supervisor's patience one third passes between two words, so that one that is lost or late
 * is no death. */
enum { FEEDS_PER_PATIENCE = 3 };

static struct str variable(char *const *environment, struct str name)
{
    for (char *const *entry = environment; *entry != NULL; entry++) {
        struct str text = str_from(*entry);
        if (str_starts(text, name) && text.len > name.len && text.ptr[name.len] == '=') {
            return str_slice(text, name.len + 1, text.len);
        }
    }
    return STR_NONE;
}

/* A path, or after "@" a name in the system's abstract space, which begins with a zero byte. */
static bool read_address(struct str text, struct notifier *out)
{
    if (text.len < 2 || text.len >= sizeof out->address.sun_path ||
        (text.ptr[0] != '/' && text.ptr[0] != '@')) {
        return false;
    }
    out->address.sun_family = AF_UNIX;
    memcpy(out->address.sun_path, text.ptr, text.len);
    if (text.ptr[0] == '@') {
        out->address.sun_path[0] = '\0';
    }
    out->address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + text.len);
    return true;
}

static struct duration read_watchdog(char *const *environment)
{
    struct str owner = variable(environment, STR("WATCHDOG_PID"));
    int64_t pid = getpid();
    int64_t us = 0;
    bool is_ours = !str_is_set(owner) || (str_to_int(owner, &pid) == OK && pid == getpid());
    bool is_set = str_to_int(variable(environment, STR("WATCHDOG_USEC")), &us) == OK && us > 0;
    return MICROSECONDS(is_ours && is_set ? us / FEEDS_PER_PATIENCE : 0);
}

void notify_open(char *const *environment, struct notifier *out)
{
    *out = (struct notifier){.socket = -1};
    if (!read_address(variable(environment, STR("NOTIFY_SOCKET")), out)) {
        return;
    }
    out->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    out->watchdog = read_watchdog(environment);
}

void notify_close(struct notifier *notifier)
{
    if (notifier->socket >= 0) {
        close(notifier->socket);
        notifier->socket = -1;
    }
}

bool notify_is_heard(const struct notifier *notifier)
{
    return notifier != NULL && notifier->socket >= 0;
}

void notify_tell(const struct notifier *notifier, const char *text)
{
    if (notify_is_heard(notifier)) {
        (void)sendto(notifier->socket, text, strlen(text), MSG_NOSIGNAL,
                     (const struct sockaddr *)&notifier->address, notifier->address_len);
    }
}

void notify_reloading(const struct notifier *notifier)
{
    char text[80];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=reloading",
             (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    notify_tell(notifier, text);
}
