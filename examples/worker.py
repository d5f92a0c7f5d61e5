#!/usr/bin/env python3
"""An example claim worker in Python.

It consumes `claims.work`, handles each event once although messages may be repeated, and rejects
unreadable messages.

    python3 -m pip install pika
    WORKER_AMQP_URL=amqp://guest:guest@127.0.0.1:5672/%2f WORKER_DB=worker.db python3 examples/worker.py

The worker stores the facts of each claim. It writes the id of each handled event to the same
database, in the same transaction as the work: with the ids elsewhere, a crash between the two would
either repeat the work or lose it.
"""

import json
import os
import sqlite3
import sys
import time

import pika

URL = os.environ.get("WORKER_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2f")
QUEUE = os.environ.get("WORKER_QUEUE", "claims.work")
DB = os.environ.get("WORKER_DB", "worker.db")
PREFETCH = 50  # unacknowledged messages that the broker sends ahead
RETRY_WAIT_SECS = 1.0  # before the next connection, and before a message whose work failed is put back


class Unreadable(Exception):
    """The message is not an event, and goes to the dead letters."""


def log(text):
    print(f"worker: {text}", file=sys.stderr, flush=True)


def open_database():
    # SQLite flushes each commit to disk by default, so that an acknowledged event survives a power failure.
    db = sqlite3.connect(DB, isolation_level=None)
    db.execute("CREATE TABLE IF NOT EXISTS done (event_id TEXT PRIMARY KEY, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)")
    # The table has no unique key, so that an event handled twice would be visible.
    db.execute("CREATE TABLE IF NOT EXISTS facts (claim_id TEXT NOT NULL, sequence INTEGER NOT NULL, fact TEXT NOT NULL)")
    return db


def read(properties, body):
    # The parser's error quotes the body, which may hold personal data, and is not printed.
    try:
        event = json.loads(body)
        fact = (event["eventId"], event["claimId"], int(event["sequence"]), event["fact"])
    except (ValueError, KeyError, TypeError):
        raise Unreadable("the body is not an event") from None
    if properties.message_id != fact[0]:
        raise Unreadable("message id and event id differ")
    return fact


def work(db, properties, body):
    """Handles one message in one transaction. The caller acknowledges it after the commit."""
    event_id, claim_id, sequence, fact = read(properties, body)
    db.execute("BEGIN IMMEDIATE")
    try:
        if db.execute("INSERT OR IGNORE INTO done (event_id) VALUES (?)", (event_id,)).rowcount == 1:
            db.execute("INSERT INTO facts (claim_id, sequence, fact) VALUES (?, ?, ?)", (claim_id, sequence, fact))
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def consume(db):
    """Handles messages until the connection breaks."""
    connection = pika.BlockingConnection(pika.URLParameters(URL))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=PREFETCH)
    log(f"consuming {QUEUE}")
    # One message after the other, so that the events of a claim stay in order.
    for method, properties, body in channel.consume(QUEUE):
        try:
            work(db, properties, body)
        except Unreadable as why:
            log(f"given up: {why}")
            channel.basic_reject(method.delivery_tag, requeue=False)  # to the dead letters
        except sqlite3.Error as failure:
            log(f"put back: {failure}")
            connection.sleep(RETRY_WAIT_SECS)
            channel.basic_nack(method.delivery_tag, requeue=True)  # delivered again, at most 5 times
        else:
            channel.basic_ack(method.delivery_tag)


def main():
    db = open_database()
    # After a broken connection the broker delivers unacknowledged messages again, and the worker
    # recognises the events that it has handled.
    while True:
        try:
            consume(db)
        except (pika.exceptions.AMQPError, OSError) as failure:
            log(f"{type(failure).__name__} {failure}, trying again")
        time.sleep(RETRY_WAIT_SECS)


if __name__ == "__main__":
    main()
