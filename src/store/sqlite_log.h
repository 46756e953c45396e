/* store/sqlite_log: SQLite's file system, with a write-ahead log that is written a commit at a
 * time.
 *
 * SQLite writes each page of a commit by two calls, 24 bytes and the page, in their order in the
 * file; with commits of many pages these calls are a sixth of what a durable change costs. Here
 * they are put together and written by few calls at the end of the commit, which its last frame
 * names; whatever else touches the file (a read, a flush, a write elsewhere) writes first what was
 * kept. A failed write is told by the call that completes the commit, as a failed commit is.
 * All other files are the system's own.
 * Threads: any, once the first connection of the process is open. Ownership: of the process; made
 * once. Source: SQLite's file format, section 4. */
#ifndef TOCSIN_STORE_SQLITE_LOG_H
#define TOCSIN_STORE_SQLITE_LOG_H

/* Registers it, where that was not done before; returns its name for sqlite3_open_v2. */
const char *sqlite_log_install(void);

#endif
