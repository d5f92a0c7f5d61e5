#!/usr/bin/env python3
"""A claim worker to start from, in Python: consumes `claims.work`, takes each fact once whatever is repeated, gives up what it cannot read.

    python3 -m pip install pika
    WORKER_AMQP_URL=amqp://guest:guest@127.0.0.1:5672/%2f WORKER_DB=worker.db python3 examples/worker.py

Its work is to keep, for each claim, the facts told. The ids of the events done stand in the same database and are written in the same
transaction as the work: kept anywhere else, a crash between the two would either repeat the work or lose it.
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
PREFETCH = 50  # messages on the way to this worker that it has not acknowledged
PAUSE = 1.0  # seconds between two tries, of the broker and of a message whose work failed for now


class Poison(Exception):
    """Nobody will ever read this message."""


def say(text):
    print(f"worker: {text}", file=sys.stderr, flush=True)


def open_database():
    # SQLite flushes each commit to disk by default: what is acknowledged must outlive a power cut.
    db = sqlite3.connect(DB, isolation_level=None)
    db.execute("CREATE TABLE IF NOT EXISTS done (event_id TEXT PRIMARY KEY, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)")
    # Without a key of its own on purpose: a fact taken twice would show.
    db.execute("CREATE TABLE IF NOT EXISTS facts (claim_id TEXT NOT NULL, sequence INTEGER NOT NULL, fact TEXT NOT NULL)")
    return db


def read(properties, body):
    # The error of the parser is not shown: it quotes the body, and what is not ours may hold anything.
    try:
        event = json.loads(body)
        fact = (event["eventId"], event["claimId"], int(event["sequence"]), event["fact"])
    except (ValueError, KeyError, TypeError):
        raise Poison("the body is not an event") from None
    if properties.message_id != fact[0]:
        raise Poison("message id and event id differ")
    return fact


def work(db, properties, body):
    """One message: recognise it, do its work, commit. The acknowledgement comes after."""
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
    """Works until the line breaks."""
    connection = pika.BlockingConnection(pika.URLParameters(URL))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=PREFETCH)
    say(f"consuming {QUEUE}")
    # One after the other: the events of a claim stay in order.
    for method, properties, body in channel.consume(QUEUE):
        try:
            work(db, properties, body)
        except Poison as why:
            say(f"given up: {why}")
            channel.basic_reject(method.delivery_tag, requeue=False)  # to the dead letters, at once
        except sqlite3.Error as failure:
            say(f"put back: {failure}")
            connection.sleep(PAUSE)
            channel.basic_nack(method.delivery_tag, requeue=True)  # it may pass; comes again, at most 5 times
        else:
            channel.basic_ack(method.delivery_tag)


def main():
    db = open_database()
    # A line that breaks costs a pause: what was not acknowledged comes again, and is recognised.
    while True:
        try:
            consume(db)
        except (pika.exceptions.AMQPError, OSError) as failure:
            say(f"{type(failure).__name__} {failure}, trying again")
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
