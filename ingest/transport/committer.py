"""Collects what all connections have received and keeps it in batches: one transaction for many messages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from drac_plugins.core.inbox import Incoming
from ingest.transport.keeper import Keeper, Stopped

log = logging.getLogger(__name__)

BATCH_MESSAGES = 200
BATCH_BYTES = 16 * 1024 * 1024


class NotKept(Exception):
    """The store refused this message for a reason of its own; the sender still has it."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    message: Incoming
    kept: asyncio.Future[None]

    def fail(self, error: Exception) -> None:
        if not self.kept.done():
            self.kept.set_exception(error)

    def succeed(self) -> None:
        if not self.kept.done():
            self.kept.set_result(None)


class Committer:
    """Belongs to one event loop. `keep` waits when too much is on its way already, so senders are slowed down."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(BATCH_MESSAGES)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="inbox")

    async def keep(self, message: Incoming) -> asyncio.Future[None]:
        """A future that is done when the message is on disk; it raises NotKept, or Stopped when the ingester stops."""
        waiting = _Waiting(message, asyncio.get_running_loop().create_future())
        await self._queue.put(waiting)
        return waiting.kept

    async def run(self) -> None:
        try:
            while True:
                await self._commit(self._batch(await self._queue.get()))
        finally:
            self._executor.shutdown(wait=False)

    def _batch(self, first: _Waiting) -> list[_Waiting]:
        batch, size = [first], len(first.message.body)
        while len(batch) < BATCH_MESSAGES and size < BATCH_BYTES and not self._queue.empty():
            following = self._queue.get_nowait()
            batch.append(following)
            size += len(following.message.body)
        return batch

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        messages = [waiting.message for waiting in batch]
        try:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._keeper.keep, messages)
        except Stopped as stopped:
            for waiting in batch:
                waiting.fail(stopped)
        except Exception as error:
            await self._commit_each(batch, error)
        else:
            for waiting in batch:
                waiting.succeed()

    async def _commit_each(self, batch: Sequence[_Waiting], error: Exception) -> None:
        """One message of the batch upset the store: it alone must not be kept, and the door must stay open, whatever
        the fault is."""
        if len(batch) > 1:
            for waiting in batch:
                await self._commit([waiting])
            return
        log.error("A message from %s cannot be kept: %s", batch[0].message.source, error, exc_info=error)
        batch[0].fail(NotKept(f"{type(error).__name__}: send it again, or ask the operator of the ingester"))
