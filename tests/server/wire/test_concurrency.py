"""Many callers at the same time: nothing is lost, nothing is half done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.server.wire.conftest import Facility
from tests.server.wire.raw import RestCalls

WRITERS = 6
ROUNDS = 10


def test_concurrent_writers_lose_nothing_and_readers_see_whole_transactions(
    rest: RestCalls, facility: Facility
) -> None:
    where = f"FROM Datafile f WHERE f.dataset.investigation.id = {facility.investigation}"

    def write(writer: int) -> list[int]:
        statuses = []
        for number in range(ROUNDS):
            clash = number % 5 == 4  # every fifth call holds a duplicate and must leave nothing behind
            datafiles = [{"name": f"f{n}"} for n in range(10)] + [{"name": "f0"}] * clash
            statuses.append(rest.post(facility.dataset(f"{writer}-{number}", datafiles=datafiles)).status_code)
        return statuses

    def read(_: int) -> list[int]:
        return [rest.search(f"SELECT COUNT(f) {where}")[0] for _ in range(20)]

    with ThreadPoolExecutor(WRITERS + 2) as pool:
        written = [pool.submit(write, w) for w in range(WRITERS)]
        seen = [pool.submit(read, r) for r in range(2)]
    statuses = [status for future in written for status in future.result()]
    good = statuses.count(200)
    assert sorted(set(statuses)) == [200, 412]
    assert good == WRITERS * ROUNDS * 4 // 5
    assert rest.search(f"SELECT COUNT(f) {where}") == [good * 10]
    for future in seen:
        counts = future.result()
        assert counts == sorted(counts)
        assert all(count % 10 == 0 for count in counts)


def test_of_two_who_create_the_same_one_is_refused(rest: RestCalls, facility: Facility) -> None:
    with ThreadPoolExecutor(2) as pool:
        for number in range(10):
            same = facility.dataset(f"same-{number}")
            statuses = list(pool.map(lambda entity: rest.post(entity).status_code, [same, same]))
            assert sorted(statuses) == [200, 412]
