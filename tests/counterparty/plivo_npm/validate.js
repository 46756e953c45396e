// Plivo's own validator, asked line by line. In: {method, url, nonce, token, signature, fields}; out: {valid, own}, where
// `own` is the signature that the library has made to compare with.
'use strict';
const crypto = require('crypto');
let own = null;
const createHmac = crypto.createHmac;
crypto.createHmac = (...given) => {
    const hmac = createHmac(...given);
    const digest = hmac.digest.bind(hmac);
    hmac.digest = (encoding) => (own = digest(encoding));
    return hmac;
};
const plivo = require('plivo');

require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { method, url, nonce, token, signature, fields } = JSON.parse(line);
    const valid = plivo.validateV3Signature(method, url, nonce, token, signature, fields);
    console.log(JSON.stringify({ valid, own }));
});
