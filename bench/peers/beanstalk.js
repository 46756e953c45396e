/* Delayed jobs of beanstalkd, over its text protocol. A job here is { at, data, priority }: `at` in milliseconds since 1970.
 *
 * beanstalkd's delay is in whole seconds and relative, so a job is due up to a second late; where lateness is measured, the
 * caller puts jobs at such times that whole seconds are right. It neither retries by itself nor cancels by name. */
import net from 'node:net';

const RANKS = { high: 1, medium: 5, low: 10 };
const TIME_TO_RUN = 60;
const WORKERS = 16;

class Connection {
    constructor(place) {
        this.waiting = [];
        this.rest = Buffer.alloc(0);
        this.socket = net.connect({ ...place, noDelay: true });
        this.socket.on('data', (bytes) => this.take(bytes));
        this.socket.on('error', (error) => { throw error; });
        this.queued = [];
    }

    /* What is asked in one turn of the event loop leaves in one write; answers come in the order of the questions. */
    ask(text) {
        if (this.queued.length === 0) {
            setImmediate(() => this.flush());
        }
        this.queued.push(text);
        return new Promise((resolve) => this.waiting.push(resolve));
    }

    flush() {
        const text = this.queued.join('');
        this.queued = [];
        this.socket.write(text);
    }

    take(bytes) {
        const all = this.rest.length > 0 ? Buffer.concat([this.rest, bytes]) : bytes;
        let at = 0;
        for (;;) {
            const end = all.indexOf('\r\n', at);
            if (end < 0) {
                break;
            }
            const words = all.latin1Slice(at, end).split(' ');
            const hasBody = words[0] === 'RESERVED' || words[0] === 'OK';
            const next = end + 2 + (hasBody ? Number(words[words.length - 1]) + 2 : 0);
            if (next > all.length) {
                break;
            }
            this.waiting.shift()({ words, body: hasBody ? all.utf8Slice(end + 2, next - 2) : '' });
            at = next;
        }
        this.rest = all.subarray(at);
    }
}

export class Beanstalk {
    part = 64;
    partsAtOnce = 4;

    constructor(place) {
        this.place = place;
    }

    async open() {
        this.connection = new Connection(this.place);
    }

    put(job) {
        const body = JSON.stringify(job.data);
        const delay = Math.max(0, Math.ceil((job.at - Date.now()) / 1000));
        return this.connection.ask(`put ${RANKS[job.priority]} ${delay} ${TIME_TO_RUN} ${Buffer.byteLength(body)}\r\n${body}\r\n`);
    }

    async add(job) {
        const { words } = await this.put(job);
        if (words[0] !== 'INSERTED') {
            throw new Error(`beanstalkd says ${words.join(' ')}`);
        }
        return words[1];
    }

    async addMany(jobs) {
        return await Promise.all(jobs.map((job) => this.add(job)));
    }

    /* Paced: the job is told as it comes; otherwise once its removal is answered. */
    async work(ran, isPaced) {
        for (let i = 0; i < WORKERS; i++) {
            this.reserve(new Connection(this.place), ran, isPaced);
        }
    }

    async reserve(connection, ran, isPaced) {
        for (;;) {
            const { words, body } = await connection.ask('reserve\r\n');
            const data = JSON.parse(body);
            if (isPaced) {
                ran(data);
            }
            await connection.ask(`delete ${words[1]}\r\n`);
            if (!isPaced) {
                ran(data);
            }
        }
    }
}
