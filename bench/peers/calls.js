/* Scheduled calls as Tocsin takes them, for any queue: what is checked, when the call is due, what is answered.
 *
 * It checks what Tocsin checks of the same body: members and their forms, unknown ones, the zone, that the time is in the
 * future, the agent; it moves the time into business hours and answers with the same words. It keeps neither counters nor an
 * audit trail, encrypts nothing, and a bulk that is cut short leaves a part. Formats of a zone are kept, since making one is
 * dear. */
import fastify from 'fastify';

export const DAY_MINUTES = 1440;
export const MINUTE = 60000;

const hhmm = { type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' };
const callSchema = {
    type: 'object',
    additionalProperties: false,
    required: ['phoneNumber', 'agentId', 'userId', 'scheduledFor'],
    properties: {
        phoneNumber: { type: 'string', pattern: '^\\+[1-9][0-9]{6,14}$' },
        agentId: { type: 'string', minLength: 36, maxLength: 36 },
        userId: { type: 'string', minLength: 1, maxLength: 100 },
        scheduledFor: { type: 'string', minLength: 16, maxLength: 40 },
        timezone: { type: 'string', maxLength: 64 },
        respectBusinessHours: { type: 'boolean' },
        businessHours: {
            type: 'object',
            additionalProperties: false,
            properties: {
                start: hhmm,
                end: hhmm,
                timezone: { type: 'string', maxLength: 64 },
                daysOfWeek: { type: 'array', minItems: 1, maxItems: 7, items: { type: 'integer', minimum: 0, maximum: 6 } },
            },
        },
        metadata: { type: 'object' },
        priority: { enum: ['high', 'medium', 'low'] },
    },
};
const bulkSchema = {
    type: 'object',
    additionalProperties: false,
    required: ['calls'],
    properties: { calls: { type: 'array', minItems: 1, maxItems: 10000, items: callSchema } },
};
const receiptSchema = {
    type: 'object',
    properties: {
        success: { type: 'boolean' },
        data: {
            type: 'object',
            properties: { scheduledCallId: { type: 'string' }, scheduledFor: { type: 'string' }, message: { type: 'string' } },
        },
    },
};

class Refused extends Error {
    constructor(status, code, field, message) {
        super(message);
        Object.assign(this, { statusCode: status, code, field });
    }
}

const formats = new Map();

function formatOf(zone) {
    let format = formats.get(zone);
    if (format === undefined) {
        try {
            format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', weekday: 'short', hour: 'numeric', minute: 'numeric' });
        } catch {
            throw new Refused(400, 'INVALID_TIMEZONE', 'timezone', 'must be an IANA zone');
        }
        formats.set(zone, format);
    }
    return format;
}

const WEEKDAYS = { Sun: 0, Mon: 1, Tue: 2, Wed: 3, Thu: 4, Fri: 5, Sat: 6 };

/* Minutes since the last Sunday's midnight on that wall clock. */
function minuteOfWeek(format, at) {
    const found = {};
    for (const part of format.formatToParts(at)) {
        found[part.type] = part.value;
    }
    return WEEKDAYS[found.weekday] * DAY_MINUTES + Number(found.hour) * 60 + Number(found.minute);
}

const minutesOf = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

/* The next opening, or the time itself; hours that go over midnight are not asked for here. */
function intoHours(at, call) {
    const hours = call.businessHours ?? {};
    const days = hours.daysOfWeek ?? [1, 2, 3, 4, 5];
    const opens = minutesOf(hours.start ?? '09:00');
    const closes = minutesOf(hours.end ?? '17:00');
    const now = minuteOfWeek(formatOf(hours.timezone ?? call.timezone ?? 'UTC'), at);
    for (let day = Math.floor(now / DAY_MINUTES); day < 15; day++) {
        const begin = day * DAY_MINUTES + opens;
        if (days.includes(day % 7) && now < day * DAY_MINUTES + closes) {
            return now >= begin ? at : at - (at % MINUTE) + (begin - now) * MINUTE;
        }
    }
    throw new Refused(400, 'VALIDATION_ERROR', 'businessHours', 'must open at some time');
}

class Calls {
    constructor(queue, agents) {
        this.queue = queue;
        this.agents = new Set(agents);
    }

    plan(call, now) {
        const asked = Date.parse(call.scheduledFor);
        if (Number.isNaN(asked)) {
            throw new Refused(400, 'VALIDATION_ERROR', 'scheduledFor', 'must be a time with its offset');
        }
        if (asked <= now) {
            throw new Refused(400, 'INVALID_SCHEDULED_TIME', 'scheduledFor', 'must be in the future');
        }
        if (!this.agents.has(call.agentId)) {
            throw new Refused(404, 'AGENT_NOT_FOUND', 'agentId', 'there is no such agent');
        }
        formatOf(call.timezone ?? 'UTC');
        return { at: call.respectBusinessHours === false ? asked : intoHours(asked, call), data: call, priority: call.priority ?? 'medium' };
    }

    static receipt(id, at) {
        const when = new Date(at).toISOString();
        return { success: true, data: { scheduledCallId: id, scheduledFor: when, message: `Call scheduled for ${when}.` } };
    }

    async schedule(call) {
        const job = this.plan(call, Date.now());
        return Calls.receipt(await this.queue.add(job), job.at);
    }

    async scheduleMany(calls) {
        const now = Date.now();
        const jobs = calls.map((call) => this.plan(call, now));
        const parts = [];
        for (let first = 0; first < jobs.length; first += this.queue.part) {
            parts.push(this.queue.addMany(jobs.slice(first, first + this.queue.part)));
        }
        const ids = (await Promise.all(parts)).flat();
        return { success: true, data: { scheduled: ids.length, results: ids.map((id, i) => Calls.receipt(id, jobs[i].at).data) } };
    }
}

/* Answers POST /api/v1/scheduling/schedule and …/bulk on a free loopback port, which it prints, until SIGTERM. */
export async function serve(queue, agents) {
    const calls = new Calls(queue, agents);
    const server = fastify({ bodyLimit: 10 << 20, ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } });
    const created = async (reply, answer) => reply.code(201).send(await answer);
    server.setErrorHandler((error, _, reply) => {
        const code = error.validation ? 'VALIDATION_ERROR' : (error.code ?? 'INTERNAL_ERROR');
        reply.code(error.statusCode ?? 500).send({ success: false, error: { code, message: error.message, field: error.field } });
    });
    server.post('/api/v1/scheduling/schedule', { schema: { body: callSchema, response: { 201: receiptSchema } } },
        (request, reply) => created(reply, calls.schedule(request.body)));
    server.post('/api/v1/scheduling/bulk', { schema: { body: bulkSchema } },
        (request, reply) => created(reply, calls.scheduleMany(request.body.calls)));
    process.on('SIGTERM', () => process.exit(0));
    await server.listen({ host: '127.0.0.1', port: 0 });
    console.log(server.server.address().port);
}

/* A call as the load generator asks for it. */
export function sample(number, at) {
    return {
        phoneNumber: `+1415555${number}`,
        agentId: '0'.repeat(36),
        userId: `bench-${number % 1000}`,
        scheduledFor: new Date(at).toISOString(),
        timezone: 'Europe/Berlin',
        businessHours: { start: '09:00', end: '17:00', daysOfWeek: [1, 2, 3, 4, 5] },
        metadata: { name: `Ana ${number}`, place: 'Hauptstrasse 12', about: 'your appointment on Tuesday' },
        priority: 'medium',
    };
}
