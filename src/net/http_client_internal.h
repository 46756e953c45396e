/* net/http_client_internal: what the pieces of the HTTP client share. Nobody else includes it.
 *
 * Threads: a lane belongs to its thread, but for the inbox, `busy` and `asleep`, which the inbox's
 * lock guards. A transfer is made by whoever submits it and belongs to the lane that takes it. */
#ifndef TOCSIN_NET_HTTP_CLIENT_INTERNAL_H
#define TOCSIN_NET_HTTP_CLIENT_INTERNAL_H

#include "base/buf.h"
#include "base/hash.h"
#include "net/http_client.h"

#include <curl/curl.h>
#include <pthread.h>

enum { HOST_BUCKETS = 1024, SMTP_LANES_MAX = 32 };

/* The first URL of a request, or what a redirect led to. */
struct hop {
    struct str url;    /* Without user and password. */
    struct str origin; /* "https://host:443" */
    struct str method;
    struct str username;
    struct str password;
    bool with_body;
    bool with_credentials; /* Authorization, cookies and Basic authentication. */
};

struct transfer {
    struct lane *lane;
    uint64_t ticket;
    int64_t stamp; /* http_client_config */
    struct arena *arena;
    struct wire_request request;
    struct transfer *next; /* In the inbox or in its host's queue. */
    struct transfer *active_next;
    struct transfer *active_previous;
    struct host *host;
    CURL *easy;
    struct curl_slist *list; /* Headers, or the recipient. */
    struct instant due;      /* Monotonic, from the moment that it leaves the queue. */
    struct hop hop;
    int redirects;
    int sends;          /* How often this hop was about to go out. */
    int status;         /* Of the header block that is being read. */
    bool head_complete; /* Its blank line was seen. */
    struct str location;
    struct buf body;
    size_t message_sent;
    int sockets_opened;
    bool address_refused, is_held_back, too_large;
    struct wire_answer answer;
    char error[CURL_ERROR_SIZE];
};

/* Transfers to one place queue here, so that a slow server holds up nobody else. */
struct host {
    struct host *bucket_next;
    struct host *ready_next;
    struct transfer *first;
    struct transfer *last;
    int active;
    bool ready; /* In the ring of those that may start one. */
    struct str key;
};

struct inbox {
    pthread_mutex_t lock;
    struct transfer *first; /* What was submitted and not yet taken by a lane. */
    struct transfer *last;
    bool one_by_one; /* No lane takes a second while it has a first. */
    bool stop_wanted;
};

struct lane {
    struct http_client *client;
    const struct http_client_config *config;
    struct inbox *inbox;
    CURLM *multi;
    int epoll_fd;
    int wake_fd;
    pthread_t thread;
    bool busy; /* It has its one transfer, or was called to take it. */
    bool asleep;
    struct instant now;
    struct instant timer_due; /* What curl asked for; INSTANT_NONE for nothing, as below. */
    struct instant idle_due;  /* When idle connections to mail servers are closed. */
    struct transfer *active;
    int active_count;
    struct host *buckets[HOST_BUCKETS];
    struct host *ready_first;
    struct host *ready_last;
    struct hash_key hash_key;
    CURL *spare[64];
    size_t spare_count;
    int *sockets; /* Open connections to mail servers. */
    size_t socket_count;
    size_t socket_room;
};

/* SMTP has several lanes, which share an inbox and carry one mail at a time: libcurl 7.88 waits
 * inside, with its whole thread, for the answers to a message and to QUIT. */
struct http_client {
    struct http_client_config config;
    struct inbox http_inbox;
    struct inbox smtp_inbox;
    struct lane *http;
    struct lane *smtp[SMTP_LANES_MAX];
    int smtp_count;
    int smtp_max;
    pthread_mutex_t done_lock; /* One answer is told at a time. */
};

void client_tell(struct http_client *client, uint64_t ticket, const struct wire_answer *answer);

/* http_client_lane.c: a thread with its curl handles. */
NODISCARD enum err lane_start(struct http_client *client, struct inbox *inbox, struct lane **out,
                              struct problem *problem);
void lane_stop(struct lane *lane);
void lane_free(struct lane **lane);
/* Under the inbox's lock: wakes it for what waits there; false where it has no room. */
bool lane_call(struct lane *lane);
void lane_ends_transfer(struct lane *lane); /* Done with a transfer, just before that is told. */

/* http_client_hosts.c: fair turns. */
void hosts_enqueue(struct lane *lane, struct transfer *transfer, struct str key);
struct transfer *hosts_next(struct lane *lane);
void hosts_release(struct lane *lane, struct transfer *transfer);

/* http_client_transfer.c. False with the reason where it may not go out. */
struct transfer *transfer_new(const struct wire_request *request, uint64_t ticket);
bool transfer_check(struct transfer *transfer, struct str *host_key, struct str *reason);
void transfer_start(struct transfer *transfer);
void transfer_finish(struct transfer *transfer, CURLcode code);
void transfer_refuse(struct transfer *transfer, enum wire_outcome outcome, struct str reason);
bool transfer_may_leave(struct transfer *transfer); /* Asks may_send. */
bool has_control_bytes(struct str s);

/* http_client_http.c */
bool http_check(struct transfer *transfer, struct str *host_key, struct str *reason);
void http_prepare(struct transfer *transfer);
/* True where a redirect was taken: it has to start again. Or it sets outcome and reason. */
bool http_follow(struct transfer *transfer);
void http_answer(struct transfer *transfer, CURLcode code);

/* http_client_smtp.c */
bool smtp_check(struct transfer *transfer, struct str *host_key, struct str *reason);
void smtp_prepare(struct transfer *transfer);
void smtp_answer(struct transfer *transfer, CURLcode code);

#endif
