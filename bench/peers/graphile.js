/* Jobs of Graphile Worker in PostgreSQL. A job here is { at, data, priority }: `at` in milliseconds since 1970. */
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';

const RANKS = { high: 1, medium: 5, low: 10 };
const LOCAL_QUEUE = 500;
const POLL_MS = 100;
const silent = new Logger(() => () => undefined);

export class Graphile {
    part = 1000;
    partsAtOnce = 4;

    constructor(place) {
        this.place = place;
    }

    async open() {
        this.pool = new pg.Pool({ ...this.place, max: 16 });
        this.utils = await makeWorkerUtils({ pgPool: this.pool, logger: silent });
        await this.utils.migrate();
    }

    spec(job) {
        return { runAt: new Date(job.at), maxAttempts: 3, priority: RANKS[job.priority] };
    }

    async add(job) {
        return String((await this.utils.addJob('call', job.data, this.spec(job))).id);
    }

    async addMany(jobs) {
        const added = await this.utils.addJobs(jobs.map((job) => ({ identifier: 'call', payload: job.data, ...this.spec(job) })));
        return added.map((job) => String(job.id));
    }

    async work(ran, isPaced) {
        const runner = await run({
            pgPool: this.pool,
            logger: silent,
            noHandleSignals: true,
            concurrency: 24,
            pollInterval: POLL_MS,
            taskList: { call: (data) => { if (isPaced) { ran(data); } } },
            preset: { worker: { localQueue: { size: LOCAL_QUEUE }, completeJobBatchDelay: 0 } },
        });
        if (!isPaced) {
            runner.events.on('job:complete', ({ job }) => ran(job.payload));
        }
    }
}
