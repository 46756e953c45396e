/* service/oidc_settings: where people sign in elsewhere (service/oidc). */
#ifndef TOCSIN_SERVICE_OIDC_SETTINGS_H
#define TOCSIN_SERVICE_OIDC_SETTINGS_H

#include "base/str.h"

struct oidc_settings {
    struct str issuer; /* Empty for nowhere. */
    struct str client_id;
    struct str client_secret;
    struct str scopes;
    struct str role_claim;
    struct str roles;
};

#endif
