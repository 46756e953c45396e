#include "channel/provider.h"

#include <assert.h>

static const struct provider *const providers[] = {&provider_mock,   &provider_smtp,
                                                   &provider_twilio, &provider_plivo,
                                                   &provider_exotel, &provider_webhook};

const struct provider *provider_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(providers); i++) {
        if (str_equal_text(name, providers[i]->name)) {
            return providers[i];
        }
    }
    return NULL;
}

size_t providers_all(const struct provider *const **out)
{
    *out = providers;
    return ARRAY_LENGTH(providers);
}

struct str provider_id_shown(struct str provider_id)
{
    size_t colon = str_find_byte(provider_id, ':', 0);
    return colon < provider_id.len ? str_slice(provider_id, colon + 1, provider_id.len)
                                   : provider_id;
}

void providers_assert_complete(void)
{
    for (size_t i = 0; i < ARRAY_LENGTH(providers); i++) {
        const struct provider *provider = providers[i];
        assert(provider->name != NULL && provider->name[0] != '\0');
        assert(provider->channels != 0);
        assert(provider->check != NULL);
        assert(provider->check_channel != NULL);
        assert(provider->build_send != NULL);
        assert(provider->read_send != NULL);
        assert(provider->build_find != NULL);
        assert(provider->read_find != NULL);
        assert(provider->build_cancel != NULL);
        assert(provider->build_poll != NULL);
        assert(provider->read_poll != NULL);
        assert(provider->build_inbox != NULL);
        assert(provider->build_inbox_more != NULL);
        assert(provider->read_inbox != NULL);
        assert(provider->check_hook != NULL);
        assert(provider->read_hook != NULL);
        assert(provider->spoken != NULL);
        assert(provider->write_voice != NULL);
        assert(provider->write_answer != NULL);
        assert(provider_find(str_from(provider->name)) == provider);
    }
}
