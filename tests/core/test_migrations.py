"""The history of the tables: one line, up and down, equal to the models, safe under competition."""

from __future__ import annotations

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.storage import Store, downgrade, is_current, metadata, upgrade
from drac_plugins.core.storage.upgrade import HISTORY


def test_the_history_is_one_line() -> None:
    history = ScriptDirectory(str(HISTORY))
    assert len(history.get_heads()) == 1
    assert len(history.get_bases()) == 1


def test_models_equal_the_migrated_tables(store: Store) -> None:
    with store.begin() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    assert differences == []


def test_the_store_knows_whether_it_is_current(empty_store: Store) -> None:
    assert not is_current(empty_store)
    upgrade(empty_store)
    assert is_current(empty_store)


def test_every_revision_goes_down_and_up_again(store: Store) -> None:
    revisions = [script.revision for script in ScriptDirectory(str(HISTORY)).walk_revisions()]
    for revision in [*revisions[1:], "base"]:
        downgrade(store, revision)
    assert inspect(store.engine).get_table_names() == ["alembic_version"]
    upgrade(store)
    assert is_current(store)


def test_upgrading_twice_changes_nothing(store: Store) -> None:
    tables = inspect(store.engine).get_table_names()
    upgrade(store)
    assert inspect(store.engine).get_table_names() == tables


def test_several_processes_may_upgrade_at_the_same_time(empty_store: Store) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        other = Store(empty_store.engine.url.render_as_string(hide_password=False))
        try:
            upgrade(other)
        except BaseException as error:
            failures.append(error)
        finally:
            other.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert is_current(empty_store)


def test_a_store_of_a_newer_release_is_left_alone(store: Store) -> None:
    with store.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="9999"):
        upgrade(store)
    assert not is_current(store)


def test_a_failed_migration_leaves_nothing_behind(empty_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ScriptDirectory(str(HISTORY)).get_base()
    assert first is not None

    def broken(connection: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("alembic.runtime.migration.MigrationContext._ensure_version_table", broken)
    with pytest.raises(RuntimeError):
        upgrade(empty_store)
    assert inspect(empty_store.engine).get_table_names() == []
