/* Delayed jobs of BullMQ in Redis. A job here is { at, data, priority }: `at` in milliseconds since 1970. */
import { Queue, Worker } from 'bullmq';

const OPTIONS = { attempts: 3, backoff: { type: 'exponential', delay: 2000 } };
const RANKS = { high: 1, medium: 5, low: 10 };

export class BullMq {
    part = 500; // Faster than all at once; the price is that a bulk is not all or nothing.
    partsAtOnce = 4;

    constructor(place) {
        this.connection = place;
    }

    async open() {
        this.queue = new Queue('calls', { connection: this.connection });
        await this.queue.waitUntilReady();
    }

    options(job) {
        return { ...OPTIONS, delay: Math.max(0, job.at - Date.now()), priority: RANKS[job.priority] };
    }

    async add(job) {
        return (await this.queue.add('call', job.data, this.options(job))).id;
    }

    async addMany(jobs) {
        const added = await this.queue.addBulk(jobs.map((job) => ({ name: 'call', data: job.data, opts: this.options(job) })));
        return added.map((job) => job.id);
    }

    /* Runs what is due and calls ran(data) for each that is over. */
    async work(ran, isPaced) {
        const worker = new Worker('calls', async (job) => isPaced && ran(job.data), { connection: this.connection, concurrency: 200 });
        worker.on('completed', (job) => isPaced || ran(job.data));
        await worker.waitUntilReady();
    }
}
