#include "model/formats.h"

enum { VOICE_BYTES_MAX = 100 };

static bool is_voice(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_word = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_word && c != '.' && c != '_' && c != ':' && c != '-') {
            return false;
        }
    }
    return text.len > 0 && text.len <= VOICE_BYTES_MAX;
}

const struct text_format format_voice = {
    .name = "voice",
    .pattern = "^[A-Za-z0-9._:-]{1,100}$",
    .advice = "a provider's name of a voice, of letters, digits and any of . _ : -, such as "
              "Polly.Joanna",
    .is_valid = is_voice,
};

/* ISO 639-1, all of it. Which of them a provider speaks is the provider's to say. */
static const char two_letters[] =
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy "
    "da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu "
    "hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb "
    "lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om "
    "or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw "
    "ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu ";

static bool is_language(struct str text)
{
    struct str list = str_from(two_letters);
    struct str code = str_slice(text, 0, str_find_byte(text, '-', 0));
    struct str known = STR_NONE;
    if (!format_locale.is_valid(text) || code.len != 2) {
        return format_locale.is_valid(text);
    }
    while (str_split(&list, ' ', &known)) {
        if (str_equal_nocase(known, code)) {
            return true;
        }
    }
    return false;
}

const struct text_format format_language = {
    .name = "language",
    .pattern = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$",
    .advice = "a tag of a language that exists, such as en, en-US or zh-Hant",
    .is_valid = is_language,
};
