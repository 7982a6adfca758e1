"""The SOAP contract: operations with their parameters, from which dispatch, WSDL and schema are made."""

from __future__ import annotations

from dataclasses import dataclass

NAMESPACE = "http://icatproject.org"


@dataclass(frozen=True, slots=True)
class Part:
    """An element of a request or reply: XML type (`xs:` or `tns:`), and how often it occurs. A `required` part has
    minOccurs 1."""

    name: str
    type: str
    required: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    parameters: tuple[Part, ...] = ()
    result: Part | None = None
    faults: bool = True


SESSION = Part("sessionId", "xs:string")
BEAN = Part("bean", "tns:entityBaseBean")
BEANS = Part("beans", "tns:entityBaseBean", many=True)
QUERY = Part("query", "xs:string")
CREDENTIALS = Part("credentials", "")
"""The one parameter whose type is written inside the request's own type; clients look for it by this name."""

DUMMY_TYPES = (
    "datafile",
    "datafileFormat",
    "datafileParameter",
    "dataset",
    "datasetParameter",
    "datasetType",
    "facility",
    "facilityCycle",
    "instrumentScientist",
    "user",
    "instrument",
    "investigation",
    "investigationType",
    "investigationUser",
    "keyword",
    "parameterType",
    "publication",
    "relatedDatafile",
    "sample",
    "sampleParameter",
    "shift",
    "study",
    "studyInvestigation",
    "studyStatus",
    "application",
    "job",
    "dataCollection",
    "dataCollectionParameter",
    "dataCollectionDataset",
    "dataCollectionDatafile",
    "grouping",
    "userGroup",
    "publicStep",
    "fieldSet",
)


def _returns(type_: str, *, required: bool = False, many: bool = False) -> Part:
    return Part("return", type_, required, many)


OPERATIONS: tuple[Operation, ...] = (
    Operation("login", (Part("plugin", "xs:string"), CREDENTIALS), _returns("xs:string")),
    Operation("logout", (SESSION,)),
    Operation("refresh", (SESSION,)),
    Operation("getUserName", (SESSION,), _returns("xs:string")),
    Operation("getRemainingMinutes", (SESSION,), _returns("xs:double", required=True)),
    Operation("getApiVersion", (), _returns("xs:string")),
    Operation("getVersion", (), _returns("xs:string")),
    Operation("getAuthenticatorInfo", (), _returns("tns:authenticatorInfo", many=True)),
    Operation("getEntityNames", (), _returns("xs:string", many=True)),
    Operation("getEntityInfo", (Part("beanName", "xs:string"),), _returns("tns:entityInfo")),
    Operation("getProperties", (SESSION,), _returns("xs:string", many=True)),
    Operation("create", (SESSION, BEAN), _returns("xs:long", required=True)),
    Operation("createMany", (SESSION, BEANS), _returns("xs:long", many=True)),
    Operation("update", (SESSION, BEAN)),
    Operation("delete", (SESSION, BEAN)),
    Operation("deleteMany", (SESSION, BEANS)),
    Operation("get", (SESSION, QUERY, Part("primaryKey", "xs:long", required=True)), _returns("tns:entityBaseBean")),
    Operation("search", (SESSION, QUERY), _returns("xs:anyType", many=True)),
    Operation(
        "isAccessAllowed",
        (SESSION, BEAN, Part("accessType", "tns:accessType")),
        _returns("xs:boolean", required=True),
    ),
    Operation("dummy", tuple(Part(f"arg{n}", f"tns:{t}") for n, t in enumerate(DUMMY_TYPES)), faults=False),
)
