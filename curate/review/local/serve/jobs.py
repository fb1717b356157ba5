"""The queue and its worker. Argilla hands jobs to Redis for another process to do; here both stand in the server's own."""

from __future__ import annotations

import logging
import threading

import fakeredis
import redis

SECONDS_BETWEEN_RETRIES = 5  # how late a job that is to be tried again may be


def embed_redis() -> None:
    """Every connection that Argilla makes from here on leads to one Redis in this process."""
    server = fakeredis.FakeServer()
    redis.from_url = lambda _url: fakeredis.FakeStrictRedis(server=server)


def start_worker() -> threading.Thread:
    """Do jobs in a thread of their own: a change of a dataset's settings recounts its records, for example."""
    thread = threading.Thread(target=_work, name="argilla-jobs", daemon=True)
    thread.start()
    return thread


def _work() -> None:
    from argilla_server.jobs.queues import DEFAULT_QUEUE, HIGH_QUEUE, REDIS_CONNECTION
    from rq.scheduler import RQScheduler
    from rq.timeouts import TimerDeathPenalty
    from rq.worker import SimpleWorker

    class ThreadWorker(SimpleWorker):
        """rq's own loop, without the signals that only a main thread may use."""

        death_penalty_class = TimerDeathPenalty

        def _install_signal_handlers(self) -> None:
            pass

    queues = [HIGH_QUEUE, DEFAULT_QUEUE]
    worker = ThreadWorker(queues, connection=REDIS_CONNECTION)
    worker.log_result_lifespan = False
    scheduler = RQScheduler(queues, connection=REDIS_CONNECTION)
    while True:
        try:
            scheduler.acquire_locks()
            scheduler.enqueue_scheduled_jobs()
            worker.work(max_idle_time=SECONDS_BETWEEN_RETRIES, logging_level="WARNING")
        except Exception:
            logging.getLogger(__name__).exception("the worker starts again")
