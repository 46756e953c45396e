/* Deferred jobs of pg-boss in PostgreSQL. A job here is { at, data, priority }: `at` in milliseconds since 1970. */
import { PgBoss } from 'pg-boss';

const QUEUE = 'calls';
const RANKS = { high: 10, medium: 5, low: 1 };

export class Boss {
    part = 1000;
    partsAtOnce = 4;

    constructor(place) {
        this.place = place;
    }

    async open() {
        this.boss = new PgBoss({ ...this.place, max: 16 });
        this.boss.on('error', (error) => console.error(error.message));
        await this.boss.start();
        if (await this.boss.getQueue(QUEUE) === null) {
            await this.boss.createQueue(QUEUE, { retryLimit: 3, retryDelay: 2, retryBackoff: true });
        }
    }

    options(job) {
        return { startAfter: new Date(job.at), priority: RANKS[job.priority] };
    }

    async add(job) {
        return await this.boss.send(QUEUE, job.data, this.options(job));
    }

    async addMany(jobs) {
        return await this.boss.insert(QUEUE, jobs.map((job) => ({ data: job.data, ...this.options(job) })), { returnId: true });
    }

    /* Paced: as its workers poll, at the shortest interval that it allows. Otherwise two that fetch and complete 500 at a time
     * without a pause, which is faster. */
    async work(ran, isPaced) {
        if (isPaced) {
            const options = { batchSize: 500, localConcurrency: 2, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true };
            await this.boss.work(QUEUE, options, async (jobs) => jobs.forEach((job) => ran(job.data)));
            return;
        }
        for (let i = 0; i < 2; i++) {
            this.drain(ran);
        }
    }

    async drain(ran) {
        for (;;) {
            const jobs = await this.boss.fetch(QUEUE, { batchSize: 500 });
            if (jobs.length === 0) {
                return;
            }
            await this.boss.complete(QUEUE, jobs.map((job) => job.id));
            jobs.forEach((job) => ran(job.data));
        }
    }
}
