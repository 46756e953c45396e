'use strict';
/* The peer of script/bench schedule: scheduled calls as delayed jobs of BullMQ in Redis, behind fastify.
 *
 *   node schedule.js serve REDIS_PORT            POST /api/v1/scheduling/schedule, /api/v1/scheduling/bulk and GET …/stats on a free
 *                                                loopback port, which it prints; the agents come from AGENTS, separated by commas
 *   node schedule.js fill REDIS_PORT COUNT       adds COUNT calls that are due in some days, 1,000 at a time
 *   node schedule.js work REDIS_PORT COUNT       adds COUNT calls that are due, then runs them with a worker that has nothing to do;
 *                                                prints {"seconds":…} from the first to the last
 *
 * It checks what Tocsin checks of the same body: members and their forms, unknown ones, the zone, that the time is in the
 * future, the agent; it moves the time into business hours and answers with the same words. It keeps neither counters nor an
 * audit trail, encrypts nothing, and a bulk that is cut short leaves a part. Formats of a zone are kept, since making one is dear. */
const fastify = require('fastify');
const { Queue, Worker } = require('bullmq');

const OPTIONS = { attempts: 3, backoff: { type: 'exponential', delay: 2000 } };
const RANKS = { high: 1, medium: 5, low: 10 };
const MINUTE = 60000;
const DAY = 1440;
const BULK_PART = 500; // Faster than all at once; the price is that a bulk is not all or nothing.

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
    return WEEKDAYS[found.weekday] * DAY + Number(found.hour) * 60 + Number(found.minute);
}

const minutesOf = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

/* The next opening, or the time itself; hours that go over midnight are not asked for here. */
function intoHours(at, call) {
    const hours = call.businessHours ?? {};
    const days = hours.daysOfWeek ?? [1, 2, 3, 4, 5];
    const opens = minutesOf(hours.start ?? '09:00');
    const closes = minutesOf(hours.end ?? '17:00');
    const now = minuteOfWeek(formatOf(hours.timezone ?? call.timezone ?? 'UTC'), at);
    for (let day = Math.floor(now / DAY); day < 15; day++) {
        const begin = day * DAY + opens;
        if (days.includes(day % 7) && now < day * DAY + closes) {
            return now >= begin ? at : at - (at % MINUTE) + (begin - now) * MINUTE;
        }
    }
    throw new Refused(400, 'VALIDATION_ERROR', 'businessHours', 'must open at some time');
}

class Calls {
    constructor(port) {
        this.queue = new Queue('calls', { connection: { host: '127.0.0.1', port } });
        this.agents = new Set((process.env.AGENTS ?? '').split(','));
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
        const at = call.respectBusinessHours === false ? asked : intoHours(asked, call);
        return { at, job: { name: 'call', data: call, opts: { ...OPTIONS, delay: at - now, priority: RANKS[call.priority ?? 'medium'] } } };
    }

    static receipt(job, at) {
        const when = new Date(at).toISOString();
        return { success: true, data: { scheduledCallId: job.id, scheduledFor: when, message: `Call scheduled for ${when}.` } };
    }

    async schedule(call) {
        const { at, job } = this.plan(call, Date.now());
        return Calls.receipt(await this.queue.add(job.name, job.data, job.opts), at);
    }

    async scheduleMany(calls) {
        const now = Date.now();
        const plans = calls.map((call) => this.plan(call, now));
        const parts = [];
        for (let first = 0; first < plans.length; first += BULK_PART) {
            parts.push(this.queue.addBulk(plans.slice(first, first + BULK_PART).map((plan) => plan.job)));
        }
        const jobs = (await Promise.all(parts)).flat();
        return { success: true, data: { scheduled: jobs.length, results: jobs.map((job, i) => Calls.receipt(job, plans[i].at).data) } };
    }

    async stats() {
        return { success: true, data: { queue: await this.queue.getJobCounts() } };
    }
}

async function serve(calls) {
    const server = fastify({ bodyLimit: 10 << 20, ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } });
    const status = async (reply, code, answer) => reply.code(code).send(await answer);
    server.setErrorHandler((error, _, reply) => {
        const code = error.validation ? 'VALIDATION_ERROR' : (error.code ?? 'INTERNAL_ERROR');
        reply.code(error.statusCode ?? 500).send({ success: false, error: { code, message: error.message, field: error.field } });
    });
    server.post('/api/v1/scheduling/schedule', { schema: { body: callSchema, response: { 201: receiptSchema } } },
        (request, reply) => status(reply, 201, calls.schedule(request.body)));
    server.post('/api/v1/scheduling/bulk', { schema: { body: bulkSchema } },
        (request, reply) => status(reply, 201, calls.scheduleMany(request.body.calls)));
    server.get('/api/v1/scheduling/stats', () => calls.stats());
    process.on('SIGTERM', () => process.exit(0));
    await server.listen({ host: '127.0.0.1', port: 0 });
    console.log(server.server.address().port);
}

function sample(number, at) {
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

async function add(calls, count, delayOf) {
    for (let first = 0; first < count; first += 4000) {
        const parts = [];
        for (let from = first; from < Math.min(first + 4000, count); from += 1000) {
            const jobs = [];
            for (let i = from; i < Math.min(from + 1000, count); i++) {
                const delay = delayOf(i);
                jobs.push({ name: 'call', data: sample(i, Date.now() + delay), opts: { ...OPTIONS, priority: 5, delay } });
            }
            parts.push(calls.queue.addBulk(jobs));
        }
        await Promise.all(parts);
    }
}

function work(port, count) {
    return new Promise((resolve) => {
        let done = 0;
        const began = process.hrtime.bigint();
        const worker = new Worker('calls', async () => undefined, { connection: { host: '127.0.0.1', port }, concurrency: 200 });
        worker.on('completed', () => {
            if (++done === count) {
                resolve(Number(process.hrtime.bigint() - began) / 1e9);
            }
        });
    });
}

async function main([what, port, count]) {
    const calls = new Calls(Number(port));
    if (what === 'serve') {
        await serve(calls);
    } else if (what === 'fill') {
        await add(calls, Number(count), (i) => 5 * DAY * MINUTE + ((i * 7919) % 864000) * 1000);
        process.exit(0);
    } else if (what === 'work') {
        await add(calls, Number(count), () => 0);
        console.log(JSON.stringify({ seconds: await work(Number(port), Number(count)) }));
        process.exit(0);
    }
}

main(process.argv.slice(2)).catch((error) => {
    console.error(error);
    process.exit(1);
});
