#include "app/log_out.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void log_out_open(struct log_out *out, int fd)
{
    pthread_mutex_init(&out->lock, NULL);
    out->fd = fd;
    out->is_held = false;
    out->used = 0;
}

static void write_all(const struct log_out *out, struct str text)
{
    while (text.len > 0) {
        ssize_t written = write(out->fd, text.ptr, text.len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return;
        }
        text = str_slice(text, (size_t)written, text.len);
    }
}

static void write_kept(struct log_out *out)
{
    write_all(out, (struct str){out->kept, out->used});
    out->used = 0;
}

void log_out_line(struct log_out *out, struct str line)
{
    pthread_mutex_lock(&out->lock);
    if (line.len > sizeof out->kept - out->used) {
        write_kept(out);
    }
    if (out->is_held && line.len <= sizeof out->kept) {
        memcpy(out->kept + out->used, line.ptr, line.len);
        out->used += line.len;
    } else {
        write_all(out, line);
    }
    pthread_mutex_unlock(&out->lock);
}

void log_out_hold(struct log_out *out)
{
    pthread_mutex_lock(&out->lock);
    out->is_held = true;
    pthread_mutex_unlock(&out->lock);
}

void log_out_let_go(struct log_out *out)
{
    pthread_mutex_lock(&out->lock);
    out->is_held = false;
    write_kept(out);
    pthread_mutex_unlock(&out->lock);
}

void log_out_flush(struct log_out *out)
{
    pthread_mutex_lock(&out->lock);
    write_kept(out);
    pthread_mutex_unlock(&out->lock);
}
