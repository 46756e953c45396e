/* app/notify: tells systemd how the process is, by the protocol of sd_notify(3): datagrams of
 * VARIABLE=value lines to the socket that NOTIFY_SOCKET names.
 *
 * Spoken without libsystemd, since it is one sendto. Without NOTIFY_SOCKET nothing is sent and
 * nothing fails. The watchdog is the supervisor's (WATCHDOG_USEC, for the process of WATCHDOG_PID
 * alone): it kills what does not say WATCHDOG=1 in time; it is fed three times as often.
 * Threads: any; nothing here changes after notify_open. Owner: notify_close. */
#ifndef TOCSIN_APP_NOTIFY_H
#define TOCSIN_APP_NOTIFY_H

#include "base/time.h"

#include <sys/socket.h>
#include <sys/un.h>

struct notifier {
    int socket; /* -1 where nobody wants to hear. */
    struct sockaddr_un address;
    socklen_t address_len;
    struct duration watchdog; /* How often it is fed; 0 where there is none. */
};

/* `environment` is a NULL-terminated list of "NAME=value". An address that cannot be one, and a
 * watchdog that is no number, count as absent. */
void notify_open(char *const *environment, struct notifier *out);
void notify_close(struct notifier *notifier);
bool notify_is_heard(const struct notifier *notifier);
/* One message; `text` is lines such as "READY=1\nSTATUS=…". Never blocks. */
void notify_tell(const struct notifier *notifier, const char *text);
/* RELOADING=1 with the instant that systemd asks for; READY=1 ends it. */
void notify_reloading(const struct notifier *notifier);

#endif
