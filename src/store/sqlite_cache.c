#include "store/sqlite_cache.h"

#include "base/memory.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>

#define HOME_NAME "tocsin-page-cache"

/* SQLite hands xCreate nothing of ours, so that its own cache is kept where SQLite keeps something
 * by name: as the data of a file system that nobody opens a file with. */
struct home {
    sqlite3_vfs vfs;
    sqlite3_pcache_methods2 own;
};

struct cache {
    const sqlite3_pcache_methods2 *own;
    sqlite3_pcache *pages;
    unsigned highest; /* No page that is not away has a higher number. */
    unsigned away;    /* The number that a page was moved to, above all others; 0 for none. */
};

static struct cache *cache_of(sqlite3_pcache *pages)
{
    return (struct cache *)pages;
}

static int begin(void *context)
{
    const struct home *home = context;
    return home->own.xInit(home->own.pArg);
}

static void end(void *context)
{
    const struct home *home = context;
    home->own.xShutdown(home->own.pArg);
}

static sqlite3_pcache *create(int page_bytes, int extra_bytes, int is_purgeable)
{
    const sqlite3_vfs *vfs = sqlite3_vfs_find(HOME_NAME);
    assert(vfs != NULL);
    const struct home *home = vfs->pAppData;
    struct cache *cache = memory_new(sizeof *cache);
    cache->own = &home->own;
    cache->pages = home->own.xCreate(page_bytes, extra_bytes, is_purgeable);
    if (cache->pages == NULL) {
        free(cache);
        return NULL;
    }
    return (sqlite3_pcache *)cache;
}

static void set_size(sqlite3_pcache *pages, int count)
{
    cache_of(pages)->own->xCachesize(cache_of(pages)->pages, count);
}

static int count_pages(sqlite3_pcache *pages)
{
    return cache_of(pages)->own->xPagecount(cache_of(pages)->pages);
}

static sqlite3_pcache_page *fetch(sqlite3_pcache *pages, unsigned number, int may_create)
{
    struct cache *cache = cache_of(pages);
    if (may_create != 0 && number > cache->highest) {
        cache->highest = number;
    }
    return cache->own->xFetch(cache->pages, number, may_create);
}

static void unpin(sqlite3_pcache *pages, sqlite3_pcache_page *page, int is_discarded)
{
    cache_of(pages)->own->xUnpin(cache_of(pages)->pages, page, is_discarded);
}

static void renumber(sqlite3_pcache *pages, sqlite3_pcache_page *page, unsigned from, unsigned to)
{
    struct cache *cache = cache_of(pages);
    if (from == cache->away) {
        cache->away = 0;
    }
    if (to > cache->highest && cache->away == 0) {
        cache->away = to;
    } else if (to > cache->highest) {
        cache->highest = to;
    }
    cache->own->xRekey(cache->pages, page, from, to);
}

static void truncate_from(sqlite3_pcache *pages, unsigned first)
{
    struct cache *cache = cache_of(pages);
    if (first > cache->highest && (cache->away == 0 || first > cache->away)) {
        return;
    }
    cache->own->xTruncate(cache->pages, first);
    cache->away = cache->away >= first ? 0 : cache->away;
    if (cache->highest >= first) {
        cache->highest = first == 0 ? 0 : first - 1;
    }
}

static void destroy(sqlite3_pcache *pages)
{
    struct cache *cache = cache_of(pages);
    cache->own->xDestroy(cache->pages);
    free(cache);
}

static void shrink(sqlite3_pcache *pages)
{
    cache_of(pages)->own->xShrink(cache_of(pages)->pages);
}

void sqlite_cache_install(void)
{
    struct home *home = memory_new(sizeof *home);
    sqlite3_pcache_methods2 methods = {.iVersion = 1,
                                       .pArg = home,
                                       .xInit = begin,
                                       .xShutdown = end,
                                       .xCreate = create,
                                       .xCachesize = set_size,
                                       .xPagecount = count_pages,
                                       .xFetch = fetch,
                                       .xUnpin = unpin,
                                       .xRekey = renumber,
                                       .xTruncate = truncate_from,
                                       .xDestroy = destroy,
                                       .xShrink = shrink};
    home->vfs = (sqlite3_vfs){.iVersion = 1, .zName = HOME_NAME, .pAppData = home};
    if (sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &home->own) != SQLITE_OK ||
        sqlite3_config(SQLITE_CONFIG_PCACHE2, &methods) != SQLITE_OK) {
        free(home); /* SQLite is in use. */
        return;
    }
    int code = sqlite3_vfs_register(&home->vfs, 0);
    assert(code == SQLITE_OK);
    (void)code;
}
