/* What script/bench asks of a peer:
 *
 *   node peer.js QUEUE COMMAND ARGUMENTS…        QUEUE is bullmq, pgboss, graphile or beanstalk
 *
 *   serve                     the HTTP API of calls.js on a free loopback port, which it prints; AGENTS names the agents
 *   single SECONDS FLIGHTS    adds calls by the API for one, FLIGHTS at a time
 *   bulk SECONDS              adds calls by the API for many, as many at a time as is best for it
 *   fill COUNT                the same until there are COUNT; all of these are due in some days
 *   work COUNT                adds COUNT calls that are due, then runs them with a worker that has nothing to do
 *   late COUNT SPAN           COUNT calls that are due over SPAN seconds (0: at one instant) and run by a worker: how late each is
 *
 * All but `serve` print one line of JSON. The place is in PEER_HOST (a folder with a socket, for PostgreSQL) and PEER_PORT. */
import { sample, serve } from './calls.js';

const LEAD_MS = 6000;
const DAYS_MS = 5 * 86400000;
const WINDOWS = 10;
const SPAN_DELAY = 3; // Seconds.

async function queueOf(name) {
    const place = { host: process.env.PEER_HOST ?? '127.0.0.1', port: Number(process.env.PEER_PORT) };
    const database = { ...place, user: 'bench', database: 'bench' };
    switch (name) {
        case 'bullmq': return new (await import('./bullmq.js')).BullMq(place);
        case 'pgboss': return new (await import('./pgboss.js')).Boss(database);
        case 'graphile': return new (await import('./graphile.js')).Graphile(database);
        case 'beanstalk': return new (await import('./beanstalk.js')).Beanstalk(place);
        default: throw new Error(`what is ${name}?`);
    }
}

const seconds = (from) => Number(process.hrtime.bigint() - from) / 1e9;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function callAt(number, at) {
    return { at, data: sample(number, at), priority: 'medium' };
}

const someDay = (number) => callAt(number, Date.now() + DAYS_MS + ((number * 7919) % 864000) * 1000);

/* `flights` loops, each of which adds parts of `size` calls until next() gives no more numbers. */
async function add(queue, flights, size, next, make) {
    const began = process.hrtime.bigint();
    let rows = 0;
    const loop = async () => {
        for (;;) {
            const first = next(size);
            if (first < 0) {
                return;
            }
            const jobs = Array.from({ length: size }, (_, i) => make(first + i));
            await (size === 1 ? queue.add(jobs[0]) : queue.addMany(jobs));
            rows += size;
        }
    };
    await Promise.all(Array.from({ length: flights }, loop));
    return { rows, seconds: seconds(began) };
}

function untilTime(forSeconds) {
    const end = Date.now() + forSeconds * 1000;
    let number = 0;
    return (size) => (Date.now() < end ? (number += size) - size : -1);
}

function untilCount(count) {
    let number = 0;
    return (size) => (number < count ? (number += size) - size : -1);
}

/* Parts that divide the count. */
function partOf(queue, count) {
    let size = Math.min(queue.part, count);
    while (count % size !== 0) {
        size--;
    }
    return size;
}

const addCount = (queue, count, make) => add(queue, queue.partsAtOnce, partOf(queue, count), untilCount(count), make);

async function work(queue, count) {
    await addCount(queue, count, (number) => callAt(number, Date.now()));
    return await new Promise((resolve, reject) => {
        let done = 0;
        const began = process.hrtime.bigint();
        const ran = () => { if (++done === count) { resolve({ rows: count, seconds: seconds(began) }); } };
        queue.work(ran, false).catch(reject);
    });
}

function told(lateness) {
    lateness.sort((a, b) => a - b);
    const at = (part) => lateness[Math.min(lateness.length - 1, Math.floor(lateness.length * part))];
    return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: lateness[lateness.length - 1], rows: lateness.length };
}

const now = () => performance.timeOrigin + performance.now();

/* beanstalkd counts whole seconds from the put, so a call is put a whole number of seconds before it is due: over a span at the
 * calls' own pace, for one instant in windows that are a second apart and whose delays end together. What counts is the end of
 * the delay of each put. */
async function addInSeconds(queue, count, span) {
    const began = now();
    for (let i = 0; i < count; i++) {
        const window = Math.floor(i * WINDOWS / count);
        const delay = span === 0 ? WINDOWS + SPAN_DELAY - window : SPAN_DELAY;
        const putAt = began + (span === 0 ? window : i * span / count) * 1000;
        if (putAt > now() + 1) {
            await pause(putAt - now());
        }
        const call = callAt(i, Date.now() + delay * 1000 - 500); // It is rounded up to the delay.
        call.data.due = now() + delay * 1000;
        const added = queue.add(call);
        if (span > 0 || i % 64 === 63) {
            await added;
        }
    }
}

async function late(queue, count, span) {
    const began = now();
    const lateness = [];
    const whole = new Promise((resolve, reject) => {
        const ran = (data) => {
            if (data.due < began) { return; } // The run before ended with its last call, before that was told to the queue.
            lateness.push(Math.max(0, now() - data.due));
            if (lateness.length === count) { resolve(); }
        };
        queue.work(ran, true).catch(reject);
    });
    if (queue.constructor.name === 'Beanstalk') {
        await addInSeconds(queue, count, span);
    } else {
        const first = Math.ceil((Date.now() + LEAD_MS + count / 2) / 1000) * 1000;
        await addCount(queue, count, (number) => {
            const due = Math.round(first + number * span * 1000 / count);
            const call = callAt(number, due);
            call.data.due = due;
            return call;
        });
        if (Date.now() > first) {
            throw new Error('adding the calls took longer than there was time');
        }
    }
    await whole;
    return told(lateness);
}

async function main([name, command, ...given]) {
    const queue = await queueOf(name);
    const [count, second] = given.map(Number);
    await queue.open();
    const commands = {
        single: () => add(queue, second, 1, untilTime(count), someDay),
        bulk: () => add(queue, queue.partsAtOnce, queue.part, untilTime(count), someDay),
        fill: () => addCount(queue, count, someDay),
        work: () => work(queue, count),
        late: () => late(queue, count, second),
    };
    if (command === 'serve') {
        await serve(queue, (process.env.AGENTS ?? '').split(','));
        return;
    }
    console.log(JSON.stringify(await commands[command]()));
    process.exit(0);
}

main(process.argv.slice(2)).catch((error) => {
    console.error(error);
    process.exit(1);
});
