/* channel/provider_settings: what the providers need to know: accounts, addresses, secrets.
 *
 * Filled by app/ from the configuration; constant afterwards. Absent texts are STR_NONE. */
#ifndef TOCSIN_CHANNEL_PROVIDER_SETTINGS_H
#define TOCSIN_CHANNEL_PROVIDER_SETTINGS_H

#include "model/http.h"

struct provider_settings {
    struct str email_from;          /* EMAIL_FROM: "Tocsin <alerts@example.com>" or an address */
    struct str email_bounce_domain; /* EMAIL_BOUNCE_DOMAIN: absent for the address of EMAIL_FROM */
    struct str whatsapp_templates;  /* WHATSAPP_TEMPLATES: see channel/whatsapp_templates.h */
    struct str smtp_host;
    int smtp_port;
    enum smtp_security smtp_security;
    struct str smtp_user;
    struct str smtp_password;
    struct str smtp_ca_file;
    struct str ehlo_name;
    struct duration timeout;   /* 45 s (K4) */
    struct str public_url;     /* Without a slash at the end; absent: nobody can call us (V10). */
    struct str hook_key;       /* Secret of the tokens in callback URLs (hook_token). */
    struct str webhook_secret; /* OPERATOR_WEBHOOK_SECRET: signs what we post; absent: unsigned. */
    int ring_seconds;          /* CALL_RING_SECONDS: how long a phone rings. */
    bool detects_machines;     /* CALL_MACHINE_DETECTION */
    struct {
        struct str base_url; /* "https://api.twilio.com" */
        struct str account_sid;
        struct str auth_token; /* Also checks signatures. */
        struct str auth_token_secondary;
        struct str api_key_sid; /* With its secret in place of the account's, for requests. */
        struct str api_key_secret;
        struct str from_number;
        struct str messaging_service_sid;
        struct str whatsapp_from; /* E.164 */
    } twilio;
    struct {
        struct str base_url; /* "https://api.plivo.com" */
        struct str auth_id;
        struct str auth_token;
        struct str from_number;
        struct str powerpack_uuid;
        struct str dlt_entity_id; /* India */
        struct str dlt_template_id;
    } plivo;
    struct {
        struct str base_url; /* "https://api.exotel.com" */
        struct str account_sid;
        struct str api_key;
        struct str api_token;
        struct str caller_id; /* An ExoPhone. */
        struct str sms_from;
        struct str app_id; /* The flow that a call is put into. */
        struct str dlt_entity_id;
        struct str dlt_template_id;
    } exotel;
};

#endif
