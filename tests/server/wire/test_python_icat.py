"""The unmodified python-icat against the server (acceptance checklist of the protocol)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import icat
import pytest
from icat.query import Query

from icat_schema.definitions import schema
from tests.server.wire.conftest import Facility
from tests.support.catalogue import RunningCatalogue

ENTITIES = 52


def test_a_new_client_knows_version_and_all_entities(catalogue: RunningCatalogue) -> None:
    client = icat.Client(catalogue.url)
    assert str(client.apiversion) == "5.0.3"
    assert len(client.getEntityNames()) == ENTITIES
    classes = {c for c in client.typemap.values() if c is not None}
    assert len(classes) == ENTITIES + 2  # and the two abstract ones


def test_every_entity_can_be_instantiated(client: Any) -> None:
    for name in client.getEntityNames():
        assert client.new(name).BeanName == name


def test_entity_info_reports_all_fields_and_keys_in_order(client: Any) -> None:
    infos = {name: client.getEntityInfo(name) for name in client.getEntityNames()}
    assert sum(len(info.fields) for info in infos.values()) == 577
    for name, entity in schema().entities.items():
        reported = infos[name].constraints[0].fieldNames if hasattr(infos[name], "constraints") else []
        assert tuple(reported) == entity.unique_key


def test_login_tells_the_user_name_and_the_remaining_time(catalogue: RunningCatalogue) -> None:
    client = icat.Client(catalogue.url)
    session_id = client.login("simple", {"username": "ada", "password": "ada"})
    assert client.sessionId == session_id
    assert client.getUserName() == "simple/ada"
    assert 119 < client.getRemainingMinutes() <= 120
    client.refresh()
    client.logout()
    client.sessionId = session_id
    with pytest.raises(icat.ICATSessionError):
        client.getUserName()
    client.logout()  # the client keeps the fault to itself


def test_authenticators_are_described(catalogue: RunningCatalogue) -> None:
    info = {a.mnemonic: a for a in icat.Client(catalogue.url).getAuthenticatorInfo()}
    assert set(info) == {"simple", "db", "anon"}
    assert [(k.name, k.hide) for k in info["simple"].keys] == [("username", False), ("password", True)]
    assert not hasattr(info["anon"], "keys")


def test_anon_needs_no_credentials(catalogue: RunningCatalogue) -> None:
    client = icat.Client(catalogue.url)
    client.login("anon", {})
    assert client.getUserName() == "anon/anon"


def _tree(client: Any, facility: Facility) -> Any:
    """An Investigation of four levels that is not stored yet."""
    type_ = client.new("parameterType", id=facility.text_type)
    dataset = client.new("dataset", name="d", complete=True, type=client.new("datasetType", id=facility.dataset_type))
    datafile = client.new("datafile", name="f", fileSize=10)
    datafile.parameters.append(client.new("datafileParameter", type=type_, stringValue="äöü <&>"))
    dataset.datafiles.append(datafile)
    dataset.parameters.append(client.new("datasetParameter", type=type_, stringValue="v"))
    investigation = client.new("investigation", name="tree", visitId="1", title="T")
    investigation.facility = client.new("facility", id=facility.id)
    investigation.type = client.new("investigationType", id=facility.investigation_type)
    investigation.startDate = datetime(2020, 6, 1, 8, 0, tzinfo=UTC)
    investigation.datasets.append(dataset)
    return investigation


def test_a_tree_of_four_levels_is_created_read_updated_and_deleted(client: Any, facility: Facility) -> None:
    investigation = _tree(client, facility)
    investigation.create()
    found = client.get(
        "Investigation i INCLUDE i.datasets AS ds, ds.parameters, ds.datafiles AS df, df.parameters AS p, p.type",
        investigation.id,
    )
    assert found.startDate == datetime(2020, 6, 1, 8, 0, tzinfo=UTC)
    datafile = found.datasets[0].datafiles[0]
    assert (datafile.name, datafile.fileSize) == ("f", 10)
    assert datafile.parameters[0].stringValue == "äöü <&>"
    assert datafile.parameters[0].type.id == facility.text_type

    single = client.get("Investigation INCLUDE 1", investigation.id)
    single.summary = "changed"
    single.update()
    assert client.get("Investigation", investigation.id).summary == "changed"

    client.delete(single)
    assert client.search(f"SELECT COUNT(p) FROM DatafileParameter p WHERE p.type.id = {facility.text_type}") == [0]
    with pytest.raises(icat.ICATNoObjectError):
        client.get("Investigation", investigation.id)


def test_a_query_by_parameter_type_with_includes_and_order(client: Any, facility: Facility) -> None:
    """The query of the acceptance list, as icat.query builds it."""
    definition = client.new("parameterType", name="definition", units="NA", valueType="STRING")
    definition.applicableToDataset = True
    definition.facility = client.new("facility", id=facility.id)
    definition.create()
    for name, day in (("late", 2), ("early", 1)):
        dataset = client.new("dataset", name=name, startDate=datetime(2024, 5, day, tzinfo=UTC))
        dataset.investigation = client.new("investigation", id=facility.investigation)
        dataset.type = client.new("datasetType", id=facility.dataset_type)
        dataset.parameters.append(client.new("datasetParameter", type=definition, stringValue="MX"))
        dataset.create()
    query = Query(
        client,
        "Dataset",
        conditions={"parameters.type.name": "= 'definition'", "investigation.id": f"= {facility.investigation}"},
        includes={"investigation.facility", "sample", "parameters.type"},
        order=["startDate"],
    )
    found = client.search(query)
    assert [ds.name for ds in found] == ["early", "late"]
    assert found[0].investigation.facility.name == facility.name
    assert found[0].sample is None
    assert found[0].parameters[0].type.name == "definition"


def test_rows_keep_the_types_of_their_columns(client: Any, facility: Facility) -> None:
    query = (
        "SELECT t.name, t.id, t.minimumNumericValue, t.enforced, t.valueType FROM ParameterType t "
        f"WHERE t.id = {facility.number_type}"
    )
    assert client.search(query) == [("number", facility.number_type, 0.0, True, "NUMERIC")]


def test_many_objects_at_once_and_an_empty_list(client: Any, facility: Facility) -> None:
    investigation = client.new("investigation", id=facility.investigation)
    keywords = [client.new("keyword", name=f"k{n}", investigation=investigation) for n in range(5)]
    ids = client.createMany(keywords)
    assert len(set(ids)) == 5
    client.deleteMany([client.new("keyword", id=i) for i in ids])
    assert client.search(f"SELECT COUNT(k) FROM Keyword k WHERE k.investigation.id = {facility.investigation}") == [0]
    assert client.createMany([]) == []
    client.deleteMany([])


def test_the_offset_tells_which_object_of_many_is_wrong(client: Any, facility: Facility) -> None:
    investigation = client.new("investigation", id=facility.investigation)
    missing = client.new("investigation", id=-11)
    owners = [investigation, missing, investigation, missing]
    keywords = [client.new("keyword", name=f"k{n}", investigation=owner) for n, owner in enumerate(owners)]
    with pytest.raises(icat.ICATError) as caught:
        client.createMany(keywords)
    assert caught.value.offset == 1
    assert client.search(f"SELECT COUNT(k) FROM Keyword k WHERE k.investigation.id = {facility.investigation}") == [0]


def test_a_duplicate_is_an_icat_object_exists_error(client: Any, facility: Facility) -> None:
    with pytest.raises(icat.ICATObjectExistsError, match=f"Facility exists with name = '{facility.name}'"):
        client.new("facility", name=facility.name).create()


def test_an_unknown_entity_is_named_in_the_fault_with_all_its_letters(client: Any) -> None:
    with pytest.raises(icat.ICATParameterError, match="Schlüsselwort is not an ICAT entity"):
        client.getEntityInfo("Schlüsselwort")


def test_access_allowed_is_decided_by_rules(catalogue: RunningCatalogue, client: Any, facility: Facility) -> None:
    stored = client.get("Facility", facility.id)
    assert client.isAccessAllowed(stored, "DELETE") is True
    stranger = catalogue.client("dee")
    assert stranger.isAccessAllowed(stored, "DELETE") is False
    fresh = stranger.new("facility", name=f"{facility.name}-2")
    assert stranger.isAccessAllowed(fresh, "CREATE") is False
    assert client.isAccessAllowed(client.new("facility", name=f"{facility.name}-2"), "CREATE") is True
    assert client.search(f"SELECT COUNT(f) FROM Facility f WHERE f.name = '{facility.name}-2'") == [0]


def test_properties_are_for_root_users(catalogue: RunningCatalogue, client: Any) -> None:
    assert "maxEntities 10000" in client.getProperties()
    with pytest.raises(icat.ICATPrivilegesError, match="user must be in rootUserNames"):
        catalogue.client("ada").getProperties()


def test_paging_is_stable_without_order(client: Any, facility: Facility) -> None:
    investigation = client.new("investigation", id=facility.investigation)
    client.createMany([client.new("keyword", name=f"p{n}", investigation=investigation) for n in range(25)])
    query = f"SELECT k FROM Keyword k WHERE k.investigation.id = {facility.investigation}"
    paged = [k.id for k in client.searchChunked(query, chunksize=4)]
    assert paged == [k.id for k in client.search(query)]
    assert len(paged) == 25
