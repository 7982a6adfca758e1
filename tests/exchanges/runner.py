"""Carrying out the calls of cases against one server."""

from __future__ import annotations

import json
import re
import urllib.parse
from typing import Any

from tests.exchanges.answers import Answer, Ids, Meta, Reader
from tests.exchanges.contract import WSDL_TYPES, contract
from tests.exchanges.names import Labels, Namer
from tests.exchanges.wire import CaseError, Server

COMPARE = {"message", "also", "any_error", "status_only", "volatile", "drop", "tol", "ordered", "ids"}


class Runner:
    """Carries out the calls of cases against one server."""

    def __init__(self, server: Server, meta: Meta, users: dict[str, dict[str, str]], password: str) -> None:
        self.server, self.users, self.password = server, users, password
        self.reader, self.sessions = Reader(meta), {}
        self.labels = Labels(server, self.reader, self.session("root"))

    def session(self, user: str) -> str:
        if user not in self.sessions:
            who = self.users[user]
            credentials = {"username": who["username"], "password": self.password} if "username" in who else {}
            reply = self.reader.soap(self.server.soap("login", {"plugin": who["plugin"], "credentials": credentials}))
            if not reply.get("result"):
                raise CaseError(f"cannot log in as {user}: {reply}")
            self.sessions[user] = reply["result"][0]
        return self.sessions[user]

    def run(self, case: dict[str, Any]) -> list[Answer]:
        self.names, self.saved, self.made = Namer(self.labels), {}, []
        try:
            return [self.step(step, case.get("user", "root")) for step in case["steps"]]
        finally:
            for bean in reversed(self.made):
                self.server.soap("delete", {"sessionId": self.session("root"), "bean": bean})

    def step(self, step: dict[str, Any], user: str) -> Answer:
        self.user = step.get("user", user)
        call = self.fill({key: value for key, value in step.items() if key not in COMPARE})
        ids = [step["ids"]] if isinstance(step.get("ids"), str) else step.get("ids", [])
        if "wsdl" in call:
            types = WSDL_TYPES | self.reader.by_wsdl.keys()
            return {"status": 200, "result": contract(self.server, call["wsdl"], types)}
        if "soap" in call:
            answer = self.soap_step(call, ids)
        elif "envelope" in call:
            answer = self.reader.soap(self.server.post_xml(call["envelope"].encode(), call.get("headers")), ids)
        else:
            answer = self.rest_step(call, ids)
        if "result" in answer and "save" in step:
            self.save(step["save"], answer["result"])
        return self.tidy(answer, step)

    def tidy(self, answer: Answer, step: dict[str, Any]) -> Answer:
        if step.get("volatile") and "result" in answer:
            return {"status": answer["status"], "result": kinds(answer["result"])}
        if "drop" in step:
            answer = without(answer, step["drop"])
        text = json.dumps([step.get("query"), step.get("params")])
        ordered = step.get(
            "ordered", bool(re.search(r"ORDER BY", text, re.IGNORECASE)) or "create" in str(step.get("soap"))
        )
        if "fault" in answer:
            answer["fault"]["message"] = self.names.message(answer["fault"]["message"])
        return self.names.apply(self.names.sort(answer, ordered))

    def soap_step(self, call: dict[str, Any], ids: Ids) -> Answer:
        arguments = dict(call)
        arguments.setdefault("sessionId", self.session(self.user))
        operation = call["soap"]
        answer = self.reader.soap(self.server.soap(operation, arguments), ids)
        if operation in ("create", "createMany") and "result" in answer:
            beans = [call["bean"]] if operation == "create" else call.get("beans", [])
            answer["result"] = [
                self.made_one(next(iter(bean)), ident) for bean, ident in zip(beans, answer["result"], strict=False)
            ]
        if operation == "login" and "result" in answer:
            self.saved["session"] = answer["result"][0]
            answer["result"] = ["<session>" if text else "" for text in answer["result"]]
        return answer

    def made_one(self, entity: str, ident: Any) -> list[Any]:
        self.made.append({entity: {"id": int(float(ident))}})
        return ["@id", entity, int(float(ident))]

    def rest_step(self, call: dict[str, Any], ids: Ids) -> Answer:
        method, path = call["rest"].split(" ", 1)
        as_text = {
            part: {
                key: json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value
                for key, value in call.get(part, {}).items()
            }
            for part in ("params", "form")
        }
        files = None
        if "multipart" in call:
            parts = call["multipart"]
            files = [("json", (None, json.dumps(parts["json"]))), ("file", ("icat.port", parts["file"].encode()))]
        url = self.server.rest_url + "/" + urllib.parse.quote(path, safe="/%?=&")
        reply = self.server.send(
            method,
            url,
            params=as_text["params"],
            data=as_text["form"] or None,
            files=files,
            headers=call.get("headers"),
        )
        answer = self.reader.rest(reply, ids)
        return self.note_rest(method, path, call, answer)

    def note_rest(self, method: str, path: str, call: dict[str, Any], answer: Answer) -> Answer:
        result = answer.get("result")
        if method == "POST" and path == "entityManager" and isinstance(result, list):
            given = call["form"]["entities"]
            given = given if isinstance(given, list) else [given]
            created = [next(iter(bean)) for bean in given if "id" not in next(iter(bean.values()))]
            answer["result"] = [self.made_one(*pair) for pair in zip(created, result, strict=False)] + result[
                len(created) :
            ]
        if path == "cloner" and isinstance(result, dict) and "id" in result:
            answer["result"] = {"id": self.made_one(call["form"]["name"], result["id"])}
        if path == "session" and isinstance(result, dict) and result.get("sessionId"):
            self.saved["session"] = result["sessionId"]
            answer["result"] = {"sessionId": "<session>"}
        if isinstance(result, dict) and "remainingMinutes" in result:
            result["remainingMinutes"] = "<minutes>" if isinstance(result["remainingMinutes"], float) else "?"
        return answer

    def save(self, name: str | list[str], result: Any) -> None:
        first = result[0] if isinstance(result, list) and result else result
        if name == "session":
            return
        values = result if isinstance(name, list) else [first]
        for key, value in zip(name if isinstance(name, list) else [name], values, strict=False):
            while isinstance(value, dict):
                value = next(iter(value.values())) if "id" not in value else value["id"]
            self.saved[key] = value[2] if isinstance(value, list) else value

    def fill(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if not isinstance(value, str):
            return value
        whole = re.fullmatch(r"\$\{([^}]*)\}", value)
        if whole:
            return self.reference(whole[1])
        return re.sub(r"\$\{([^}]*)\}", lambda found: str(self.reference(found[1])), value)

    def reference(self, text: str) -> Any:
        if text == "session":
            return self.session(self.user)
        if text == "new session":
            return self.saved["session"]
        if text in self.saved:
            return self.saved[text]
        entity, _, label = text.partition(" ")
        if not label:
            raise CaseError(f"nothing saved as {text}")
        return self.labels.find(entity, label)


def without(value: Any, names: list[str]) -> Any:
    """An answer without members that every server may fill as it likes."""
    if isinstance(value, dict):
        return {key: without(item, names) for key, item in value.items() if key not in names}
    return [without(item, names) for item in value] if isinstance(value, list) else value


def kinds(value: Any) -> Any:
    """Only the shape of an answer whose values are free."""
    if isinstance(value, list):
        return sorted({json.dumps(kinds(item), sort_keys=True) for item in value})
    if isinstance(value, dict):
        return {key: kinds(item) for key, item in value.items()}
    return type(value).__name__
